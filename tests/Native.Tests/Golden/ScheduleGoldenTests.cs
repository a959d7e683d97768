using System.Text.Json;
using Robustify.Native.Training;

namespace Robustify.Native.Tests.Golden;

/// <summary>Learning rates of the published schedules (numeric/schedules.json) that <see cref="LearningRateSchedule"/> offers.</summary>
[Trait("Category", "Golden")]
public sealed class ScheduleGoldenTests
{
    public static TheoryData<int> Cases
    {
        get
        {
            var data = new TheoryData<int>();
            if (!File.Exists(GoldenData.PathOf("numeric", "schedules.json")))
                return data;
            int index = 0;
            foreach (var c in GoldenData.Json("numeric", "schedules.json").EnumerateArray())
            {
                if (Schedule(c) is not null)
                    data.Add(index);
                index++;
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void WarmupCosineIsThePublishedOne(int index)
    {
        var c = GoldenData.Json("numeric", "schedules.json")[index];
        var schedule = Schedule(c)!;
        double[] expected = GoldenData.Doubles(c.GetProperty("lr"));
        for (int step = 0; step < expected.Length; step++)
            Assert.Equal(expected[step], schedule.RateAt(step), 1e-10 * c.GetProperty("base_lr").GetDouble()); // both in double
    }

    // Without warm-up it is PyTorch's CosineAnnealingLR, and AugMix's with the minimum 1e-6.
    private static LearningRateSchedule? Schedule(JsonElement c)
    {
        double rate = c.GetProperty("base_lr").GetDouble();
        long total = c.GetProperty("total").GetInt64();
        return c.GetProperty("name").GetString() switch
        {
            "linear_warmup_cosine" =>
                LearningRateSchedule.WarmupCosine(rate, c.GetProperty("min_lr").GetDouble(), c.GetProperty("warmup").GetInt64(), total),
            "torch_CosineAnnealingLR" => LearningRateSchedule.WarmupCosine(rate, c.GetProperty("min_lr").GetDouble(), 0, total),
            "augmix_cifar_cosine" => LearningRateSchedule.WarmupCosine(rate, c.GetProperty("min_factor").GetDouble(), 0, total),
            _ => null,
        };
    }
}
