using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using TorchSharp;
using static TorchSharp.torch.nn;
using OurTensor = Sharpformer.Tensors.Tensor;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Sharpformer.Peers;

/// <summary>Single operations: matrix products and the loops over rows.</summary>
/// <param name="device">The engine's device.</param>
/// <param name="alternation">How to time.</param>
internal sealed class KernelRows(CpuDevice device, Alternation alternation)
{
    private readonly Rng rng = new(1);

    /// <summary>All of them, as they are measured.</summary>
    public IEnumerable<Row> All()
    {
        // Extents are m, n, k: 64 prompts of 20 tokens less padding through the MLP of the 124M model, up and down.
        foreach ((int m, int n, int k) in ((int, int, int)[])[(1248, 3072, 768), (1248, 768, 3072), (2304, 2304, 2304)])
        {
            yield return Product(m, n, k);
            yield return HalfWeights(m, n, k);
        }

        foreach (int m in (int[])[1, 2, 4, 8, 16]) yield return Skinny(m, 3072, 768);
        yield return LayerNorm(1280, 768);
        yield return Gelu(1280, 3072);
        yield return Softmax(1280, 1024);
        yield return Softmax(15360, 64);
        yield return CrossEntropy(512, 50257);
        yield return CrossEntropyWithGradient(512, 50257);
    }

    private Row Product(int m, int n, int k)
    {
        (OurTensor a, TorchTensor A) = Both(m, k);
        (OurTensor b, TorchTensor B) = Both(k, n);
        OurTensor c = device.AllocateUnscoped(new Shape(m, n));
        device.Gemm(a, b, c);
        Agree("product", c, torch.mm(A, B));
        return alternation.Time(
            $"SGEMM {m}x{n}x{k} (m, n, k)", "GFLOP", 2e-9 * m * n * k, () => device.Gemm(a, b, c), () => torch.mm(A, B).Dispose(), 1.05);
    }

    /// <summary>Weights of a checkpoint: F16 against float32, both ours.</summary>
    private Row HalfWeights(int m, int n, int k)
    {
        (OurTensor a, _) = Both(m, k);
        float[] values = Values((long)k * n);
        OurTensor whole = Stored(values, DType.F32, k, n), half = Stored(values, DType.F16, k, n);
        OurTensor c = device.AllocateUnscoped(new Shape(m, n));
        return alternation.Time($"GEMM {m}x{n}x{k}, F16 weights against our own float32", "GFLOP", 2e-9 * m * n * k,
            () => device.Gemm(a, half, c), () => device.Gemm(a, whole, c), 0.9, "ours, F32");
    }

    private Row Skinny(int m, int n, int k)
    {
        (OurTensor a, TorchTensor A) = Both(m, k);
        float[] values = Values((long)k * n);
        OurTensor b = Stored(values, DType.F32, k, n);
        TorchTensor B = torch.tensor(values, [k, n]);
        OurTensor c = device.AllocateUnscoped(new Shape(m, n));
        device.Gemm(a, b, c);
        Agree("skinny product", c, torch.mm(A, B));
        return alternation.Time(
            $"GEMM {m}x{n}x{k}, stored F32 weights", "GFLOP", 2e-9 * m * n * k,
            () => device.Gemm(a, b, c), () => torch.mm(A, B).Dispose(), null);
    }

    private Row LayerNorm(int rows, int columns)
    {
        (OurTensor x, TorchTensor X) = Both(rows, columns);
        (OurTensor gain, TorchTensor Gain) = Both(columns);
        (OurTensor bias, TorchTensor Bias) = Both(columns);
        return Timed($"layer norm {rows}x{columns}", rows * columns,
            () => Ops.LayerNorm(x, gain, bias, 1e-5f).Value, () => functional.layer_norm(X, [columns], Gain, Bias, 1e-5), 1.5);
    }

    private Row Gelu(int rows, int columns)
    {
        (OurTensor x, TorchTensor X) = Both(rows, columns);
        return Timed(
            $"GELU (tanh) {rows}x{columns}", rows * columns,
            () => Ops.Activate(x, Activation.GeluTanh).Value,
            () => functional.gelu(X, TorchSharp.Modules.GELU.Approximate.tanh), 1.5);
    }

