using Robustify.Kernels;
using Robustify.Native.Evaluation.Reference;
using Robustify.Native.Evaluation.ZeroShot;
using Robustify.Native.Tests.Data.Sources;

namespace Robustify.Native.Tests.Evaluation.ZeroShot;

/// <summary>Class names from folders, WordNet ids and files.</summary>
public sealed class ClassNamesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void FoldersGiveTheirNamesAndWordNetIdsImageNets()
    {
        Assert.Equal(["golden retriever", "cat"], ClassNames.Of(null, ["golden_retriever", "cat"], "pets"));
        Assert.Equal(["goldfish", "toilet paper", "tench"], ClassNames.Of(null, ["n01443537", "n15075141", "n01440764"], "val"));
        Assert.Equal(["tench"], ClassNames.Of("imagenet", ["n01440764"], "val"));
        Refused(() => ClassNames.Of(null, ["n01440764", "n99999999"], "val"), "val: class n99999999 is not in the 1000 classes of ImageNet");
    }

    // Two names stand twice in the published list.
    [Fact]
    public void ImageNetHasAThousandNames()
    {
        var names = ClassNames.Of("imagenet", null, null);
        Assert.Equal(ImageNetClasses.Count, names.Count);
        Assert.Equal(ImageNetClasses.Count - 2, names.Distinct().Count());
        Refused(() => ClassNames.Of("imagenet", ["cat"], "pets"), "1000 class names found, pets has 1 classes");
    }

    [Fact]
    public void AFileOfIdsAndNamesMayBeInAnyOrderAndHaveMoreClasses()
    {
        string file = Write("n01443537 goldfish, Carassius auratus\nn02119789\tkit fox\nn01440764 tench\n");
        Assert.Equal(["tench", "goldfish, Carassius auratus"], ClassNames.Of(file, ["n01440764", "n01443537"], "val"));
        Assert.Equal(["goldfish, Carassius auratus", "kit fox", "tench"], ClassNames.Of(file, ["a", "b", "c"], "val"));
        Refused(() => ClassNames.Of(file, ["n01440764", "n01498041"], "val"), "class n01498041 is not in");
    }

    [Fact]
    public void AFileOfNamesIsInTheOrderOfTheLabels()
    {
        string file = Write("n01440764 is no name\ncat\n");
        Assert.Equal(["n01440764 is no name", "cat"], ClassNames.Of(file, ["x", "y"], "data"));
        Refused(() => ClassNames.Of(file, ["x"], "data"), "2 class names found, data has 1 classes");
        Refused(() => ClassNames.Of(folder.PathOf("none"), ["x"], "data"), "cannot be read as text");
    }

    private string Write(string text)
    {
        File.WriteAllText(folder.PathOf("names.txt"), text);
        return folder.PathOf("names.txt");
    }

    private static void Refused(Func<object> action, string part)
    {
        var error = Assert.Throws<RobustifyException>(action);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }
}
