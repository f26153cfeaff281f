using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>Operands: x <c>[R,n]</c>, the element at the index <c>[R,1]</c>.</summary>
internal readonly struct PickRow : IRowOp
{
    public static void Apply(RowOperands row) => row[1][0] = row[0][row.Index];

    public static void Apply(GroupRow row)
    {
        if (GroupRow.Thread == 0) row[1][0] = row[0][row.Index];
    }
}