    /// <summary>Every column visible. Ours works in place, as attention uses it; probabilities take the time that scores take.</summary>
    private Row Softmax(int rows, int columns)
    {
        (OurTensor x, TorchTensor X) = Both(rows, columns);
        int[] visible = [.. Enumerable.Repeat(columns, rows)];
        device.Rows<CausalSoftmaxRow>(rows, visible, 1, x);
        Agree("softmax", x, functional.softmax(X, 1));
        return alternation.Time($"softmax rows {rows}x{columns}", "Melement", 1e-6 * rows * columns,
            () => device.Rows<CausalSoftmaxRow>(rows, visible, 1, x), () => functional.softmax(X, 1).Dispose(), 1.5);
    }

    private Row CrossEntropy(int rows, int columns)
    {
        (OurTensor x, TorchTensor X) = Both(rows, columns);
        int[] targets = [.. Enumerable.Range(0, rows).Select(_ => rng.NextInt(columns))];
        TorchTensor Targets = torch.tensor(Array.ConvertAll(targets, t => (long)t));
        return Timed($"cross-entropy {rows}x{columns}", rows * columns,
            () => Ops.CrossEntropy(x, targets).Value, () => functional.cross_entropy(X, Targets, reduction: Reduction.None), 1.5);
    }

    private Row CrossEntropyWithGradient(int rows, int columns)
    {
        (OurTensor x, TorchTensor X) = Both(rows, columns);
        X.requires_grad_(true);
        int[] targets = [.. Enumerable.Range(0, rows).Select(_ => rng.NextInt(columns))];
        TorchTensor Targets = torch.tensor(Array.ConvertAll(targets, t => (long)t));
        return Timed($"cross-entropy {rows}x{columns} and its gradient", rows * columns, Ours, Peer, null);

        OurTensor Ours()
        {
            var tape = new Tape();
            Variable logits = tape.Parameter(x);
            tape.Backward(Ops.Sum(Ops.CrossEntropy(logits, targets)));
            return logits.Gradient!;
        }

        TorchTensor Peer()
        {
            using IDisposable gradients = torch.enable_grad();
            X.grad?.Dispose();
            X.grad = null;
            functional.cross_entropy(X, Targets, reduction: Reduction.Sum).backward();
            return X.grad!.alias();
        }
    }

    private Row Timed(string work, int elements, Func<OurTensor> ours, Func<TorchTensor> peer, double? goal)
    {
        using (device.Scope())
        using (torch.NewDisposeScope())
            Agree(work, ours(), peer());
        return alternation.Time(work, "Melement", 1e-6 * elements, Ours, Peer, goal);

        void Ours()
        {
            using BufferScope scope = device.Scope();
            ours();
        }

        void Peer()
        {
            using var scope = torch.NewDisposeScope();
            peer();
        }
    }

    /// <summary>What is timed must be the same thing.</summary>
    internal static void Agree(string work, OurTensor ours, TorchTensor peer) =>
        Agreeing.Check(work, ours.ToArray(), peer.detach().data<float>().ToArray());

    private OurTensor Stored(float[] values, DType dtype, int rows, int columns)
    {
        byte[] bytes = new byte[values.Length * dtype.Size()];
        for (int i = 0; i < values.Length; i++)
        {
            if (dtype == DType.F32) BitConverter.TryWriteBytes(bytes.AsSpan(4 * i), values[i]);
            else BitConverter.TryWriteBytes(bytes.AsSpan(2 * i), (Half)values[i]);
        }

        return device.Load(MappedBytes.Copy(bytes), dtype, new Shape(rows, columns));
    }

    private (OurTensor Ours, TorchTensor Peer) Both(params ReadOnlySpan<int> dims)
    {
        OurTensor ours = device.AllocateUnscoped(new Shape(dims));
        float[] values = Values(ours.Count);
        device.Upload(values, ours);
        return (ours, torch.tensor(values, Array.ConvertAll(dims.ToArray(), dim => (long)dim)));
    }

    private float[] Values(long count)
    {
        float[] values = new float[count];
        for (int i = 0; i < values.Length; i++) values[i] = (float)(2 * rng.NextDouble() - 1);
        return values;
    }
}
