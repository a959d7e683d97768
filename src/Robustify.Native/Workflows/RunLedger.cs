using System.Diagnostics;
using System.Text.Json;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Energy;
using Robustify.Native.Graph;
using Robustify.Native.Runs;
using Robustify.Native.Training;

namespace Robustify.Native.Workflows;

/// <summary>
/// <c>ledger.json</c> of one training run: what it cost so far, added up over all processes that worked on it. It is written just before each
/// state, so what a kill threw away is counted up to the last saving and what was run again is counted again: it was paid for.
/// </summary>
internal sealed class RunLedger : IDisposable
{
    private static readonly (WorkPhase Phase, string Name)[] Names =
    [
        (WorkPhase.Decode, "decode"), (WorkPhase.Augment, "augment"), (WorkPhase.Wait, "wait"), (WorkPhase.Teacher, "teacher"),
        (WorkPhase.Original, "original"), (WorkPhase.FrozenTrunk, "frozen_trunk"), (WorkPhase.Tail, "tail"), (WorkPhase.Update, "update"),
        (WorkPhase.Step, "step"),
    ];

    private readonly RunDirectory directory;
    private readonly string phase;
    private readonly IBackend backend;
    private readonly ITrainingStep step;
    private readonly Trainer trainer;
    private readonly EnergyCounter? energy;
    private readonly string energyReason;
    private readonly Earlier earlier;
    private readonly CacheCost cache;

    /// <param name="directory">Where the ledger lies.</param>
    /// <param name="phase">The run's name.</param>
    /// <param name="backend">The device.</param>
    /// <param name="step">What is repeated.</param>
    /// <param name="trainer">What repeats it.</param>
    /// <param name="cache">What filling a cache of frozen outputs took in this process.</param>
    /// <param name="resume">Whether an earlier process's costs are added to.</param>
    public RunLedger(RunDirectory directory, string phase, IBackend backend, ITrainingStep step, Trainer trainer, CacheCost cache, bool resume)
    {
        (this.directory, this.phase, this.backend, this.step, this.trainer, this.cache) = (directory, phase, backend, step, trainer, cache);
        energy = backend.OpenEnergyCounter(out energyReason);
        earlier = resume ? Earlier.Read(directory.Ledger) : new Earlier();
    }

    /// <summary>What the run cost so far.</summary>
    public TrainingCost Cost
    {
        get
        {
            long steps = trainer.Optimizer.CompletedSteps;
            return new TrainingCost(earlier.Seconds + cache.Seconds + trainer.Seconds, steps * trainer.BatchSize, steps, step.Parameters.TrainedCount)
            {
                TotalParameters = step.Parameters.TotalCount, ForwardFlops = earlier.CacheFlops + cache.ForwardFlops + steps * step.MultiplyAdds.ForwardFlops,
                BackwardFlops = steps * step.MultiplyAdds.BackwardFlops, DeviceSeconds = earlier.DeviceSeconds + cache.DeviceSeconds + trainer.DeviceSeconds,
            };
        }
    }

    /// <summary>Looks at the energy counter, which may wrap between two lookings that are far apart.</summary>
    public void Observe() => energy?.Joules();

