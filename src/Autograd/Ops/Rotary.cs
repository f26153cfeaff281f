using ILGPU;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>
    /// Rotary position embedding (Su et al. 2021) of queries and keys: in each head, the first R of D channels are pairs
    /// (x₀, x₁), (x₂, x₃), … which turn by the angle of their position and pair,
    /// <c>(a, b) → (a·cos - b·sin, b·cos + a·sin)</c>. A score then depends on how far apart two positions are. Values, and
    /// channels beyond R, stay as they are.
    /// </summary>
    /// <param name="qkv">Queries, keys, values side by side: <c>[B·T,3C]</c>.</param>
    /// <param name="heads">H; each head is D = C/H wide.</param>
    /// <param name="table">Row p holds cos and sin of each pair's angle at position p, in turn: <c>[positions,R]</c>.</param>
    /// <param name="past">Earlier positions per sequence; B = its length.</param>
    /// <returns><c>[B·T,3C]</c>.</returns>
    /// <exception cref="ArgumentException">Shapes disagree, or R is odd or wider than a head.</exception>
    public static Variable Rotary(Variable qkv, int heads, Tensor table, ReadOnlySpan<int> past)
    {
        ArgumentNullException.ThrowIfNull(qkv);
        ArgumentNullException.ThrowIfNull(table);
        int rows = qkv.Value.Rows, C = qkv.Value.Columns / 3;
        if (heads <= 0 || qkv.Value.Columns != 3 * C || C % heads != 0)
            throw new ArgumentException($"Rotary: {qkv.Shape} does not split into q, k, v of {heads} heads.");
        if (past.Length == 0 || rows % past.Length != 0) throw new ArgumentException($"Rotary: {rows} rows for {past.Length} sequences.");
        int D = C / heads;
        if (table.Columns % 2 != 0 || table.Columns > D)
            throw new ArgumentException(
                $"Rotary: a table of {table.Columns} columns, expected an even number up to the {D} channels of a head.");

        int[] positions = new int[rows];
        int T = rows / past.Length;
        for (int r = 0; r < rows; r++) positions[r] = Math.Min(past[r / T] + r % T, table.Rows - 1); // padding may reach past the table
        Device device = qkv.Device;
        Tensor angles = device.Allocate(rows, table.Columns), y = device.Allocate(qkv.Shape);
        device.Gather(table, positions, angles);
        device.Rows<RotateRow>(rows, [], D, qkv.Value, angles, y);
        return Tape.Record(y, [qkv], dY => // a rotation's inverse is its transpose: the same by minus the angle
        {
            Tensor dX = device.Allocate(qkv.Shape);
            device.Rows<RotateBackRow>(rows, [], D, dY, angles, dX);
            qkv.AddGradient(dX);
        });
    }
}

/// <summary>
/// Rotates pairs of queries and keys. Operands: x <c>[R,3C]</c>, cos and sin in turn, y; the scalar is the width of a head.
/// </summary>
internal readonly struct RotateRow : IRowOp
{
    public static void Apply(RowOperands row) => Turn(row, 1);

    public static void Apply(GroupRow row) => Turn(row, 1);

    public static void Turn(RowOperands row, float direction)
    {
        Span<float> x = row[0], angles = row[1], y = row[2];
        int D = (int)row.Scalar;
        x.CopyTo(y);
        for (int head = 0; head < x.Length / 3 * 2; head += D)
        {
            for (int i = 0; i < angles.Length; i += 2)
            {
                (float a, float b, float cos, float sin) = (x[head + i], x[head + i + 1], angles[i], direction * angles[i + 1]);
                (y[head + i], y[head + i + 1]) = (a * cos - b * sin, b * cos + a * sin);
            }
        }
    }

    public static void Turn(GroupRow row, float direction)
    {
        ArrayView<float> x = row[0], angles = row[1], y = row[2];
        int D = (int)row.Scalar, turned = x.IntLength / 3 * 2;
        for (int c = GroupRow.Thread; c < x.IntLength; c += GroupRow.Threads)
        {
            int i = c % D;
            if (c >= turned || i >= angles.IntLength) y[c] = x[c];
            else if (i % 2 == 0) y[c] = x[c] * angles[i] - x[c + 1] * (direction * angles[i + 1]);
            else y[c] = x[c] * angles[i - 1] + x[c - 1] * (direction * angles[i]);
        }
    }
}

/// <summary>The inverse of <see cref="RotateRow"/>, with the same operands.</summary>
internal readonly struct RotateBackRow : IRowOp
{
    public static void Apply(RowOperands row) => RotateRow.Turn(row, -1);

    public static void Apply(GroupRow row) => RotateRow.Turn(row, -1);
}
