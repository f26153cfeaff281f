using ILGPU;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Tensors;

/// <summary>
/// What a row functor sees on a GPU: one row of each operand of <see cref="Device.Rows{TOp}"/>, and the group of threads that
/// works on it. All threads run the functor; each takes every <see cref="Threads"/>-th column from <see cref="Thread"/> on, and all
/// of them meet in <see cref="Sum(float)"/> and <see cref="Max"/>, which none may leave out.
/// </summary>
public readonly struct GroupRow
{
    private readonly GroupOperands operands;
    private readonly ArrayView<float> scratch;
    private readonly int row;

    internal GroupRow(GroupOperands operands, int row, ArrayView<float> scratch)
    {
        this.operands = operands;
        this.row = row;
        this.scratch = scratch;
    }

    /// <summary>This row's integer: a target id, or how many columns are visible. 0 where none was given.</summary>
    public int Index => operands.Index.Length > 0 ? operands.Index[row] : 0;

    /// <summary>The number given to all rows, for example epsilon.</summary>
    public float Scalar => operands.Scalar;

    /// <summary>Which of the group's threads this is; the first column it takes.</summary>
    public static int Thread => Group.IdxX;

    /// <summary>Threads of the group: a power of two, and the step from one column to the next.</summary>
    public static int Threads => Group.DimX;

    /// <summary>This row of operand <paramref name="operand"/>; the number must be a constant, as it chooses among registers.</summary>
    public ArrayView<float> this[int operand] => (operand switch
    {
        0 => operands.Operand0,
        1 => operands.Operand1,
        2 => operands.Operand2,
        3 => operands.Operand3,
        4 => operands.Operand4,
        5 => operands.Operand5,
        _ => operands.Operand6,
    }).Row(row);

    /// <summary>The sum of what all threads give, added in the same order every time. Writes before it are seen after it.</summary>
    public float Sum(float mine)
    {
        Group.Barrier(); // whoever is still reading an earlier result
        scratch[Group.IdxX] = mine;
        Group.Barrier();
        for (int half = Group.DimX / 2; half > 0; half /= 2)
        {
            if (Group.IdxX < half) scratch[Group.IdxX] += scratch[Group.IdxX + half];
            Group.Barrier();
        }

        return scratch[0];
    }

    /// <summary>
    /// The sum of what all threads give, each in two parts of which the second is what rounding took from the first: as good as
    /// in double, which some accelerators lack.
    /// </summary>
    public float Sum(float mine, float rest)
    {
        int place = Group.IdxX, rests = RowKernels.MostThreads;
        Group.Barrier();
        (scratch[place], scratch[rests + place]) = (mine, rest);
        Group.Barrier();
        for (int half = Group.DimX / 2; half > 0; half /= 2)
        {
            if (place < half)
            {
                float lost = scratch[rests + place] + scratch[rests + place + half];
                (mine, rest) = Added(scratch[place], scratch[place + half]);
                (scratch[place], scratch[rests + place]) = (mine, rest + lost);
            }

            Group.Barrier();
        }

        float sum = scratch[0];
        return sum - sum == 0 ? sum + scratch[rests] : sum; // an infinite sum has no meaningful rest
    }

    /// <summary>x + y and what rounding takes from it, exactly (Knuth, The Art of Computer Programming 2, 4.2.2).</summary>
    public static (float Sum, float Lost) Added(float x, float y)
    {
        float sum = x + y, fromY = sum - x;
        return (sum, x - (sum - fromY) + (y - fromY));
    }

    /// <summary>The largest of what all threads give. Writes before it are seen after it.</summary>
    public float Max(float mine)
    {
        Group.Barrier();
        scratch[Group.IdxX] = mine;
        Group.Barrier();
        for (int half = Group.DimX / 2; half > 0; half /= 2)
        {
            if (Group.IdxX < half && scratch[Group.IdxX + half] > scratch[Group.IdxX]) scratch[Group.IdxX] = scratch[Group.IdxX + half];
            Group.Barrier();
        }

        return scratch[0];
    }
}

/// <summary>An operand's rows in the accelerator's memory.</summary>
internal readonly struct GroupOperand(ArrayView<float> data, int columns, bool shared)
{
    private readonly ArrayView<float> data = data;
    private readonly int columns = columns;
    private readonly int isShared = shared ? 1 : 0;

    public ArrayView<float> Row(int row) => data.SubView(isShared != 0 ? 0 : (long)row * columns, columns);
}

/// <summary>All that a row kernel is given.</summary>
internal struct GroupOperands
{
    /// <summary>Operands at most.</summary>
    public const int Most = 7;

    public GroupOperand Operand0, Operand1, Operand2, Operand3, Operand4, Operand5, Operand6;

    /// <summary>One integer per row, or empty.</summary>
    public ArrayView<int> Index;

    public float Scalar;

    public int Rows;
}
