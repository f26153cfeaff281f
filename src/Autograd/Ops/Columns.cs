using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>Some columns of x <c>[R,C]</c>, side by side as they stand there: y <c>[R,count]</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are not all there.</exception>
    public static Variable Columns(Variable x, int first, int count)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (first < 0 || count < 1 || first + count > x.Value.Columns)
            throw new ArgumentOutOfRangeException(nameof(first), $"Columns: {first} to {first + count} of {x.Shape}.");
        Tensor y = x.Device.Allocate(x.Value.Rows, count);
        x.Device.Copy(Part(x.Value), y);
        return Tape.Record(y, [x], dY => x.AddToGradient((dX, adds) =>
        {
            if (!adds) x.Device.Fill(dX, 0);
            Tensor sum = x.Device.Allocate(y.Shape);
            x.Device.Copy(Part(dX), sum);
            x.Device.Map<AddOp>(sum, dY, sum);
            x.Device.Copy(sum, Part(dX));
        }));

        MatrixView Part(Tensor whole) => MatrixView.Of(whole) with { Offset = first, Columns = count };
    }
}
