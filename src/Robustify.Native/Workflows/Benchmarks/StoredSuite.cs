using System.Globalization;
using Robustify.Kernels;
using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Jobs;
using Robustify.Native.Data.Sources;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.Metrics;
using Robustify.Native.Evaluation.Reference;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Files;
using Robustify.Native.Models;

namespace Robustify.Native.Workflows.Benchmarks;

/// <summary>Plans the passes of a stored -C set, one a corruption and severity.</summary>
internal sealed class StoredSuite
{
    private readonly BenchmarkPlan plan;
    private readonly BenchmarkRunOptions options;
    private readonly BenchmarkSuite suite;
    private readonly int classes;
    private readonly InputGeometry geometry;
    private readonly int? limit;
    private readonly CleanImages? clean;
    private readonly List<string> passedOver = [];

    private StoredSuite(
        BenchmarkPlan plan, BenchmarkRunOptions options, BenchmarkSuite suite, IReadOnlyList<ModelSource> models, InputGeometry geometry, int? limit,
        CleanImages? clean)
    {
        (this.plan, this.options, this.suite, this.geometry, this.limit, this.clean) = (plan, options, suite, geometry, limit, clean);
        classes = models[0].Model.Classes;
        CleanImages.Require(models, ExpectedClasses, suite.Folder!);
    }

    private int ExpectedClasses => suite.Name switch
    {
        SuiteNames.ImageNetC => ImageNetClasses.Count,
        SuiteNames.TinyImageNetC => 200,
        SuiteNames.Cifar10C => 10,
        SuiteNames.Cifar100C => 100,
        _ => classes,
    };

    // Named one by one, only those are wanted; else whatever the set holds.
    private string[]? Wanted => options.Corruptions.Select(c => c.Name).SequenceEqual(CorruptionCatalog.All.Select(c => c.Name)) ? null : [.. options.Corruptions.Select(c => c.Name)];

    /// <summary>Adds a set's passes to the plan.</summary>
    public static void AddTo(
        BenchmarkPlan plan, BenchmarkRunOptions options, BenchmarkSuite suite, IReadOnlyList<ModelSource> models, InputGeometry geometry, int? limit,
        CleanImages? clean)
    {
        var stored = new StoredSuite(plan, options, suite, models, geometry, limit, clean);
        int before = plan.Passes.Count;
        bool paired = suite.Name is SuiteNames.Cifar10C or SuiteNames.Cifar100C ? stored.AddArrays() : stored.AddFolders();

        // Of equal lists the same images are chosen, but for a set without test part, of which the clean suite holds some back.
        paired &= clean is null || plan.Passes.Skip(before).All(p => p.Indices.AsSpan().SequenceEqual(clean.Test));
        for (int i = before; i < plan.Passes.Count; i++)
            plan.Passes[i] = plan.Passes[i] with { IsPaired = paired };
        plan.Describe(SuiteNames.Corruption, plan.Passes[before], plan.Passes[before].Source.Count, stored.passedOver);
        plan.Protocol.Add(("corruptions", $"stored, {suite.Name}{(paired && clean is not null ? ", paired with the clean images" : "")}"));
    }

    private bool AddFolders()
    {
        var (found, missing) = StoredCorruptions.Find(suite.Folder!, Wanted, options.Severities);
        Warn("", missing);
        plan.Caveats.AddRange(JobManifest.ReadCaveats(suite.Folder!).Where(c => found.Any(f => f.Condition.Corruption == c.Corruption)));
        var naming = Naming(found[0].Folder);
        PictureListing? shared = null;
        string key = "";
        bool paired = true;
        foreach (var (condition, folder) in found)
        {
            var listing = PictureListing.Of(folder, naming);
            string place = string.Create(CultureInfo.InvariantCulture, $" of {condition.Corruption} severity {condition.Severity}");
            Warn($" class{place}", listing.Missing);
            passedOver.AddRange(listing.PassedOver.Select(f => f + place));
            if (shared is null)
                (shared, key) = (listing, listing.Key);
            else if (listing.Paths.AsSpan().SequenceEqual(shared.Paths))
                listing = shared;
            else if (listing.Key != key)
            {
                paired = false;
                plan.Warnings.Add($"{suite.Name}:{place[3..]} holds other pictures than {found[0].Condition.Corruption} severity {found[0].Condition.Severity}");
            }

            Add(condition, new PictureSuite(folder, listing, naming.ClassNames));
        }

        return paired && (clean is null || clean.Key == key);
    }

    private bool AddArrays()
    {
        string[] names = [.. (Wanted ?? [.. PublishedGroups.All.Select(c => c.Name)]).Where(n => File.Exists(Path.Combine(suite.Folder!, n + ".npy")))];
        Warn("", [.. (Wanted ?? [.. PublishedGroups.Main]).Except(names).Select(n => n + ".npy")]);
        if (names.Length == 0)
            throw new RobustifyException($"{OneLine.Of(suite.Folder!, 400)}: no CORRUPTION.npy found, as gaussian_noise.npy; name the folder of the released set"
                + NearbyFolder.Advice(suite.Folder!, place => PublishedGroups.All.Any(c => File.Exists(Path.Combine(place, c.Name + ".npy")))));
        bool paired = true;
        foreach (string name in names)
        {
            foreach (int severity in options.Severities)
            {
                var condition = new Condition(name, severity);
                var source = new CorruptedCifar(suite.Folder!, condition, classes, clean?.Source.ClassNames);
                paired &= clean is null || (clean.Source.Count == source.Count
                    && Enumerable.Range(0, source.Count).All(i => clean.Source.Label(i) == source.Label(i)));
                Add(condition, source);
            }
        }

        return paired;
    }

    private void Add(Condition condition, IImageSource source)
    {
        int[] indices = CleanImages.Subset(source, limit, options.Seed);
        plan.Passes.Add(new()
        {
            Name = string.Create(CultureInfo.InvariantCulture, $"{condition.Corruption}-{condition.Severity}"), Source = source, Indices = indices,
            Geometry = geometry, IsStored = true, IsStrict = options.Strict,
            Rows = [new(SuiteNames.Corruption, condition, ClassSpace.All, indices.Length)],
        });
    }

    private ClassNaming Naming(string folder)
    {
        if (suite.Name == SuiteNames.ImageNetC)
            return ClassNaming.Wnids();
        if (suite.Name == SuiteNames.StoredC && clean is not null)
            return ClassNaming.Names(clean.Source.ClassNames);

        // A set that stands alone: labels are ranks, so every class must be there.
        string[] own = [.. PictureListing.Entries(folder, directories: true).Select(f => Path.GetFileName(f)).Where(n => n[0] != '.').Order(StringComparer.Ordinal)];
        return own.Length == classes ? ClassNaming.Names(own) : throw new RobustifyException(
            $"{OneLine.Of(folder, 400)}: {own.Length} class folders found, {classes} expected by the model; complete the set, or measure the clean suite too, whose data names the classes");
    }

    private void Warn(string what, IReadOnlyList<string> missing)
    {
        if (missing.Count > 0)
            plan.Warnings.Add(BenchmarkPlanner.Missing(suite.Name, what, missing));
    }
}
