using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>Tensors that a network begins with; no scope ends them.</summary>
internal static class NewTensor
{
    /// <summary>One number everywhere.</summary>
    public static Tensor Of(Device device, float value, params ReadOnlySpan<int> dims)
    {
        Tensor tensor = device.AllocateUnscoped(new Shape(dims));
        device.Fill(tensor, value);
        return tensor;
    }

    /// <summary>Numbers drawn evenly between -bound and bound.</summary>
    public static Tensor Uniform(Device device, Rng rng, double bound, params ReadOnlySpan<int> dims) =>
        Of(device, () => bound * ((2 * rng.NextDouble()) - 1), dims);

    /// <summary>A number drawn for each place, in order.</summary>
    public static Tensor Of(Device device, Func<double> draw, params ReadOnlySpan<int> dims)
    {
        Tensor tensor = device.AllocateUnscoped(new Shape(dims));
        float[] values = new float[tensor.Count];
        for (int i = 0; i < values.Length; i++) values[i] = (float)draw();
        device.Upload(values, tensor);
        return tensor;
    }
}
