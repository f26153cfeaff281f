using System.Diagnostics;
using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.LinearAlgebra;
using Sharpformer.Transformer;

namespace Sharpformer.Editing;

/// <summary>How fast this machine is at what teaching does, measured in a second or two.</summary>
internal static class PassSpeed
{
    private const int SequenceLength = 16, Runs = 40, HostSize = 512;

    private const double MostFlops = 2e10, EnoughSeconds = 0.7;

    /// <summary>Operations a second of passes there and back through the model's last blocks.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokensAtOnce">How many tokens pass together.</param>
    /// <param name="cancellation">Checked between passes.</param>
    public static double OfModel(CausalLm model, int tokensAtOnce, CancellationToken cancellation)
    {
        int B = Math.Max(1, tokensAtOnce / SequenceLength), T = Math.Min(Math.Max(1, tokensAtOnce / B), model.Config.NPositions);
        var costs = new ModelCosts(model.Config);
        int blocks = (int)Math.Clamp(MostFlops / (B * T * costs.Block), 1, model.Blocks.Count);
        var tokens = new TokenBatch([.. Enumerable.Range(0, B).Select(_ => new int[T])]);
        int[] ends = [.. Enumerable.Range(0, B).Select(b => (b * T) + T - 1)];
        Tensor below = model.Embed(tokens, new int[B]).Value;
        double seconds = Mean(() => Pass(model, model.Blocks.Count - blocks, below, tokens, ends), cancellation);
        return costs.ThereAndBack(B * T, blocks, B) / seconds;
    }

    /// <summary>Operations a second of a float64 factorisation.</summary>
    public static double OfHost(CpuDevice host, CancellationToken cancellation)
    {
        var matrix = new SymmetricMatrix(HostSize);
        matrix.AddToDiagonal(1);
        return (double)HostSize * HostSize * HostSize / 3 / Mean(() => Cholesky.Factor(matrix, host), cancellation);
    }

    private static void Pass(CausalLm model, int first, Tensor below, TokenBatch tokens, int[] ends)
    {
        using BufferScope scope = model.Device.Scope();
        var tape = new Tape();
        Variable input = tape.Parameter(below);
        Variable hidden = model.HiddenFrom(first, input, tokens, model.NewCache(tokens.B, tokens.T, model.Blocks.Count), rows: ends);
        tape.Backward(Ops.Sum(Ops.CrossEntropy(model.Logits(hidden), new int[ends.Length])));
        _ = input.Gradient!.Slice(0, 1).ToArray(); // the way to wait for it
    }

    /// <summary>Seconds that some work takes, the mean: whatever else runs on the machine will do so later, too.</summary>
    private static double Mean(Action work, CancellationToken cancellation)
    {
        work(); // which the compiler has not seen yet
        long start = Stopwatch.GetTimestamp();
        for (int runs = 1; ; runs++)
        {
            cancellation.ThrowIfCancellationRequested();
            work();
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (runs == Runs || seconds > EnoughSeconds) return seconds / runs;
        }
    }
}
