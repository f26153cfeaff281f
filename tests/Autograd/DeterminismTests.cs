using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class DeterminismTests
{
    /// <summary>Sizes at which every verb has work for three threads.</summary>
    private const int B = 2, T = 96, C = 192, V = 1009, Heads = 6;

    [Fact]
    public void Same_bits_on_one_two_and_three_threads_and_when_run_again()
    {
        float[][] one = Run(1);
        foreach (int threads in new[] { 2, 3, 3 })
        {
            float[][] many = Run(threads);
            for (int i = 0; i < one.Length; i++) Devices.SameBits(one[i], many[i], $"{threads} threads, array {i}");
        }
    }

    /// <summary>A block of a transformer and a loss over all operations: its values, then all gradients.</summary>
    private static float[][] Run(int threads)
    {
        using var device = new CpuDevice(threads);
        var tape = new Tape();
        int seed = 0;
        Variable table = New(V, C), gain = New(C), bias = New(C), qkvWeight = New(C, 3 * C), qkvBias = New(3 * C);
        Variable up = New(C, 4 * C), upBias = New(4 * C), down = New(4 * C, C), downBias = New(C), scale = New(B * T, 1);

        int[] ids = [.. Enumerable.Range(0, B * T).Select(i => i * i % 61)]; // many repeated
        Variable x = Embedding(table, ids);
        Variable qkv = Linear(LayerNorm(x, gain, bias, 1e-5f), qkvWeight, qkvBias);
        Tensor keys = device.Zeros(new Shape(B, T + 9, C)), values = device.Zeros(new Shape(B, T + 9, C));
        (Variable mid, Variable norm) = AddLayerNorm(x, CausalAttention(qkv, Heads, keys, values, [0, 9], 0.2f), gain, bias, 1e-5f);
        Variable y = Add(mid, Linear(BiasGelu(MatMul(norm, up), upBias), down, downBias));
        Variable logits = MatMul(Scale(ScaleRows(y, scale), 0.1f), table, transposeY: true);
        Variable loss = Add(Mean(CrossEntropy(logits, ids, 0.1f)), Scale(Sum(Square(MaxZero(Subtract(y, Multiply(mid, bias))))), 1e-6f));
        Variable total = Add(loss, Mean(Dot(y, mid)));
        tape.Backward(total);

        Variable[] read = [total, logits, table, gain, bias, qkvWeight, qkvBias, up, upBias, down, downBias, scale];
        return [.. read.Select(v => v.Value.ToArray()), .. read.Select(v => v.Gradient!.ToArray())];

        Variable New(params int[] dims) => tape.Parameter(device.From([.. Devices.Values(new Shape(dims).Count, seed++).Select(e => e * 0.2f)], dims));
    }
}
