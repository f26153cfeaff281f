using Sharpformer.Editing.Statistics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.LinearAlgebra;

namespace Sharpformer.Editing.Methods.Rome;

/// <summary>C = E[k·kᵀ] of one block's keys, factored: what turns a mean key into C⁻¹·k̄.</summary>
internal sealed class RomeCovariance
{
    private SecondMoment? moment;
    private Cholesky? factor;

    private RomeCovariance(SecondMoment moment) => this.moment = moment;

    /// <summary>Reads the statistics from the context's folder.</summary>
    /// <exception cref="InputException">They are not there, or are another model's.</exception>
    public static RomeCovariance Load(int layer, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.StatisticsFolder is null || context.Model is null)
        {
            throw new InputException(
                $"ROME needs statistics of the MLP's hidden states at block {layer}, and no folder of them was named.",
                $"make them by 'model statistics --model … --text … --layer {layer} --output DIR' and name the folder by --statistics DIR, "
                    + "or do without by --no-covariance.");
        }

        return new RomeCovariance(MlpStatistics.Load(context.StatisticsFolder, context.Model, layer, context.Cancellation));
    }

    /// <summary>C⁻¹·k; the first call factors C.</summary>
    /// <param name="key">k.</param>
    /// <param name="device">Where the model lives; a GPU leaves this to one thread of the CPU, whose helpers nobody would end.</param>
    public float[] Solve(float[] key, Device device)
    {
        if (factor is null)
        {
            factor = Cholesky.Factor(moment!.Mean(SecondMoment.DefaultRidge), device as CpuDevice ?? new CpuDevice(1));
            moment = null; // as large as the factor
        }

        if (key.Length != factor.Size) throw new ArgumentException($"ROME: a key of {key.Length} numbers, statistics of {factor.Size}.");
        return [.. factor.Solve([.. key.Select(x => (double)x)]).Select(x => (float)x)];
    }
}
