using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Gpu;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Transformer;

/// <summary>A whole model on an accelerator beside the same model on the CPU.</summary>
public sealed class GpuModelTests
{
    private static readonly string Folder = TestFiles.Golden(Path.Combine("families", "gpt2-tiny-f16-prefixed"));

    public static TheoryData<string> GpuNames => Devices.GpuNames;

    [Theory]
    [MemberData(nameof(GpuNames))]
    public void A_forward_pass_never_waits_and_generation_waits_once_per_token(string name)
    {
        using var device = (GpuDevice)Devices.Create(name);
        CausalLm model = CausalLm.Load(Folder, device);
        KvCache cache = model.NewCache(2, 12);
        long before = device.HostWaits;
        Tensor logits = model.Logits(model.Hidden(new TokenBatch([1, 2, 3, 4, 5], [6, 7, 8]), cache)).Value;
        model.Logits(model.Hidden(new TokenBatch([9], [10]), cache));
        Assert.Equal(before, device.HostWaits);
        Assert.All(logits.ToArray(), z => Assert.True(float.IsFinite(z)));

        before = device.HostWaits;
        int[] made = [.. Generator.Generate(model, [1, 2, 3], 4, endTokens: [], new SamplingOptions(Temperature: 1))];
        Assert.Equal(4, made.Length);
        Assert.Equal(before + 4, device.HostWaits);
    }

    [Theory]
    [MemberData(nameof(GpuNames))]
    public void Generation_writes_what_it_writes_on_the_cpu(string name)
    {
        using Device device = Devices.Create(name), cpu = Devices.Create("cpu-1-thread");
        CausalLm model = CausalLm.Load(Folder, device), onCpu = CausalLm.Load(Folder, cpu);
        foreach (SamplingOptions options in (SamplingOptions[])[new(), new(Temperature: 1.2f, TopP: 0.95f, Seed: 3)])
            Assert.Equal(Generator.Generate(onCpu, [5, 17, 40], 6, [], options), Generator.Generate(model, [5, 17, 40], 6, [], options));
    }

    [Theory]
    [MemberData(nameof(GpuNames))]
    public void Decoding_side_by_side_with_an_adaptor_gives_the_cpus_logits(string name)
    {
        float[] shift = Devices.Values(40);
        using Device device = Devices.Create(name), cpu = Devices.Create("cpu-1-thread");
        foreach ((float[] expected, float[] actual) in Steps(cpu).Zip(Steps(device)))
            AssertClose(expected, actual);

        List<float[]> Steps(Device on)
        {
            CausalLm model = CausalLm.Load(Folder, on);
            var shifted = new Opening(1, Site.MlpInput, Site.BlockOutput, Reach.Last, (x, output) =>
                Ops.Add(output, on.From([.. Enumerable.Range(0, x.Value.Rows).SelectMany(_ => shift)], x.Value.Rows, shift.Length)));
            var session = new DecodeSession(model, 3, 12, [shifted]);
            var logits = new List<float[]> { session.Advance(new TokenBatch([1, 2, 3], [4], [5, 6])).ToArray() };
            logits.Add(session.Advance(new TokenBatch([7], [8], [9])).ToArray());
            logits.Add(session.Advance(new TokenBatch([10], [11])).ToArray()); // the third is over
            return logits;
        }
    }

    [Theory]
    [MemberData(nameof(GpuNames))]
    public void The_tail_of_a_trace_gives_the_base_models_logits(string name)
    {
        using Device device = Devices.Create(name);
        CausalLm model = CausalLm.Load(Folder, device);
        Trace trace = Trace.Run(model, [[1, 2, 3, 4], [5, 6], [7, 8, 9]], [2, 0, 1], layer: 0);
        int[] rows = [.. Enumerable.Range(0, trace.Positions.Count)];
        AssertClose(trace.BaseLogits().ToArray(), trace.TailOf(rows)(trace.Hidden).Value.ToArray());
    }

    /// <summary>Relative to the largest, as golden logits are compared, and tighter.</summary>
    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double bound = 1e-5 * expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++) Assert.InRange(actual[i] - (double)expected[i], -bound, bound);
    }
}
