using System.Globalization;
using System.Runtime.InteropServices;
using Robustify.Kernels;
using Robustify.Kernels.Tensors;
using Robustify.Native.Files;
using Robustify.Native.Graph;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Training;

/// <summary>
/// Everything a run needs to go on as if it had never stopped, in one file: the tensors that training moves, the optimizer's state, the step,
/// and numbers of the run's own. Random draws need no state, as they are functions of seed, epoch and sample; frozen tensors come from
/// where the run took them, and the run's description holds their digest.
/// </summary>
public static class TrainingState
{
    private const string StepKey = "step";
    private const string RunKey = "run";
    private const string OptimizerPrefix = "optimizer.";
    private const string NumbersPrefix = "numbers.";

    /// <summary>Writes the state whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="parameters">Of them what is trained, and running statistics.</param>
    /// <param name="optimizer">Its buffers and step.</param>
    /// <param name="run">What must be equal to resume, as <c>name value; name value</c> in one line.</param>
    /// <param name="numbers">Numbers of the run's own by name, kept to the bit.</param>
    public static void Save(
        string path, ParameterStore parameters, Optimizer optimizer, string run, IReadOnlyDictionary<string, double[]>? numbers = null)
    {
        var copies = new List<IDisposable>();
        try
        {
            var writer = new SafetensorsWriter();
            writer.SetMetadata(RunKey, run);
            writer.SetMetadata(StepKey, optimizer.CompletedSteps.ToString(CultureInfo.InvariantCulture));
            foreach (var (name, values) in numbers ?? new Dictionary<string, double[]>())
                writer.SetMetadata(NumbersPrefix + name, Convert.ToHexString(MemoryMarshal.AsBytes(values.AsSpan())));
            foreach (var parameter in Moved(parameters))
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
    /// <returns>The run's own numbers by name.</returns>
    /// <exception cref="RobustifyException">No such file, a damaged one, or the state of another run.</exception>
    public static IReadOnlyDictionary<string, double[]> Load(string path, ParameterStore parameters, Optimizer optimizer, string run)
    {
        if (!File.Exists(path))
            throw new RobustifyException($"{path}: not found, so there is nothing to resume; start the run without --resume");
        using var file = SafetensorsFile.Open(path);
        RequireSameRun(path, file.Metadata.GetValueOrDefault(RunKey, ""), run);
        if (!long.TryParse(file.Metadata.GetValueOrDefault(StepKey, ""), NumberStyles.None, CultureInfo.InvariantCulture, out long step))
            throw new RobustifyException($"{path}: has no number of finished steps; it is damaged: start the run without --resume");
        var numbers = ReadNumbers(path, file.Metadata);
        foreach (var parameter in Moved(parameters))
            parameters.Write(parameter, span => file.ReadFloat32(parameter.Spec.Name, span));
        foreach (var state in optimizer.State)
            optimizer.Write(state, span => file.ReadFloat32(OptimizerPrefix + state.Name, span));
        optimizer.Resume(step);
        return numbers;
    }

    private static IEnumerable<Parameter> Moved(ParameterStore parameters) => parameters.All.Where(p => p.Gradient is not null || p.Spec.IsStatistic);

    /// <summary>Names only what differs: the whole description is long.</summary>
    private static void RequireSameRun(string path, string found, string run)
    {
        if (found == run)
            return;
        string[] theirs = found.Split("; "), ours = run.Split("; ");
        throw new RobustifyException(
            $"{path}: is of a run with {OneLine.Of(string.Join("; ", theirs.Except(ours)))}; this one has {OneLine.Of(string.Join("; ", ours.Except(theirs)))}; "
            + "resume with the options the run began with");
    }

    private static Dictionary<string, double[]> ReadNumbers(string path, IReadOnlyDictionary<string, string> metadata)
    {
        var numbers = new Dictionary<string, double[]>(StringComparer.Ordinal);
        foreach (var (key, text) in metadata.Where(entry => entry.Key.StartsWith(NumbersPrefix, StringComparison.Ordinal)))
        {
            if (text.Length % (2 * sizeof(double)) != 0 || !text.All(char.IsAsciiHexDigit))
                throw new RobustifyException($"{path}: {OneLine.Of(key)} holds no numbers; it is damaged: start the run without --resume");
            numbers.Add(key[NumbersPrefix.Length..], MemoryMarshal.Cast<byte, double>(Convert.FromHexString(text)).ToArray());
        }

        return numbers;
    }

    private static unsafe ReadOnlyMemory<float> Values(TensorView view) => new NativeFloats(view.Floats, checked((int)view.Shape.Count)).Memory;
}
