using System.Globalization;
using Robustify.Kernels;
using Robustify.Kernels.Tensors;
using Robustify.Native.Files;
using Robustify.Native.Graph;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Training;

/// <summary>
/// Everything a run needs to go on as if it had never stopped, in one file: every tensor, the optimizer's state, the step. Random draws
/// need no state, as they are functions of seed, epoch and sample.
/// </summary>
public static class TrainingState
{
    private const string StepKey = "step";
    private const string RunKey = "run";
    private const string OptimizerPrefix = "optimizer.";

    /// <summary>Writes the state whole or not at all. <paramref name="run"/> says in one line what must be equal to resume.</summary>
    public static void Save(string path, ParameterStore parameters, Optimizer optimizer, string run)
    {
        var copies = new List<IDisposable>();
        try
        {
            var writer = new SafetensorsWriter();
            writer.SetMetadata(RunKey, run);
            writer.SetMetadata(StepKey, optimizer.CompletedSteps.ToString(CultureInfo.InvariantCulture));
            foreach (var parameter in parameters.All)
                writer.AddFloats(parameter.Spec.Name, Array.ConvertAll(parameter.Spec.Shape.ToArray(), x => (long)x), Values(parameters.OnHost(parameter, copies)));
            foreach (var state in optimizer.State)
                writer.AddFloats(OptimizerPrefix + state.Name, [state.Values.Shape.Count], Values(optimizer.OnHost(state, copies)));
            writer.Save(path);
        }
        finally
        {
            copies.ForEach(copy => copy.Dispose());
        }
    }

    /// <summary>Fills tensors and optimizer from a state file.</summary>
    /// <exception cref="RobustifyException">No such file, a damaged one, or the state of another run.</exception>
    public static void Load(string path, ParameterStore parameters, Optimizer optimizer, string run)
    {
        if (!File.Exists(path))
            throw new RobustifyException($"{path}: not found, so there is nothing to resume; start the run without --resume");
        using var file = SafetensorsFile.Open(path);
        string found = file.Metadata.GetValueOrDefault(RunKey, "");
        if (found != run)
            throw new RobustifyException($"{path}: is of a run with {OneLine.Of(found)}; this one has {run}; resume with the options the run began with");
        if (!long.TryParse(file.Metadata.GetValueOrDefault(StepKey, ""), NumberStyles.None, CultureInfo.InvariantCulture, out long step))
            throw new RobustifyException($"{path}: has no number of finished steps; it is damaged: start the run without --resume");
        foreach (var parameter in parameters.All)
            parameters.Write(parameter, span => file.ReadFloat32(parameter.Spec.Name, span));
        foreach (var state in optimizer.State)
            optimizer.Write(state, span => file.ReadFloat32(OptimizerPrefix + state.Name, span));
        optimizer.Resume(step);
    }

    private static unsafe ReadOnlyMemory<float> Values(TensorView view) => new NativeFloats(view.Floats, checked((int)view.Shape.Count)).Memory;
}
