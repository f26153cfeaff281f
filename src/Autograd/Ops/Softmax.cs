using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>Each row as probabilities: p[r,:] = exp(x[r,:]) / Σ exp(x[r,:]).</summary>
    public static Variable Softmax(Variable x)
    {
        ArgumentNullException.ThrowIfNull(x);
        (Device device, int rows) = (x.Device, x.Value.Rows);
        int[] all = new int[rows];
        Array.Fill(all, x.Value.Columns);
        Tensor p = device.Allocate(x.Shape);
        device.Copy(x.Value, p);
        device.Rows<CausalSoftmaxRow>(rows, all, 1, p);
        return Tape.Record(p, [x], dP =>
        {
            Tensor dX = device.Allocate(x.Shape);
            device.Copy(dP, dX);
            device.Rows<SoftmaxBackwardRow>(rows, all, 1, p, dX);
            x.AddGradient(dX);
        });
    }
}
