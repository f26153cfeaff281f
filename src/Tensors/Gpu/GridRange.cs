using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// How the threads of a whole grid share a range: each takes every <see cref="Step"/>-th element from <see cref="First"/> on.
/// </summary>
internal static class GridRange
{
    public static long First => (long)Grid.IdxX * Group.DimX + Group.IdxX;

    public static long Step => (long)Grid.DimX * Group.DimX;
}
