using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Tests.Transformer.Training;

/// <summary>What is counted before a training against what the pool of its device then holds.</summary>
public sealed class TrainingMemoryTests
{
    private static readonly ModelConfig Small = new()
    {
        ModelType = "gpt2",
        NEmbd = 32,
        NLayer = 3,
        NHead = 4,
        NPositions = 48,
        VocabSize = 90,
        NInner = 128,
    };

    private static readonly ModelConfig Larger = Small with
    {
        ModelType = "gptj",
        NEmbd = 64,
        NLayer = 5,
        NInner = 200,
        VocabSize = 301,
        RotaryDim = 8,
        TiesHead = false,
    };

    public static TheoryData<string, bool, int, string?> Plans
    {
        get
        {
            var data = new TheoryData<string, bool, int, string?>();
            foreach (string model in (string[])["small", "larger"])
            {
                foreach (string? lora in (string?[])[null, "rank=4"])
                {
                    data.Add(model, false, 1, lora);
                    data.Add(model, true, 3, lora);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Plans))]
    public void It_is_what_the_pool_of_a_device_holds(string name, bool recomputes, int accumulate, string? lora)
    {
        ModelConfig config = name == "small" ? Small : Larger;
        TrainingPlan plan = Plan(3, accumulate, recomputes, lora);
        var counted = TrainingMemory.Of(plan, config, stored: 0);

        using var device = new CpuDevice(threads: 2);
        CausalLm model = RandomCheckpoint.Build(config, 1, device);
        long before = Devices.PeakBytes(device);
        Trainer trainer = plan.Lora is null
            ? Trainer.OfModel(model, plan.Settings) : LoraTraining.Of(model, plan.Lora, null).NewTrainer(plan.Settings);
        int[] ids = [.. Enumerable.Range(0, 3 * 40).Select(i => i % config.VocabSize)];
        for (int step = 0; step < 2; step++)
            trainer.Step([.. Enumerable.Repeat(new TrainingBatch(3, 40, ids, ids), accumulate)]);
        long measured = Devices.PeakBytes(device) - before;

        // The same blocks but for the scratch that products and sums of the CPU borrow, a tenth in the smallest step here.
        Assert.InRange(counted.Total / (double)measured, 0.88, 1.01);
    }

    [Fact]
    public void Its_parts_are_what_shapes_say()
    {
        long parameters = WeightList.Of(Small).Sum(weight => weight.Shape.Count);
        var whole = TrainingMemory.Of(Plan(3, 1, false, null), Small, stored: 4 * parameters);
        Assert.InRange(whole.Trained, 4 * parameters, 5 * parameters); // blocks of a pool are up to a quarter larger
        Assert.Equal((2 * whole.Trained, whole.Trained), (whole.Moments, whole.Gradients));
        Assert.True(whole.Step > whole.Gradients && whole.Step > whole.Logits);
        Assert.Equal(2L * 120 * 90 * 4, whole.Logits);
        Assert.Equal(4 * parameters, whole.Weights);
        var lora = TrainingMemory.Of(Plan(3, 1, false, "rank=4"), Small, stored: 4 * parameters);
        Assert.InRange(lora.Trained, 3 * 4 * 4 * (32 + 96), 5 * 3 * 4 * (32 + 96));
        var recomputed = TrainingMemory.Of(Plan(3, 1, true, null), Small, stored: 0);
        Assert.True(recomputed.Step < 0.8 * whole.Step, $"{recomputed.Step} of {whole.Step}");
    }

    [Fact]
    public void A_budget_first_recomputes_then_makes_batches_smaller_and_is_refused_in_the_end()
    {
        TrainingPlan plan = Plan(6, 2, false, "rank=2"); // of whole weights so small a model has more gradients than anything else
        long plain = TrainingMemory.Of(plan, Small, 0).Total;
        Assert.Equal(plan with { Memory = plain }, TrainingMemory.Fit(plan with { Memory = plain }, Small, 0));
        TrainingPlan recomputed = Fitted(plain - 1);
        Assert.Equal((true, plan.BatchTokens, 2), (recomputed.Settings.RecomputesBlocks, recomputed.BatchTokens, recomputed.Accumulate));
        TrainingPlan smaller = Fitted(TrainingMemory.Of(recomputed, Small, 0).Total - 1);
        Assert.Equal((true, 3 * 40, 4), (smaller.Settings.RecomputesBlocks, smaller.BatchTokens, smaller.Accumulate));
        InputException refused = Assert.Throws<InputException>(() => Fitted(1000));
        Assert.Contains("but may take 1 kB.", refused.Message, StringComparison.Ordinal);
        string least = string.Join(' ', refused.Message.Split(' ')[3..5]);
        Assert.Equal(40, Fitted(MemoryText.Parse(least, "memory")).BatchTokens);

        TrainingPlan Fitted(long memory) => TrainingMemory.Fit(plan with { Memory = memory }, Small, 0);
    }

    [Fact]
    public void What_only_counts_draws_no_weights()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        TrainingMemory.Of(Plan(1, 1, false, "rank=65536"), Small, stored: 0);
        long largestA = 65536L * Small.NEmbd * sizeof(float);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, largestA);
    }

    [Theory]
    [InlineData("4GB", 4_000_000_000, "4 GB")]
    [InlineData("0.5 gb", 500_000_000, "500 MB")]
    [InlineData("2", 2_000_000_000, "2 GB")]
    [InlineData("1e1", 10_000_000_000, "10 GB")]
    [InlineData("4G", 4_000_000_000, "4 GB")]
    [InlineData("120m", 120_000_000, "120 MB")]
    [InlineData("1.5 TB", 1_500_000_000_000, "1.5 TB")]
    [InlineData("1234567kB", 1_234_567_000, "1.234567 GB")]
    public void Sizes_are_words(string text, long bytes, string again)
    {
        Assert.Equal(bytes, MemoryText.Parse(text, "memory"));
        Assert.Equal(again, MemoryText.Of(bytes));
    }

    [Theory]
    [InlineData("")]
    [InlineData("GB")]
    [InlineData("-1GB")]
    [InlineData("4GiB")]
    [InlineData("4B")]
    [InlineData("1e9TB")]
    [InlineData("1e28TB")]
    [InlineData("0")]
    public void What_is_no_size_is_refused(string text) => Fails.With<InputException>(
        "expected a size in TB, GB, MB, kB as 4GB or 500MB, or a number of gigabytes.", () => MemoryText.Parse(text, "memory"));

    [Theory]
    [InlineData(3_828_096, "3.83 MB")]
    [InlineData(3_820_001, "3.83 MB")]
    [InlineData(151_000_000, "151 MB")]
    [InlineData(999_900, "1 MB")]
    [InlineData(12, "0.012 kB")]
    public void A_least_size_is_told_in_three_digits_that_are_enough(long bytes, string told) =>
        Assert.Equal(told, MemoryText.RoundedUp(bytes));

    private static TrainingPlan Plan(int rows, int accumulate, bool recomputes, string? lora) => new()
    {
        Window = 40,
        BatchTokens = rows * 40,
        Accumulate = accumulate,
        Lora = lora is null ? null : LoraPlan.Parse(lora, "lora"),
        Settings = new TrainingSettings { RecomputesBlocks = recomputes },
    };
}
