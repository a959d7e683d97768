using Robustify.Kernels;
using Robustify.Native.Data.Sources;
using Robustify.Native.Evaluation.Reference;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Files;
using Robustify.Native.Models;

namespace Robustify.Native.Workflows.Benchmarks;

/// <summary>The clean images of a benchmark.</summary>
/// <param name="Source">All of them.</param>
/// <param name="Test">Which are measured.</param>
/// <param name="Listing">Of a folder by ImageNet's WordNet ids; null for any other data set.</param>
internal sealed record CleanImages(IImageSource Source, int[] Test, PictureListing? Listing)
{
    /// <summary>Files among them that are no pictures.</summary>
    public IReadOnlyList<string> PassedOver => Listing?.PassedOver ?? (Source as FolderSource)?.OtherFiles ?? [];

    /// <summary>Classes without images.</summary>
    public IReadOnlyList<string> Missing => Listing?.Missing ?? (Source as FolderSource)?.MissingClasses ?? [];

    /// <summary>Digest of the pictures by class and name; null for a data set without file names.</summary>
    public string? Key => Listing?.Key ?? (Source is FolderSource pictures ? PictureListing.KeyOf(pictures.Count, pictures.Label, pictures.PathOf) : null);

    /// <summary>Opens the data of a run: ImageNet's validation pictures by their WordNet ids, or any data set's test part.</summary>
    public static CleanImages Open(BenchmarkRunOptions options, IReadOnlyList<ModelSource> models, int? limit)
    {
        if (options.Data is { } folder && models[0].Model.Classes == ImageNetClasses.Count && WnidFolder(folder) is { } place)
        {
            if (options.HeldOutOfTest > 0)
                throw new RobustifyException($"{OneLine.Of(folder, 400)}: ImageNet's folders found, whose images cannot be held out of test; leave --held-out-of-test away");

            // By rank among the folders that happen to be there, a missing class would shift the labels of all behind it.
            var listing = PictureListing.Of(place, ClassNaming.Wnids());
            var pictures = new PictureSuite(place, listing, ImageNetClasses.Wnids);
            Require(models, ImageNetClasses.Count, folder);
            return new(pictures, Subset(pictures, limit, options.Seed), listing);
        }

        var data = OpenData(options, models[0].Model.Classes, limit);
        foreach (var model in models)
            data.RequireClasses(model.Model, model.Name);
        return new(data.TestSource, data.Test, null);
    }

    private static LabeledData OpenData(BenchmarkRunOptions options, int classes, int? limit)
    {
        try
        {
            return LabeledData.Open(options.Data, options.Seed, testLimit: limit, heldOut: options.HeldOutOfTest, heldOutFrom: DataPart.Test);
        }
        catch (RobustifyException refused) when (options.Data is not null && classes == ImageNetClasses.Count
            && NearbyFolder.Advice(options.Data, place => WnidFolder(place) is not null) is { Length: > 0 } advice)
        {
            throw new RobustifyException(refused.Message + advice, refused);
        }
    }

    /// <summary>Refuses a model of other classes.</summary>
    public static void Require(IReadOnlyList<ModelSource> models, int classes, string what)
    {
        foreach (var model in models)
        {
            if (model.Model.Classes != classes)
                throw new RobustifyException($"{OneLine.Of(what, 400)}: has {classes} classes, model '{model.Name}' {model.Model.Classes}; use a model of as many classes");
        }
    }

    /// <summary>All images, or a seeded share of each class.</summary>
    public static int[] Subset(IImageSource source, int? limit, ulong seed) =>
        limit is { } most ? DataSplit.Subset(source, most, seed) : [.. Enumerable.Range(0, source.Count)];

    private static string? WnidFolder(string folder) => new[] { folder, Path.Combine(folder, "val"), Path.Combine(folder, "test") }
        .FirstOrDefault(place => Directory.Exists(place) && PictureListing.Entries(place, directories: true).Any(d => ImageNetClasses.IsWnid(Path.GetFileName(d))));
}
