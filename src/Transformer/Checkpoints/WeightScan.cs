using System.Numerics;
using System.Runtime.InteropServices;
using Sharpformer.Tensors;
using Sharpformer.Tensors.PyTorch;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>What a look at every single weight of a model folder finds.</summary>
/// <param name="Tensors">How many tensors were looked at.</param>
/// <param name="Weights">How many numbers.</param>
/// <param name="NotFinite">Which tensors have numbers that are NaN or infinite, and how many.</param>
public sealed record WeightScan(int Tensors, long Weights, IReadOnlyList<KeyValuePair<string, long>> NotFinite)
{
    private const int ChunkBytes = 1 << 16;

    /// <summary>Reads all weights, a few KB at a time, and holds files that carry checksums to them.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="adapter">The folder of a LoRA adapter that lies over it; null for none.</param>
    /// <param name="progress">Told how many bytes of how many are read.</param>
    /// <param name="cancellation">Checked between tensors.</param>
    /// <exception cref="InputException">A file is missing or damaged.</exception>
    public static WeightScan Run(
        string folder, string? adapter = null, Action<long, long>? progress = null, CancellationToken cancellation = default)
    {
        using var stored = StoredWeights.Open(folder, adapter);
        (ITensorFile File, TensorInfo Info)[] tensors = [.. stored.Tensors.Where(t => !ModelFolder.IsBuffer(t.Info.Name))];
        long read = 0, all = tensors.Sum(t => t.Info.Length), weights = 0;
        foreach (PyTorchFile file in stored.Tensors.Select(t => t.File).Distinct().OfType<PyTorchFile>()) file.CheckSums(cancellation);
        var notFinite = new List<KeyValuePair<string, long>>();
        foreach ((ITensorFile file, TensorInfo info) in tensors)
        {
            cancellation.ThrowIfCancellationRequested();
            if (NotFiniteIn(file, info) is > 0 and var count) notFinite.Add(KeyValuePair.Create(info.Name, count));
            weights += info.Count;
            progress?.Invoke(read += info.Length, all);
        }

        return new WeightScan(tensors.Length, weights, notFinite);
    }

    private static long NotFiniteIn(ITensorFile file, TensorInfo info)
    {
        byte[] chunk = new byte[ChunkBytes];
        long count = 0;
        for (long start = 0; start < info.Length; start += ChunkBytes)
        {
            Span<byte> bytes = chunk.AsSpan(0, (int)Math.Min(ChunkBytes, info.Length - start));
            file.Read(info.Name, start, bytes);
            count += info.DType switch
            {
                "F16" => WithExponent<ushort>(bytes, 0x7C00),
                "BF16" => WithExponent<ushort>(bytes, 0x7F80),
                "F32" => WithExponent(bytes, 0x7F80_0000u),
                "F64" => WithExponent(bytes, 0x7FF0_0000_0000_0000ul),
                _ => 0, // whole numbers, and what no model here computes with
            };
        }

        return count;
    }

    /// <summary>
    /// Numbers whose exponent is all ones, which only NaN and infinity have. Looks at them as they are stored:
    /// widening would take ten times as long.
    /// </summary>
    private static long WithExponent<T>(ReadOnlySpan<byte> bytes, T exponent)
        where T : struct, IBinaryInteger<T>
    {
        ReadOnlySpan<T> numbers = MemoryMarshal.Cast<byte, T>(bytes);
        var all = new Vector<T>(exponent);
        long count = 0;
        while (numbers.Length > 0)
        {
            ReadOnlySpan<T> some = numbers[..Math.Min(Vector<T>.Count, numbers.Length)];
            numbers = numbers[some.Length..];
            if (some.Length == Vector<T>.Count && !Vector.EqualsAny(new Vector<T>(some) & all, all)) continue;
            foreach (T number in some)
                if ((number & exponent) == exponent) count++;
        }

        return count;
    }
}
