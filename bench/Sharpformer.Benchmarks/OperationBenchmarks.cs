using BenchmarkDotNet.Attributes;
using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Benchmarks;

/// <summary>The operations between the products, at the sizes of the 124M model with 64 prompts of 20 tokens.</summary>
public class OperationBenchmarks
{
    private const int B = 64, T = 20, C = 768, H = 12, V = 50257, Rows = 512;

    private Tensor x = null!, inner = null!, gain = null!, bias = null!, qkv = null!, keys = null!, values = null!;
    private Tensor scores = null!, logits = null!;
    private int[] past = [], visible = [], targets = [];

    /// <summary>Makes the operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        (x, inner, gain, bias) = (Operands.Random(B * T, C), Operands.Random(B * T, 4 * C), Operands.Random(C), Operands.Random(C));
        (qkv, keys, values) = (Operands.Random(B * T, 3 * C), Operands.Random(B, T, C), Operands.Random(B, T, C));
        (scores, logits) = (Operands.Random(B * H * T, T), Operands.Random(Rows, V));
        past = new int[B];
        visible = [.. Enumerable.Range(0, B * H * T).Select(row => row % T + 1)];
        targets = [.. Enumerable.Range(0, Rows).Select(row => row * 97 % V)];
    }

    /// <summary>[1280,768].</summary>
    [Benchmark]
    public void LayerNorm() => Scoped(() => Ops.LayerNorm(x, gain, bias, 1e-5f));

    /// <summary>[1280,3072].</summary>
    [Benchmark]
    public void GeluTanh() => Scoped(() => Ops.Activate(inner, Activation.GeluTanh));

    /// <summary>[15360,20], half of it visible, in place.</summary>
    [Benchmark]
    public void CausalSoftmax() => Operands.Device.Rows<CausalSoftmaxRow>(visible.Length, visible, 0.125f, scores);

    /// <summary>64 sequences of 20, 12 heads.</summary>
    [Benchmark]
    public void CausalAttention() => Scoped(() => Ops.CausalAttention(qkv, H, keys, values, past, 0.125f));

    /// <summary>[512,50257].</summary>
    [Benchmark]
    public void CrossEntropy() => Scoped(() => Ops.CrossEntropy(logits, targets));

    /// <summary>[512,50257] and the gradient of the logits.</summary>
    [Benchmark]
    public void CrossEntropyAndGradient() => Scoped(() =>
    {
        var tape = new Tape();
        Variable loss = Ops.Sum(Ops.CrossEntropy(tape.Parameter(logits), targets));
        tape.Backward(loss);
        return loss;
    });

    private static void Scoped(Func<Variable> operation)
    {
        using BufferScope scope = Operands.Device.Scope();
        operation();
    }
}

/// <summary>One step of the optimizer over as many parameters as 256 neurons of GPT-2 XL have.</summary>
public class AdamWBenchmarks
{
    private readonly AdamW optimizer = new(learningRate: 1e-6f, weightDecay: 0.01f);
    private Tensor gradient = null!;

    /// <summary>Makes the operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        gradient = Operands.Random(512, 1600);
        optimizer.Add(Operands.Random(512, 1600));
    }

    /// <summary>[512,1600].</summary>
    [Benchmark]
    public void Step()
    {
        using BufferScope scope = Operands.Device.Scope();
        optimizer.Step(gradient);
    }
}