    /// <summary>Writes the file whole or not at all.</summary>
    public void Write()
    {
        var cost = Cost;
        using var process = Process.GetCurrentProcess();
        directory.WriteJson(Path.GetFileName(directory.Ledger), json =>
        {
            json.WriteStartObject();
            json.WriteString("phase", phase);
            json.WriteString("device", backend.Description);
            json.WriteNumber("steps", cost.Steps);
            json.WriteNumber("images", cost.Images);
            json.WriteNumber("trained_parameters", cost.TrainedParameters);
            json.WriteNumber("total_parameters", cost.TotalParameters);
            json.WriteNumber("forward_flops", cost.ForwardFlops);
            json.WriteNumber("backward_flops", cost.BackwardFlops);
            json.WriteNumber("processes", earlier.Processes + 1);
            json.WriteNumber("seconds", Math.Round(cost.Seconds, 6));
            json.WriteNumber("device_seconds", Math.Round(cost.DeviceSeconds, 6));
            json.WriteStartObject("phase_seconds");
            foreach (var (part, name) in Names)
            {
                double seconds = earlier.Phases.GetValueOrDefault(name) + trainer.PhaseSeconds(part) + CacheSeconds(part);
                if (seconds > 0)
                    json.WriteNumber(name, Math.Round(seconds, 6));
            }

            json.WriteEndObject();
            if (earlier.CacheFlops + cache.ForwardFlops > 0)
            {
                json.WriteStartObject("trunk_cache");
                json.WriteNumber("seconds", Math.Round(earlier.CacheSeconds + cache.Seconds, 6));
                json.WriteNumber("forward_flops", earlier.CacheFlops + cache.ForwardFlops);
                json.WriteEndObject();
            }

            json.WriteStartObject("memory");
            json.WriteNumber("planned_bytes", step.ArenaBytes + step.Parameters.Bytes + trainer.OptimizerBytes);
            if (backend.PeakBytes is { } peak)
                json.WriteNumber("peak_device_bytes", Math.Max(peak, earlier.PeakDeviceBytes));
            json.WriteNumber("peak_resident_bytes", Math.Max(process.PeakWorkingSet64, earlier.PeakResidentBytes));
            json.WriteEndObject();
            WriteEnergy(json);
            json.WriteEndObject();
        });
    }

    /// <inheritdoc/>
    public void Dispose() => energy?.Dispose();

    private double CacheSeconds(WorkPhase part) => part switch
    {
        WorkPhase.Decode => cache.DecodeSeconds,
        WorkPhase.Augment => cache.AugmentSeconds,
        WorkPhase.Step => backend.IsHostMemory ? 0 : cache.DeviceSeconds,
        _ => 0,
    };

    // A sum over processes of which one could not read the counter would be too small: then there is none.
    private void WriteEnergy(Utf8JsonWriter json)
    {
        json.WriteStartObject("energy");
        bool isWhole = energy is not null && (earlier.Processes == 0 || earlier.Joules is not null);
        if (isWhole)
            json.WriteNumber("joules", Math.Round((earlier.Joules ?? 0) + energy!.Joules(), 3));
        json.WriteString("source", isWhole ? energy!.Source : $"none: {(energy is null ? energyReason : "not reported to an earlier process of this run")}");
        json.WriteEndObject();
    }

    /// <summary>What earlier processes wrote; a file that cannot be read counts as nothing, as it holds no result.</summary>
    private sealed record Earlier
    {
        public int Processes { get; init; }

        public double Seconds { get; init; }

        public double DeviceSeconds { get; init; }

        public Dictionary<string, double> Phases { get; init; } = new(StringComparer.Ordinal);

        public long PeakDeviceBytes { get; init; }

        public long PeakResidentBytes { get; init; }

        public double? Joules { get; init; }

        public double CacheSeconds { get; init; }

        public long CacheFlops { get; init; }

        public static Earlier Read(string path)
        {
            if (!File.Exists(path))
                return new Earlier();
            try
            {
                using var document = JsonDocument.Parse(File.ReadAllBytes(path));
                var root = document.RootElement;
                var memory = root.GetProperty("memory");
                bool hasCache = root.TryGetProperty("trunk_cache", out var cache);
                return new Earlier
                {
                    Processes = root.GetProperty("processes").GetInt32(), Seconds = root.GetProperty("seconds").GetDouble(),
                    DeviceSeconds = root.GetProperty("device_seconds").GetDouble(),
                    Phases = root.GetProperty("phase_seconds").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetDouble(), StringComparer.Ordinal),
                    PeakDeviceBytes = memory.TryGetProperty("peak_device_bytes", out var peak) ? peak.GetInt64() : 0,
                    PeakResidentBytes = memory.GetProperty("peak_resident_bytes").GetInt64(),
                    CacheSeconds = hasCache ? cache.GetProperty("seconds").GetDouble() : 0,
                    CacheFlops = hasCache ? cache.GetProperty("forward_flops").GetInt64() : 0,
                    Joules = root.GetProperty("energy").TryGetProperty("joules", out var joules) ? joules.GetDouble() : null,
                };
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or IOException)
            {
                return new Earlier();
            }
        }
    }
}
