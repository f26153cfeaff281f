using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class DeterminismTests
{
    /// <summary>B sequences of T positions, C channels, V tokens, H heads.</summary>
    private sealed record Sizes(int B, int T, int C, int V, int H);

    [Fact]
    public void Same_bits_on_one_two_and_three_threads_and_when_run_again()
    {
        var sizes = new Sizes(2, 96, 192, 1009, 6); // every verb has work for three threads
        float[][] one = Run(new CpuDevice(1), sizes);
        foreach (int threads in new[] { 2, 3, 3 })
        {
            float[][] many = Run(new CpuDevice(threads), sizes);
            for (int i = 0; i < one.Length; i++) Devices.SameBits(one[i], many[i], $"{threads} threads, array {i}");
        }
    }

    [Theory]
    [MemberData(nameof(Devices.GpuNames), MemberType = typeof(Devices))]
    public void Same_bits_on_a_gpu_when_run_again_and_nearly_those_of_the_cpu(string name)
    {
        Sizes sizes = name == Devices.Simulation ? new(2, 7, 36, 61, 3) : new(2, 96, 192, 1009, 6);
        float[][] once = Run(Devices.Create(name), sizes), again = Run(Devices.Create(name), sizes), cpu = Run(new CpuDevice(2), sizes);
        for (int i = 0; i < once.Length; i++)
        {
            Devices.SameBits(once[i], again[i], $"array {i}");
            GradientCheck.Close(Array.ConvertAll(cpu[i], e => (double)e), once[i], 1e-4, $"array {i} beside the CPU's");
        }
    }

    /// <summary>A block of a transformer and a loss over all operations: its values, then all gradients.</summary>
    private static float[][] Run(Device opened, Sizes sizes)
    {
        using Device device = opened;
        (int B, int T, int C, int V, int Heads) = sizes;
        var tape = new Tape();
        int seed = 0;
        Variable table = New(V, C), gain = New(C), bias = New(C), qkvWeight = New(C, 3 * C), qkvBias = New(3 * C);
        Variable up = New(C, 4 * C), upBias = New(4 * C), down = New(4 * C, C), downBias = New(C), scale = New(B * T, 1);

        int[] ids = [.. Enumerable.Range(0, B * T).Select(i => i * i % 61)]; // many repeated
        Variable x = Embedding(table, ids);
        Variable qkv = Linear(LayerNorm(x, gain, bias, 1e-5f), qkvWeight, qkvBias);
        Tensor keys = device.Zeros(new Shape(B, T + 9, C)), values = device.Zeros(new Shape(B, T + 9, C));
        (Variable mid, Variable norm) = AddLayerNorm(x, CausalAttention(qkv, Heads, keys, values, [0, 9], 0.2f), gain, bias, 1e-5f);
        Variable y = Add(mid, Linear(BiasActivate(MatMul(norm, up), upBias, Activation.GeluTanh), down, downBias));
        Variable logits = MatMul(Scale(ScaleRows(y, scale), 0.1f), table, transposeY: true);
        Variable loss = Add(Mean(CrossEntropy(logits, ids, 0.1f)), Scale(Sum(Square(MaxZero(Subtract(y, Multiply(mid, bias))))), 1e-6f));
        Variable total = Add(loss, Mean(Dot(y, mid)));
        tape.Backward(total);

        Variable[] read = [total, logits, table, gain, bias, qkvWeight, qkvBias, up, upBias, down, downBias, scale];
        return [.. read.Select(v => v.Value.ToArray()), .. read.Select(v => v.Gradient!.ToArray())];

        Variable New(params int[] dims) =>
            tape.Parameter(device.From([.. Devices.Values(new Shape(dims).Count, seed++).Select(e => e * 0.2f)], dims));
    }
}
