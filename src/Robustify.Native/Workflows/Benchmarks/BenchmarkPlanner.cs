using System.Globalization;
using Robustify.Kernels;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.Reference;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Models;
using Robustify.Native.Models.VisionTransformer;

namespace Robustify.Native.Workflows.Benchmarks;

/// <summary>Turns what the user asked for into passes over data.</summary>
internal static class BenchmarkPlanner
{
    // What RobustBench measures on; theirs is a fixed list of files, ours a seeded share of each class.
    private const int RobustBenchImages = 5000;

    /// <summary>Opens the data of every suite and plans its passes.</summary>
    public static BenchmarkPlan Plan(BenchmarkRunOptions options, IReadOnlyList<ModelSource> models)
    {
        var model = models[0].Model;
        int? limit = options.TestLimit ?? (options.Protocol == PreprocessingProtocol.RobustBench ? RobustBenchImages : null);
        var plan = new BenchmarkPlan { IsImageNet = model.Classes == ImageNetClasses.Count };
        var own = OwnPreprocessing(plan, options, models);
        plan.Protocol.Add(("preprocessing", own is null && options.Protocol == PreprocessingProtocol.Checkpoint
            ? $"{PreprocessingProtocol.Hendrycks224.Name()}, as the checkpoints differ"
            : options.Protocol.Name()));
        plan.Protocol.Add(("images", limit is { } most
            ? string.Create(CultureInfo.InvariantCulture, $"at most {most} a suite, as many of each class, chosen under seed {options.Seed}")
            : "all"));
        if (options.HeldOutOfTest > 0)
            plan.Protocol.Add(("held out of test", string.Create(CultureInfo.InvariantCulture, $"{options.HeldOutOfTest} images, chosen under seed {options.Seed}, half of all at most")));
        InputGeometry Geometry(bool isStored) => options.Protocol.Geometry(model.ImageSize, model is VisionTransformer, isStored, own);

        bool wantsClean = options.Suites.Any(s => s.Name == SuiteNames.Clean), wantsCorrupted = options.Suites.Any(s => s.Name == SuiteNames.Corruption);
        var stored = options.Suites.Where(s => s.Name is SuiteNames.StoredC or SuiteNames.ImageNetC or SuiteNames.TinyImageNetC or SuiteNames.Cifar10C or SuiteNames.Cifar100C).ToArray();
        if (stored.Length + (wantsCorrupted ? 1 : 0) > 1)
            throw new RobustifyException($"--suite: two sets of corrupted images found ({string.Join(", ", options.Suites)}), one expected; measure them in two runs");
        CleanImages? clean = null;
        if (wantsClean || wantsCorrupted)
            AddOnTheFly(plan, options, model, clean = CleanImages.Open(options, models, limit), Geometry(isStored: false), wantsClean, wantsCorrupted);
        foreach (var suite in stored)
            StoredSuite.AddTo(plan, options, suite, models, Geometry(isStored: true), limit, clean);
        foreach (var suite in options.Suites.Where(s => ShiftSuites.Of(s.Name) is not null))
            AddShift(plan, options, suite, models, Geometry(isStored: false), limit);
        if (plan.IsImageNet && (wantsCorrupted || stored.Length > 0))
            plan.Protocol.Add(("mCE", plan.HasAllConditions
                ? "normalised by AlexNet's published errors on all 50 000 images (sum over severities, then ratio, then mean of the 15)"
                : "none: it takes all 15 corruptions at all five severities"));
        plan.Protocol.AddRange(options.Provenance);
        return plan;
    }

    /// <summary>A data set's test images, clean and corrupted in memory.</summary>
    public static BenchmarkPlan OnTheFly(BenchmarkOptions options, IVisionModel model, LabeledData data)
    {
        var plan = new BenchmarkPlan();
        AddPass(plan, Benchmark.OnTheFly(model.ImageSize, data.TestSource, data.Test, options), options.Corruptions.Count > 0, []);
        return plan;
    }

    /// <summary>How the checkpoints want pictures resized and cropped; null where they differ, of which a warning tells.</summary>
    private static Preprocessing? OwnPreprocessing(BenchmarkPlan plan, BenchmarkRunOptions options, IReadOnlyList<ModelSource> models)
    {
        var first = models[0].Preprocessing;
        var other = models.FirstOrDefault(m => m.Preprocessing.CropRatio != first.CropRatio || m.Preprocessing.Interpolation != first.Interpolation);
        if (other is null)
            return first;
        if (options.Protocol == PreprocessingProtocol.Checkpoint)
        {
            int size = models[0].Model.ImageSize;
            plan.Warnings.Add(
                $"preprocessing: '{models[0].Name}' wants {InputGeometry.Of(first, size).Description}, '{other.Name}' {InputGeometry.Of(other.Preprocessing, size).Description}; "
                + $"{PreprocessingProtocol.Hendrycks224.Name()} is used for all, name another with --protocol, or --crop and --interpolation");
        }

        return null;
    }

