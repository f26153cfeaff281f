using System.Runtime.InteropServices;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Tensors;

/// <summary>
/// How a safetensors file holds <see cref="DType.Q8"/> weights: a matrix as I8 beside its scales, an F32 vector called
/// <c>NAME.scale</c>, and metadata that says so. Other programs' I8 tensors, whose scales may mean anything, are not read.
/// </summary>
public static class Q8Container
{
    /// <summary>The key of <see cref="Metadata"/>.</summary>
    public const string MetadataKey = "quantization";

    /// <summary>What a file with Q8 weights says under <see cref="MetadataKey"/>.</summary>
    public const string Metadata = "q8: W[r,c] = NAME[r,c] * NAME.scale[r]";

    private const string Suffix = ".scale", Stored = "I8";

    /// <summary>The name of a matrix's scales.</summary>
    public static string ScaleName(string name) => name + Suffix;

    /// <summary>Whether a tensor is a Q8 matrix.</summary>
    public static bool Holds(ITensorFile file, TensorInfo info)
    {
        ArgumentNullException.ThrowIfNull(info);
        return info.DType == Stored && Says(file);
    }

    /// <summary>Whether a tensor is the scales of a Q8 matrix in the same file, and so no weight of its own.</summary>
    public static bool IsScale(ITensorFile file, TensorInfo info)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(info);
        if (!info.Name.EndsWith(Suffix, StringComparison.Ordinal)) return false;
        string matrix = info.Name[..^Suffix.Length];
        return file.Contains(matrix) && Holds(file, file.Info(matrix));
    }

    /// <summary>A matrix to be written, rounded to q while it is written, and its scales.</summary>
    /// <param name="file">Where its numbers are, as F32, F16, BF16 or F64; open until all is written.</param>
    /// <param name="info">Which tensor.</param>
    /// <param name="progress">Told how many more bytes are made.</param>
    /// <exception cref="InputException">Once written: a number is not finite.</exception>
    public static IEnumerable<SafeTensorsEntry> Entries(ITensorFile file, TensorInfo info, Action<int>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(info);
        var rows = new Lazy<QuantizedRows>(() => new QuantizedRows(file, info));
        yield return new SafeTensorsEntry(ScaleName(info.Name), "F32", [info.Shape[0]], (start, block) =>
        {
            MemoryMarshal.AsBytes(rows.Value.Scales).Slice((int)start, block.Length).CopyTo(block);
            progress?.Invoke(block.Length);
        });
        yield return new SafeTensorsEntry(info.Name, Stored, info.Shape, (start, block) =>
        {
            rows.Value.Quantize(start, MemoryMarshal.Cast<byte, sbyte>(block));
            progress?.Invoke(block.Length);
        });
    }

    /// <summary>A tensor of numbers on <paramref name="device"/>, rounded to Q8 in memory of its own.</summary>
    /// <exception cref="InputException">There is none of this name, or a number is not finite.</exception>
    /// <exception cref="InsufficientMemoryException">The machine has no room for it.</exception>
    internal static unsafe Tensor Quantized(ITensorFile file, TensorInfo info, Device device)
    {
        var rows = new QuantizedRows(file, info);
        HostBlock block = TensorFiles.Room(file, info, info.Count);
        rows.QuantizeAll((sbyte*)block.Pointer);
        return device.Load(
            new MappedBytes(block.Pointer, info.Count, block), DType.Q8, info.EngineShape(file.Path),
            MappedBytes.Copy(MemoryMarshal.AsBytes(rows.Scales)));
    }

    /// <summary>A stored Q8 matrix on <paramref name="device"/>.</summary>
    /// <exception cref="InputException">Its scales are missing, misshaped or none.</exception>
    internal static Tensor Load(ITensorFile file, TensorInfo info, Device device)
    {
        _ = Scales(file, info);
        return device.Load(file.Bytes(info.Name), DType.Q8, info.EngineShape(file.Path), file.Bytes(ScaleName(info.Name)));
    }

    /// <summary>Elements of a stored Q8 matrix, widened.</summary>
    /// <exception cref="InputException">Its scales are missing, misshaped or none.</exception>
    internal static void Read(ITensorFile file, TensorInfo info, long start, Span<float> values)
    {
        float[] scales = Scales(file, info);
        sbyte[] whole = new sbyte[values.Length];
        file.Read(info.Name, start, MemoryMarshal.AsBytes(whole.AsSpan()));
        for (int i = 0; i < whole.Length; i++) values[i] = whole[i] * scales[(start + i) / info.Shape[1]];
    }

    /// <summary>The scales of a stored Q8 matrix, which are finite and not negative.</summary>
    /// <exception cref="InputException">They are missing, misshaped or none.</exception>
    internal static float[] Scales(ITensorFile file, TensorInfo info)
    {
        string name = ScaleName(info.Name);
        if (info.Shape.Count != 2) throw Bad("expected a matrix");
        if (!file.Contains(name)) throw Bad($"there is no {Quoted.Text(name)} with its scales");
        TensorInfo scale = file.Info(name);
        if (scale.DType != "F32" || !scale.Shape.SequenceEqual([info.Shape[0]]))
            throw Bad($"its scales are {scale}, expected F32 [{info.Shape[0]}], one for each row");
        float[] scales = new float[scale.Count];
        file.Read(name, 0, MemoryMarshal.AsBytes(scales.AsSpan()));
        int bad = Array.FindIndex(scales, s => !float.IsFinite(s) || s < 0);
        return bad < 0 ? scales : throw Bad($"the scale of row {bad} is {scales[bad]}, expected a finite number, not negative");

        InputException Bad(string what) => new(
            $"{file.Path}, tensor {info}: {what}.", "is the file damaged? Convert the checkpoint again: model convert --dtype q8.");
    }

    private static bool Says(ITensorFile file) =>
        file is SafeTensorsFile safe && safe.Metadata.TryGetValue(MetadataKey, out string? text) && text == Metadata;
}
