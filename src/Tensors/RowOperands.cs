namespace Sharpformer.Tensors;

/// <summary>
/// What a row functor sees: one row of each operand of <see cref="Device.Rows{TOp}"/>. An operand of rank 1 is
/// shared by all rows; any other gives the row this call is about.
/// </summary>
public readonly unsafe ref struct RowOperands
{
    private readonly ReadOnlySpan<RowOperand> operands;
    private readonly int row;

    internal RowOperands(ReadOnlySpan<RowOperand> operands, int row, int index, float scalar)
    {
        this.operands = operands;
        this.row = row;
        Index = index;
        Scalar = scalar;
    }

    /// <summary>This row's integer: a target id, or how many columns are visible. 0 where none was given.</summary>
    public int Index { get; }

    /// <summary>The number given to all rows, for example epsilon.</summary>
    public float Scalar { get; }

    /// <summary>This row of operand <paramref name="operand"/>.</summary>
    public Span<float> this[int operand]
    {
        get
        {
            ref readonly RowOperand o = ref operands[operand];
            return new Span<float>(o.Data + (o.Shared ? 0 : (long)row * o.Columns), o.Columns);
        }
    }
}

/// <summary>Where an operand's rows lie in host memory.</summary>
internal readonly unsafe struct RowOperand(float* data, int columns, bool shared)
{
    public readonly float* Data = data;
    public readonly int Columns = columns;
    public readonly bool Shared = shared;
}
