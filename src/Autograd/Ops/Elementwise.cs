using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>y = f(x) element by element, whose backward pass is dX = f'(x) · dY.</summary>
    /// <typeparam name="TOp">f.</typeparam>
    /// <typeparam name="TBackward">f'(x) · dY from x and dY.</typeparam>
    private static Variable Elementwise<TOp, TBackward>(Variable x)
        where TOp : struct, IUnaryOp
        where TBackward : struct, IBinaryOp
    {
        ArgumentNullException.ThrowIfNull(x);
        Tensor y = x.Device.Allocate(x.Shape);
        x.Device.Map<TOp>(x.Value, y);
        return Tape.Record(y, [x], dY =>
        {
            Tensor dX = x.Device.Allocate(x.Shape);
            x.Device.Map<TBackward>(x.Value, dY, dX);
            x.AddGradient(dX);
        });
    }
}
