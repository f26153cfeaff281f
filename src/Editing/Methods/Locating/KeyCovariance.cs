using Sharpformer.Editing.Statistics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.LinearAlgebra;

namespace Sharpformer.Editing.Methods.Locating;

/// <summary>C = E[k·kᵀ] of one block's keys, factored: what turns keys into C⁻¹·k.</summary>
internal sealed class KeyCovariance
{
    private const int KeysAtOnce = 256;

    private SecondMoment? moment;
    private Cholesky? factor;

    private KeyCovariance(SecondMoment moment) => this.moment = moment;

    /// <summary>Reads the statistics from the context's folder.</summary>
    /// <param name="method">The method as messages call it.</param>
    /// <param name="layer">The block.</param>
    /// <param name="context">Names the folder and the model.</param>
    /// <param name="hint">What else there is to do than to make them; null for nothing.</param>
    /// <exception cref="InputException">They are not there, or are another model's.</exception>
    public static KeyCovariance Load(string method, int layer, TeachingContext context, string? hint = null)
    {
        (string folder, ModelFingerprint model) = Place(method, layer, context, hint);
        return new KeyCovariance(MlpStatistics.Load(folder, model, layer, context.Cancellation));
    }

    /// <summary>Where statistics lie, and whose they are.</summary>
    /// <inheritdoc cref="Load"/>
    public static (string Folder, ModelFingerprint Model) Place(string method, int layer, TeachingContext context, string? hint = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context is { StatisticsFolder: { } folder, Model: { } model }) return (folder, model);
        throw new InputException(
            $"{method} needs statistics of the MLP's hidden states at block {layer}, and no folder of them was named.",
            $"make them by 'model statistics --model … --text … --layer {layer} --output DIR' and name the folder by --statistics DIR"
                + $"{(hint is null ? "" : ", " + hint)}.");
    }

    /// <summary>C⁻¹·k; the first call factors C.</summary>
    /// <param name="key">k.</param>
    /// <param name="device">Where the model lives; a GPU leaves this to one thread of the CPU, whose helpers nobody would end.</param>
    public float[] Solve(float[] key, Device device) => Solve([key], device as CpuDevice ?? new CpuDevice(1))[0];

    /// <summary>C⁻¹·k of many keys; the first call factors C.</summary>
    public float[][] Solve(IReadOnlyList<float[]> keys, CpuDevice device)
    {
        if (factor is null)
        {
            factor = Cholesky.Factor(moment!.Mean(SecondMoment.DefaultRidge), device);
            moment = null; // as large as the factor
        }

        if (keys.FirstOrDefault(key => key.Length != factor.Size) is { } other)
            throw new ArgumentException($"A key of {other.Length} numbers, statistics of {factor.Size}.");
        return [.. keys.Chunk(KeysAtOnce).SelectMany(some =>
            factor.Solve([.. some.SelectMany(key => key.Select(x => (double)x))]).Select(x => (float)x).Chunk(factor.Size))];
    }
}
