using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

/// <summary>What is done with the gradients of many parameters between the backward pass and the optimizer's step.</summary>
public static class Gradients
{
    /// <summary>
    /// The length of several gradients as one vector, by which they are clipped together (Pascanu et al. 2013): squares are summed in
    /// float32 within a row, in double over the rows, in their order.
    /// </summary>
    public static double Norm(params IEnumerable<Tensor> gradients)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        double sum = 0;
        foreach (Tensor gradient in gradients)
        {
            using BufferScope scope = gradient.Device.Scope();
            Tensor rows = gradient.Reshape(gradient.Rows, gradient.Columns), squares = gradient.Device.Allocate(gradient.Rows, 1);
            gradient.Device.Rows<DotRow>(gradient.Rows, [], 0, rows, rows, squares);
            foreach (float square in squares.ToArray()) sum += square;
        }

        return Math.Sqrt(sum);
    }

    /// <summary>Adds the gradients of another batch to those of earlier ones, in place.</summary>
    /// <param name="sums">Changed; nobody else's.</param>
    /// <param name="more">Of the same shapes, in the same order.</param>
    /// <exception cref="ArgumentException">Their numbers differ.</exception>
    public static void Accumulate(IReadOnlyList<Tensor> sums, IReadOnlyList<Tensor> more)
    {
        ArgumentNullException.ThrowIfNull(sums);
        ArgumentNullException.ThrowIfNull(more);
        if (sums.Count != more.Count) throw new ArgumentException($"Accumulate: {sums.Count} sums, {more.Count} gradients.");
        for (int i = 0; i < sums.Count; i++) sums[i].Device.Map<AddOp>(sums[i], more[i], sums[i]);
    }
}
