using System.Globalization;
using System.Runtime.InteropServices;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.LinearAlgebra;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Editing.Statistics;

/// <summary>
/// P = Û·Ûᵀ, the directions in which C = E[k·kᵀ] of one block is smallest: where a matrix may change and the texts of the statistics hardly
/// notice. Û takes long to find, so it is kept beside the statistics and belongs to their very bytes.
/// </summary>
public sealed class NullSpace
{
    private const string TensorName = "u", SourceKey = "statistics", ChosenKey = "chosen", ShareKey = "share", HashKey = "sha256";

    private readonly float[][] directions;

    private NullSpace(float[][] directions, double share) => (this.directions, Share) = (directions, share);

    /// <summary>q: how many directions there are.</summary>
    public int Rank => directions.Length;

    /// <summary>Their part of C's trace.</summary>
    public double Share { get; }

    /// <summary>The directions of a model's block, from the folder or else found from its statistics.</summary>
    /// <param name="folder">Where the statistics lie.</param>
    /// <param name="model">The model.</param>
    /// <param name="layer">The block.</param>
    /// <param name="threshold">Directions whose eigenvalue is below it; 0 chooses by <paramref name="energy"/>.</param>
    /// <param name="energy">As many of the smallest eigenvalues as have this part of the trace together.</param>
    /// <param name="device">Whose threads share the work.</param>
    /// <param name="cancellation">Ends the reading of statistics.</param>
    /// <exception cref="InputException">There are no statistics, no direction is left, or the folder cannot be written to.</exception>
    public static NullSpace Of(
        string folder, ModelFingerprint model, int layer, float threshold, float energy, CpuDevice device, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        string statistics = MlpStatistics.Find(folder, model, layer);
        string chosen = threshold > 0 ? Invariant($"below-{threshold}") : Invariant($"energy-{energy}");
        string path = Path.Combine(folder, $"mlp-free-{layer}-{model.Short}-{chosen}.safetensors");
        string source = SourceOf(statistics);
        if (Read(path, source, chosen) is { } known) return known;
        SymmetricEigen eigen = SymmetricEigen.Of(MlpStatistics.Load(folder, model, layer, cancellation).Mean(), device);
        int count = threshold > 0 ? eigen.Values.Count(value => value < threshold) : Within(eigen.Values, energy);
        if (count == 0)
        {
            throw new InputException(
                Invariant($"{statistics}: no direction is free, the least eigenvalue is {eigen.Values[0]:g3}, ")
                    + $"asked for {chosen.Replace('-', ' ')}.",
                "set a higher threshold, or 0 and a larger energy.");
        }

        cancellation.ThrowIfCancellationRequested();
        float[] values = [.. eigen.Vectors(count).Select(x => (float)x)];
        var found = new NullSpace([.. values.Chunk(eigen.Size)], eigen.Values.Take(count).Sum() / eigen.Values.Sum());
        Write(path, found, source, chosen);
        return found;
    }

    /// <summary>About how many operations it takes to find the directions of a matrix of m rows.</summary>
    internal static double Flops(double m) => 10 * m * m * m;

    /// <summary>P·k of keys, each sum in float64.</summary>
    public float[][] Project(IReadOnlyList<float[]> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return [.. keys.Select(Project)];
    }

    private float[] Project(float[] key)
    {
        if (key.Length != directions[0].Length)
            throw new ArgumentException($"A key of {key.Length} numbers, directions of {directions[0].Length}.");
        double[] sum = new double[key.Length];
        foreach (float[] u in directions)
        {
            double along = 0;
            for (int i = 0; i < key.Length; i++) along += (double)u[i] * key[i];
            for (int i = 0; i < key.Length; i++) sum[i] += along * u[i];
        }

        return [.. sum.Select(x => (float)x)];
    }

    private static int Within(IReadOnlyList<double> values, double energy)
    {
        double most = energy * values.Sum(), sum = 0;
        int count = 0;
        while (count < values.Count && (sum += values[count]) <= most) count++;
        return count;
    }

    /// <summary>What tells one content of statistics from any other.</summary>
    private static string SourceOf(string statistics)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(statistics);
        return file.Metadata.GetValueOrDefault(HashKey, "");
    }

    /// <summary>What was kept; null where it is not there, of other statistics, or damaged: it is made anew then.</summary>
    private static NullSpace? Read(string path, string source, string chosen)
    {
        if (!File.Exists(path)) return null;
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        bool isOwn = file.Metadata.GetValueOrDefault(SourceKey) == source && file.Metadata.GetValueOrDefault(ChosenKey) == chosen
            && file.Contains(TensorName) && file.Info(TensorName) is { DType: "F32", Shape: [> 0, > 0] };
        if (!isOwn) return null;
        IReadOnlyList<long> shape = file.Info(TensorName).Shape;
        float[] values = new float[shape[0] * shape[1]];
        file.Read(TensorName, 0, MemoryMarshal.AsBytes(values.AsSpan()));
        return file.Metadata.GetValueOrDefault(HashKey) == HashOf(values)
            && double.TryParse(file.Metadata.GetValueOrDefault(ShareKey), CultureInfo.InvariantCulture, out double share)
            ? new NullSpace([.. values.Chunk((int)shape[1])], share) : null;
    }

    private static void Write(string path, NullSpace found, string source, string chosen)
    {
        float[] values = [.. found.directions.SelectMany(u => u)];
        SafeTensorsWriter.Write(
            path,
            [
                new SafeTensorsEntry(TensorName, "F32", [found.Rank, found.directions[0].Length], (start, to) =>
                    MemoryMarshal.AsBytes(values.AsSpan())[checked((int)start)..][..to.Length].CopyTo(to)),
            ],
            new Dictionary<string, string>
            {
                [SourceKey] = source,
                [ChosenKey] = chosen,
                [ShareKey] = found.Share.ToString("R", CultureInfo.InvariantCulture),
                [HashKey] = HashOf(values),
            });
    }

    private static string HashOf(float[] values) => SecureHash.Sha256Of(stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan())));

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
