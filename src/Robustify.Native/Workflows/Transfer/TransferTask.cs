using Robustify.Kernels;
using Robustify.Kernels.Cpu;
using Robustify.Native.Data.Sources;
using Robustify.Native.Evaluation.Transfer;
using Robustify.Native.Files;

namespace Robustify.Native.Workflows.Transfer;

/// <summary>A data set that models are transferred to: what to learn from, with a part to choose on, and what to measure on.</summary>
internal sealed class TransferTask
{
    /// <summary>Opens the set, divides it and takes its identity.</summary>
    public TransferTask(string name, string path, TransferOptions options, CpuThreads threads)
    {
        Name = name;
        Data = LabeledData.Open(path, options.Seed, options.Limit, options.TestLimit);
        if (Classes < 2)
            throw new RobustifyException($"{OneLine.Of(path, 400)}: {Classes} class found, at least 2 expected of a data set to transfer to");
        if (Data.Test.Length == 0)
            throw new RobustifyException($"{OneLine.Of(path, 400)}: no test images found; use a larger set");
        TrainLabels = Array.ConvertAll(Data.Train, Data.TrainSource.Label);
        TestLabels = Array.ConvertAll(Data.Test, Data.TestSource.Label);
        (Fit, HeldOut) = DataSplit.Split(new SubsetSource(Data.TrainSource, Data.Train), options.HeldOut, options.Seed);
        TrainIdentity = DataIdentity.Of(Data.TrainSource, Data.Train, threads);
        TestIdentity = DataIdentity.Of(Data.TestSource, Data.Test, threads);
    }

    /// <summary>Name in results.</summary>
    public string Name { get; }

    /// <summary>The images.</summary>
    public LabeledData Data { get; }

    /// <summary>Classes there are.</summary>
    public int Classes => Data.TrainSource.ClassNames.Count;

    /// <summary>Classes of the training images, in their order.</summary>
    public int[] TrainLabels { get; }

    /// <summary>Classes of the test images, in their order.</summary>
    public int[] TestLabels { get; }

    /// <summary>Which of the training images, counted from 0, a penalty is fitted on.</summary>
    public int[] Fit { get; }

    /// <summary>The others, on which it is chosen.</summary>
    public int[] HeldOut { get; }

    /// <summary>Digest of the training images.</summary>
    public string TrainIdentity { get; }

    /// <summary>Digest of the test images.</summary>
    public string TestIdentity { get; }
}
