using System.Runtime.InteropServices;

namespace Sharpformer.Tensors.Gpu;

/// <summary>Four float32 in registers; in memory 16 bytes, which a thread reads or writes in one go where they are aligned.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct Four(float x, float y, float z, float w)
{
    public readonly float X = x, Y = y, Z = z, W = w;

    /// <summary>This + a·b: the next link of four chains.</summary>
    public Four Plus(float a, Four b) => new(X + a * b.X, Y + a * b.Y, Z + a * b.Z, W + a * b.W);

    public Four Plus(Four other) => new(X + other.X, Y + other.Y, Z + other.Z, W + other.W);
}

/// <summary>Four 16-bit numbers, in memory 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct FourHalves(uint low, uint high)
{
    public readonly uint Low = low, High = high;
}

/// <summary>4 × 4 sums of a product. ILGPU takes structs apart, so each lies in a register.</summary>
internal readonly struct Block4(Four row0, Four row1, Four row2, Four row3)
{
    public readonly Four Row0 = row0, Row1 = row1, Row2 = row2, Row3 = row3;

    /// <summary>This + the outer product of a column and a row.</summary>
    public Block4 Plus(Four a, Four b) => new(Row0.Plus(a.X, b), Row1.Plus(a.Y, b), Row2.Plus(a.Z, b), Row3.Plus(a.W, b));
}

/// <summary>8 × 8 sums of a product, in quarters.</summary>
internal readonly struct Block8(Block4 upperLeft, Block4 upperRight, Block4 lowerLeft, Block4 lowerRight)
{
    public readonly Block4 UpperLeft = upperLeft, UpperRight = upperRight, LowerLeft = lowerLeft, LowerRight = lowerRight;

    /// <summary>This + the outer product of a column and a row, each in halves.</summary>
    public Block8 Plus(Four aUpper, Four aLower, Four bLeft, Four bRight) => new(
        UpperLeft.Plus(aUpper, bLeft), UpperRight.Plus(aUpper, bRight), LowerLeft.Plus(aLower, bLeft), LowerRight.Plus(aLower, bRight));
}