    /// <summary>A line that names what is missing, the first of many.</summary>
    public static string Missing(string suite, string what, IReadOnlyList<string> missing)
    {
        const int shown = 5;
        string more = missing.Count > shown ? $" and {missing.Count - shown} more" : "";
        return $"{suite}: missing{what} {string.Join(", ", missing.Take(shown))}{more}";
    }

    private static void AddOnTheFly(
        BenchmarkPlan plan, BenchmarkRunOptions options, IVisionModel model, CleanImages clean, InputGeometry geometry, bool wantsClean, bool wantsCorrupted)
    {
        if (clean.Missing.Count > 0)
            plan.Warnings.Add(Missing(SuiteNames.Clean, " class", clean.Missing));
        var measured = new BenchmarkOptions
        {
            Seed = options.Seed, Corruptions = wantsCorrupted ? options.Corruptions : [], Severities = options.Severities, CorruptedImages = options.CorruptedImages,
        };
        var pass = Benchmark.OnTheFly(model.ImageSize, clean.Source, clean.Test, measured) with { IsStrict = options.Strict, Geometry = geometry };
        var views = clean.Listing is null
            ? []
            : options.Suites.Select(s => (s.Name, Shift: ShiftSuites.Of(s.Name))).Where(s => s.Shift is { Space.IsMasked: true })
                .Select(s => new PassRow(SuiteNames.CleanOn(s.Name), Condition.Clean, s.Shift!.Value.Space.WithModelLabels(), clean.Test.Length));
        PassRow[] rows = [.. pass.Rows.Take(wantsClean ? 1 : 0), .. wantsClean ? views : [], .. pass.Rows.Skip(1)];
        AddPass(plan, pass with { Rows = rows }, wantsCorrupted && measured.Corruptions.Count > 0, clean.PassedOver);
    }

    private static void AddPass(BenchmarkPlan plan, BenchmarkPass pass, bool isCorrupted, IReadOnlyList<string> passedOver)
    {
        plan.Passes.Add(pass);
        if (pass.Rows.Any(r => r.Suite == SuiteNames.Clean))
            plan.Describe(SuiteNames.Clean, pass, pass.Source.Count, passedOver);
        if (!isCorrupted)
            return;
        plan.Describe(SuiteNames.Corruption, pass, pass.Source.Count, passedOver);
        plan.Protocol.Add(("corruptions", string.Create(CultureInfo.InvariantCulture, $"made in memory from 8-bit pixels, not stored as JPEG, seed {pass.Seed}")));
        foreach (var corruption in pass.Corruptions)
        {
            if (corruption.Caveat is { } caveat)
                plan.Caveats.Add((corruption.Name, caveat));
            else if (corruption.Ingredients is { } ingredients)
                plan.Protocol.Add((corruption.Name, ingredients));
        }
    }

    private static void AddShift(
        BenchmarkPlan plan, BenchmarkRunOptions options, BenchmarkSuite suite, IReadOnlyList<ModelSource> models, InputGeometry geometry, int? limit)
    {
        var (naming, space, border) = ShiftSuites.Of(suite.Name)!.Value;
        CleanImages.Require(models, ImageNetClasses.Count, suite.Name);
        string folder = ShiftSuites.PicturesOf(suite);
        var listing = PictureListing.Of(folder, naming);
        if (listing.Missing.Count > 0)
            plan.Warnings.Add(Missing(suite.Name, " class", listing.Missing));
        var source = new PictureSuite(folder, listing, naming.ClassNames);
        int[] indices = CleanImages.Subset(source, limit, options.Seed);
        var pass = new BenchmarkPass
        {
            Name = suite.Name, Source = source, Indices = indices, Geometry = geometry with { Border = border }, IsStored = true, IsStrict = options.Strict,
            Rows = [new(suite.Name, Condition.Clean, space, indices.Length)],
        };
        plan.Passes.Add(pass);
        plan.Describe(suite.Name, pass, source.Count, listing.PassedOver);
    }
}
