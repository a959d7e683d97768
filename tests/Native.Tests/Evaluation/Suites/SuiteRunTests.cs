using System.Globalization;
using System.Text.Json;
using Robustify.Kernels;
using Robustify.Kernels.Cpu;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Images;
using Robustify.Native.Evaluation.Reference;
using Robustify.Native.Runs;
using Robustify.Native.Tests.Data.Images;
using Robustify.Native.Tests.Data.Sources;
using Robustify.Native.Workflows;

namespace Robustify.Native.Tests.Evaluation.Suites;

/// <summary>Whole benchmark runs on small folders in the layouts of the suites.</summary>
public sealed class SuiteRunTests : IDisposable
{
    private const int Side = SmallModels.Side;

    private readonly TemporaryFolder folder = new();
    private readonly CpuBackend backend = new(2);
    private readonly List<string> messages = [];

    public void Dispose()
    {
        backend.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void ShiftSuitesAreMeasuredUnderTheirMasks()
    {
        string[] wnids = [.. ImageNetClasses.Wnids];
        int[] a = ImageNetClasses.OfImageNetA(), r = ImageNetClasses.OfImageNetR();
        for (int k = 0; k < 6; k++)
        {
            Picture($"data/val/{wnids[a[k]]}/{k}.png", k);
            Picture($"data/val/{wnids[k]}/{k}.png", k);
            Picture($"a/{wnids[a[k]]}/{k}.png", k);
            Picture($"r/{wnids[r[k]]}/{k}.png", k);
            Picture($"v2/{k * 100}/{k}.png", k);
            Picture($"objects/images/{ImageNetClasses.ObjectNet[k].Folder}/{k}.png", k); // as released, beside mappings/
        }

        var results = Run(
            Model(1000), BenchmarkSuite.Clean, new("imagenet-a", folder.PathOf("a")), new("imagenet-r", folder.PathOf("r")),
            new("imagenet-v2", folder.PathOf("v2")), new("objectnet", folder.PathOf("objects")));
        var model = results.GetProperty("models").GetProperty("m");
        var shifts = model.GetProperty("shifts");
        foreach (string suite in (string[])["imagenet-a", "imagenet-r", "imagenet-v2", "objectnet"])
            Assert.Equal(6, shifts.GetProperty(suite).GetProperty("images").GetInt32());
        string table = File.ReadAllText(folder.PathOf("run", "results.md"));
        Assert.Contains("- imagenet-a: 6 of 6 images; the 200 classes of ImageNet-A; shorter side to", table);
        Assert.Matches(@"\| imagenet-a \| \d+\.\d \(\d+\.\d to \d+\.\d\) \|", table);
        Assert.Contains("200 classes", shifts.GetProperty("imagenet-a").GetProperty("classes").GetString());
        Assert.Contains("113 classes", shifts.GetProperty("objectnet").GetProperty("classes").GetString());
        Assert.Contains("border of 2 pixels", results.GetProperty("suites").GetProperty("objectnet").GetProperty("preprocessing").GetString());

        // A fresh model knows nothing, so its confidence is about one over the classes it may choose among.
        Assert.InRange(shifts.GetProperty("imagenet-v2").GetProperty("confidence").GetDouble(), 0.001, 0.01);
        Assert.InRange(shifts.GetProperty("imagenet-r").GetProperty("confidence").GetDouble(), 0.005, 0.05);
        Assert.True(shifts.GetProperty("imagenet-a").TryGetProperty("clean_same_classes_top1", out _));
        string[] warnings = [.. results.GetProperty("warnings").EnumerateArray().Select(w => w.GetString()!)];
        Assert.Contains(warnings, w => w.StartsWith("imagenet-a: missing class n", StringComparison.Ordinal) && w.EndsWith("and 189 more"));
        Assert.Equal(warnings.Order(), messages.Where(m => m.StartsWith("warning: ")).Select(m => m[9..]).Order());
    }

    [Fact]
    public void StoredSetIsPairedWithItsCleanImagesAndAMissingSeverityIsNamed()
    {
        string[] wnids = [.. ImageNetClasses.Wnids];
        for (int k = 0; k < 6; k++)
        {
            Picture($"data/{wnids[k]}/ILSVRC_{k}.png", k);
            foreach (int severity in (int[])[1, 3])
                Picture(string.Create(CultureInfo.InvariantCulture, $"c/noise/gaussian_noise/{severity}/{wnids[k]}/ILSVRC_{k}.jpg"), k + severity);
        }

        var options = Options(Model(1000), BenchmarkSuite.Clean, new("imagenet-c", folder.PathOf("c"))) with { Severities = [1, 2, 3] };
        var results = Run(options);
        var corruption = results.GetProperty("models").GetProperty("m").GetProperty("corruption");
        Assert.Equal(["1", "3"], corruption.GetProperty("per").GetProperty("gaussian_noise").EnumerateObject().Select(s => s.Name));
        Assert.True(corruption.TryGetProperty("flip_rate", out _));
        Assert.False(corruption.TryGetProperty("mce", out _)); // one corruption is no mean over fifteen
        Assert.StartsWith("none:", results.GetProperty("protocol").GetProperty("mCE").GetString());
        Assert.Contains(messages, m => m.Contains("gaussian_noise severity 2") && m.Contains("shot_noise"));
        Assert.Contains("missing", Assert.Throws<RobustifyException>(() => Run(options with { Strict = true })).Message);
    }

    [Fact]
    public void StoredSetOfOneSeedHasTheAnswersOfTheSetMadeInMemory()
    {
        const ulong seed = 11;
        string[] classes = ["cat", "dog"];
        foreach (string name in classes)
        {
            Picture($"data/train/{name}/t.png", 1, Side, Side);
            for (int k = 0; k < 5; k++)
                Picture($"data/test/{name}/{k}.png", k, Side, Side);
        }

        // Stored as the verb corrupt stores it: draws by the picture's rank, PNG.
        var noise = CorruptionCatalog.Find("gaussian_noise");
        Image8 clean = new(1, 1, 1), corrupted = new(1, 1, 1);
        for (int i = 0; i < 10; i++)
        {
            string file = $"{classes[i / 5]}/{i % 5}.png";
            ImageFile.Read(folder.PathOf("data", "test", file), clean, channels: 3);
            noise.Apply(clean, corrupted, 5, CorruptionSeed.Stream(seed, noise, 5, (uint)i), new CorruptionScratch());
            folder.Write($"c/gaussian_noise/5/{file}", ImageFile.Encode(corrupted, ImageEncoding.Png));
        }

        var options = Options(Model(2), BenchmarkSuite.Clean, BenchmarkSuite.Corruption) with { Corruptions = [noise], Severities = [5], Seed = seed };
        string inMemory = Detail(Run(options));
        Assert.Equal(inMemory, Detail(Run(options with { Suites = [BenchmarkSuite.Clean, new("stored-c", folder.PathOf("c"))] })));
        Assert.NotEqual(inMemory, Detail(Run(options with { Seed = 12 })));

        // Confidence, likelihood, calibration and flips to the last digit: no pixel differs, and each has its clean pair.
        static string Detail(JsonElement results)
        {
            var detail = results.GetProperty("models").GetProperty("m").GetProperty("corruption").GetProperty("detail").GetProperty("gaussian_noise").GetProperty("5");
            return string.Join(' ', detail.EnumerateObject().Select(p => p.ToString()));
        }
    }

    [Fact]
    public void OddFilesAreDecodedOrCountedAndListedAndStrictRefusesThem()
    {
        foreach (string name in (string[])["cat", "dög"])
        {
            OddPictures.Write(folder.PathOf("data", "test", name));
            Picture($"data/train/{name}/t.png", 1);
        }

        int readable = 2 * OddPictures.Readable().Count(), refused = 2 * OddPictures.Refused().Count();
        var results = Run(Options(Model(2), BenchmarkSuite.Clean, BenchmarkSuite.Corruption) with { Corruptions = [CorruptionCatalog.Find("contrast")], Severities = [1] });
        var clean = results.GetProperty("models").GetProperty("m").GetProperty("clean");
        Assert.Equal(readable, clean.GetProperty("images").GetInt32());
        Assert.Equal(refused, clean.GetProperty("unreadable").GetInt32());
        foreach (string name in (string[])["clean", "corruption"])
        {
            var suite = results.GetProperty("suites").GetProperty(name);
            Assert.Equal(refused, suite.GetProperty("unreadable_count").GetInt32());
            Assert.Equal(2 * OddPictures.Others().Count(), suite.GetProperty("passed_over").GetArrayLength());
            string[] listed = [.. suite.GetProperty("unreadable").EnumerateArray().Select(r => r.GetString()!)];
            foreach (var (file, _, complaint) in OddPictures.Refused())
                Assert.Equal(2, listed.Count(r => r.Contains($"/{file}:") && r.Contains(complaint)));
        }

        Assert.Throws<RobustifyException>(() => Run(Options(Model(2), BenchmarkSuite.Clean) with { Strict = true }));
    }

    [Fact]
    public void AFullSetHasAMeanCorruptionErrorAndThousandsOfOtherFilesAreCountedAndTheFirstNamed()
    {
        foreach (string corruption in AlexNetErrors.Corrupted.Keys)
        {
            for (int severity = 1; severity <= 5; severity++)
            {
                string place = string.Create(CultureInfo.InvariantCulture, $"c/{corruption}/{severity}");
                Picture($"{place}/{ImageNetClasses.Wnids[severity]}/x.png", severity);
                folder.Write(place + "/.DS_Store", [1]);
                folder.Write(place + $"/{ImageNetClasses.Wnids[severity]}/Thumbs.db", [1]);
            }
        }

        var results = Run(Options(Model(1000), new BenchmarkSuite("imagenet-c", folder.PathOf("c"))));
        Assert.True(results.GetProperty("models").GetProperty("m").GetProperty("corruption").TryGetProperty("mce", out _));
        Assert.StartsWith("normalised", results.GetProperty("protocol").GetProperty("mCE").GetString());
        var suite = results.GetProperty("suites").GetProperty("corruption");
        Assert.Equal((150, 100), (suite.GetProperty("passed_over_count").GetInt32(), suite.GetProperty("passed_over").GetArrayLength()));
    }

    [Fact]
    public void AKnownModelFarFromItsPublishedFigureIsWarnedOfByTheNameOfItsFolder()
    {
        for (int k = 0; k < 40; k++)
            Picture($"data/{ImageNetClasses.Wnids[k]}/{k}.png", k);
        string known = folder.Write("resnet50.tv_in1k/model.safetensors", File.ReadAllBytes(Model(1000)));
        Run(known, BenchmarkSuite.Clean);
        Assert.Single(messages, m => m.StartsWith("warning: m: clean ", StringComparison.Ordinal) && m.Contains("found, 76.2 published for resnet50.tv_in1k"));
    }

    [Theory]
    [InlineData("imagenet-a", "set.tar", "a file found, the folder of the set expected; unpack an archive")]
    [InlineData("imagenet-c", "set.tar", "a file found")]
    [InlineData("cifar-10-c", "nowhere", "no such folder")]
    public void SuiteThatIsNoFolderIsRefusedBeforeAModelIsLoaded(string suite, string named, string complaint)
    {
        folder.Write("set.tar", [1]);
        var refused = Assert.Throws<RobustifyException>(() => Run("no model", new BenchmarkSuite(suite, folder.PathOf(named))));
        Assert.Contains($"--suite {suite}={folder.PathOf(named)}: {complaint}", refused.Message);
    }

    [Fact]
    public void PicturesWithoutClassFoldersAreToldAsSuch()
    {
        foreach (int number in (int[])[1, 2, 3])
            Picture(string.Create(CultureInfo.InvariantCulture, $"data/ILSVRC2012_val_{number}.jpg"), number);
        Assert.Contains(
            "3 pictures without class folders found, a folder for each class expected",
            Assert.Throws<RobustifyException>(() => Run(Model(1000), BenchmarkSuite.Clean)).Message);
    }

    [Fact]
    public void OneSuiteOfTwoFoldersIsRefusedAndTheThreeReleasesOfV2AreSuitesOfTheirOwn()
    {
        foreach (string set in (string[])["mf", "top"])
        {
            for (int k = 0; k < 6; k++)
                Picture($"{set}/{k}/{k}.png", k, set == "mf" ? Side : 2 * Side);
        }

        BenchmarkSuite matched = new("imagenet-v2", folder.PathOf("mf")), top = new("imagenet-v2-top-images", folder.PathOf("top"));
        string message = Assert.Throws<RobustifyException>(() => Run(Model(1000), matched, matched with { Folder = top.Folder })).Message;
        Assert.Contains($"{matched} and imagenet-v2={top.Folder} found, one folder a suite expected", message);
        double Nll(JsonElement results, BenchmarkSuite suite) =>
            results.GetProperty("models").GetProperty("m").GetProperty("shifts").GetProperty(suite.Name).GetProperty("nll").GetDouble();
        var both = Run(Model(1000), matched, top);
        Assert.NotEqual(Nll(both, matched), Nll(both, top));
        Assert.Equal(Nll(both, top), Nll(Run(Model(1000), top), top));
    }

    [Fact]
    public void ModelsOfDifferentInputsAreRefusedBeforeAnythingIsWritten()
    {
        Picture("data/test/cat/0.png", 0);
        Picture("data/test/dog/0.png", 1);
        var options = Options(Model(2), BenchmarkSuite.Clean);
        var refused = Assert.Throws<RobustifyException>(() => Run(options with { Models = [("small", Model(2)), ("large", SmallModels.Write(folder, 2, 2 * Side))] }));
        Assert.Contains("'large' takes 32x32x3 images, 'small' 16x16x3", refused.Message);
        Assert.False(Directory.Exists(options.Out));
    }

    [Fact]
    public void MissingClassOfTheTestPartIsNamedAndStrictRefusesIt()
    {
        foreach (string name in (string[])["train/cat", "train/dog", "test/cat"])
            Picture($"data/{name}/0.png", 1);
        var options = Options(Model(2), BenchmarkSuite.Clean);
        Run(options);
        Assert.Contains("warning: clean: missing class dog", messages);
        Assert.Contains("missing class dog", Assert.Throws<RobustifyException>(() => Run(options with { Strict = true })).Message);
    }

    [Fact]
    public void ResumedRunOfAnotherQuestionIsRefused()
    {
        Picture("data/test/cat/0.png", 0);
        Picture("data/test/dog/0.png", 1);
        Picture("data/train/cat/0.png", 0);
        Picture("data/train/dog/0.png", 1);
        var options = Options(Model(2), BenchmarkSuite.Clean);
        Assert.Contains("nothing to resume", Assert.Throws<RobustifyException>(() => Run(options with { Resume = true })).Message);
        string first = Run(options).ToString();
        Assert.Equal(first, Run(options with { Resume = true }).ToString());
        var other = options with { Resume = true, Seed = 9 };
        Assert.Contains("seed 0", Assert.Throws<RobustifyException>(() => Run(other)).Message);
    }

    [Theory]
    [InlineData("imagenet-x=/d", "is unknown")]
    [InlineData("imagenet-a", "imagenet-a=DIR expected")]
    [InlineData("imagenet-a=", "imagenet-a=DIR expected")]
    [InlineData("clean=/d", "clean alone expected")]
    public void SuiteNamesAreChecked(string word, string complaint) =>
        Assert.Contains(complaint, Assert.Throws<RobustifyException>(() => BenchmarkSuite.Parse(word)).Message);

    private JsonElement Run(string model, params BenchmarkSuite[] suites) => Run(Options(model, suites));

    private JsonElement Run(BenchmarkRunOptions options)
    {
        messages.Clear();
        BenchmarkWorkflow.Run(options, new RunContext(backend, backend.Threads, SilentProgress.Instance, CancellationToken.None, messages.Add), _ => { });
        return JsonDocument.Parse(File.ReadAllBytes(Path.Combine(options.Out, "results.json"))).RootElement;
    }

    private BenchmarkRunOptions Options(string model, params BenchmarkSuite[] suites) => new()
    {
        Models = [("m", model)], Out = folder.PathOf("run"), Suites = suites, Data = folder.PathOf("data"), Corruptions = CorruptionCatalog.All,
    };

    private void Picture(string name, int number, int width = Side + 4, int height = Side + 6) => SmallModels.WritePicture(folder, name, number, width, height);

    private string Model(int classes) => SmallModels.Write(folder, classes);
}
