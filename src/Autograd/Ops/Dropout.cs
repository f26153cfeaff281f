using ILGPU;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>
    /// y = x·mask/(1 - share), where each element of the mask is 0 with probability <paramref name="share"/> and 1 otherwise
    /// (Srivastava et al. 2014). Which are 0 is a function of seed, row and column: nothing is kept for the backward pass, and the
    /// same call drops the same elements on any device.
    /// </summary>
    /// <param name="x">Any shape.</param>
    /// <param name="share">0 to below 1; with 0 the result is <paramref name="x"/> itself.</param>
    /// <param name="seed">Another one for each place and step.</param>
    /// <exception cref="ArgumentOutOfRangeException">The share is not from 0 to below 1.</exception>
    public static Variable Dropout(Variable x, float share, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentOutOfRangeException.ThrowIfNegative(share);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(share, 1);
        if (share == 0) return x;
        return Tape.Record(Dropped(x.Value, share, seed), [x], dY => x.AddGradient(Dropped(dY, share, seed)));
    }

    /// <summary>x <c>[R,C]</c> with the elements that belong to the seed left out, the others larger by what they lost.</summary>
    private static Tensor Dropped(Tensor x, float share, ulong seed)
    {
        int[] rows = new int[x.Rows];
        var rng = new Rng(seed);
        for (int r = 0; r < rows.Length; r++) rows[r] = (int)rng.NextUInt64();
        Tensor y = x.Device.Allocate(x.Shape);
        x.Device.Rows<DropoutRow>(x.Rows, rows, share, x, y);
        return y;
    }
}

/// <summary>Operands: x, y. The index is the row's seed, the scalar the share that is dropped.</summary>
internal readonly struct DropoutRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        Span<float> x = row[0], y = row[1];
        uint seed = (uint)row.Index;
        float share = row.Scalar, scale = 1 / (1 - share);
        for (int c = 0; c < x.Length; c++) y[c] = Uniform(seed, c) < share ? 0 : x[c] * scale;
    }

    public static void Apply(GroupRow row)
    {
        ArrayView<float> x = row[0], y = row[1];
        uint seed = (uint)row.Index;
        float share = row.Scalar, scale = 1 / (1 - share);
        for (int c = GroupRow.Thread; c < x.IntLength; c += GroupRow.Threads) y[c] = Uniform(seed, c) < share ? 0 : x[c] * scale;
    }

    /// <summary>A number from [0, 1), a multiple of 2⁻²⁴: MurmurHash3's finalizer (Appleby 2011) of seed and column.</summary>
    private static float Uniform(uint seed, int column)
    {
        unchecked
        {
            uint h = seed + (uint)column * 0x9E3779B9;
            h = (h ^ (h >> 16)) * 0x85EBCA6B;
            h = (h ^ (h >> 13)) * 0xC2B2AE35;
            return ((h ^ (h >> 16)) >> 8) * (1f / (1 << 24));
        }
    }
}
