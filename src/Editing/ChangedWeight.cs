using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Editing;

/// <summary>
/// Weights of an edited model: float32 memory of their own, which no scope ends, as an edited model outlives what made it.
/// </summary>
internal static class ChangedWeight
{
    /// <summary>w + Δ, with the bits of <see cref="Ops.Add"/>.</summary>
    /// <param name="weight">w, stored as any type.</param>
    /// <param name="delta">Δ, as many numbers.</param>
    public static Tensor Plus(Tensor weight, float[] delta)
    {
        Tensor changed = weight.Float32Copy(outlivesScopes: true);
        Add(changed, delta);
        return changed;
    }

    /// <summary>The same in place: w += Δ.</summary>
    /// <param name="weight">w, a copy of its own.</param>
    /// <param name="delta">Δ, as many numbers.</param>
    public static void Add(Tensor weight, float[] delta)
    {
        if (delta.Length != weight.Count)
        {
            throw new InputException(
                $"An edit moves {delta.Length} numbers of a weight that has {weight.Count}: it was taught beside edits that change its "
                    + "size.",
                "restore those edits, or withdraw this one too.");
        }

        Device device = weight.Device;
        using BufferScope scope = device.Scope();
        Tensor change = device.Allocate(weight.Shape);
        device.Upload(delta, change);
        device.Copy(Ops.Add(weight, change).Value, weight);
    }
}
