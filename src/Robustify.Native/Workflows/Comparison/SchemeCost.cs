using System.Text.Json;
using Robustify.Native.Training;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>What a scheme's training took.</summary>
/// <param name="Training">Its ledger.</param>
/// <param name="CpuSeconds">Processor time of the process, all threads: on a machine with other work, wall seconds grow and these do not.</param>
internal readonly record struct SchemeCost(TrainingCost Training, double CpuSeconds)
{
    /// <summary>Both together, of which the first was needed for the second.</summary>
    public static SchemeCost operator +(SchemeCost a, SchemeCost b) => new(a.Training + b.Training, a.CpuSeconds + b.CpuSeconds);

    /// <summary>Writes properties of an object.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteNumber("seconds", Math.Round(Training.Seconds, 3));
        json.WriteNumber("cpu_seconds", Math.Round(CpuSeconds, 3));
        json.WriteNumber("device_seconds", Math.Round(Training.DeviceSeconds, 3));
        json.WriteNumber("images", Training.Images);
        json.WriteNumber("steps", Training.Steps);
        json.WriteNumber("trained_parameters", Training.TrainedParameters);
        json.WriteNumber("total_parameters", Training.TotalParameters);
        json.WriteNumber("forward_flops", Training.ForwardFlops);
        json.WriteNumber("backward_flops", Training.BackwardFlops);
    }

    /// <summary>Reads what <see cref="Write"/> wrote; what an earlier version did not count is 0.</summary>
    public static SchemeCost Read(JsonElement json) => new(
        new TrainingCost(
            json.GetProperty("seconds").GetDouble(), json.GetProperty("images").GetInt64(), json.GetProperty("steps").GetInt64(),
            json.GetProperty("trained_parameters").GetInt64())
        {
            DeviceSeconds = json.TryGetProperty("device_seconds", out var device) ? device.GetDouble() : 0, TotalParameters = Count(json, "total_parameters"),
            ForwardFlops = Count(json, "forward_flops"), BackwardFlops = Count(json, "backward_flops"),
        },
        json.GetProperty("cpu_seconds").GetDouble());

    private static long Count(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetInt64() : 0;
}
