using System.Runtime.CompilerServices;

namespace Sharpformer.Tensors.Cpu;

/// <summary>How a numeric loop is compiled.</summary>
internal static class Loop
{
    /// <summary>
    /// At full optimisation at once, because a loop over a big tensor runs only a few times; and never as a part of its
    /// caller, where the compiler may have inlined so much already that it gives up on the arithmetic within the loop.
    /// </summary>
    public const MethodImplOptions OfItsOwn = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;
}
