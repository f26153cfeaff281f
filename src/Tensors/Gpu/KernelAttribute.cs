namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// Marks a static method that runs on the accelerator: it takes one struct of arguments, and a generic one takes a functor.
/// <see cref="GpuDevice"/> starts no other methods, so a list of the marked ones is a list of all kernels.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class KernelAttribute : Attribute;
