using System.Runtime.InteropServices;

namespace Sharpformer.Tensors;

/// <summary>Stored numbers to float32, and float32 to what is stored: rounded to the nearest, ties to even, never to infinity.</summary>
internal static unsafe class Narrowing
{
    private const int ChunkLength = 1 << 16;

    /// <summary>An F64 tensor as float32, in memory of its own.</summary>
    /// <exception cref="InputException">A number is beyond float32.</exception>
    /// <exception cref="InsufficientMemoryException">The machine has no room for it.</exception>
    public static MappedBytes Narrowed(ITensorFile file, TensorInfo info)
    {
        HostBlock block = TensorFiles.Room(file, info, info.Length / 2);
        for (long start = 0; start < info.Count; start += ChunkLength)
            Read(file, info, start, new Span<float>((float*)block.Pointer + start, (int)Math.Min(ChunkLength, info.Count - start)));
        return new MappedBytes(block.Pointer, info.Length / 2, block);
    }

    /// <summary>Elements of an F32, F16, BF16, F64 or Q8 tensor from <paramref name="start"/> on, as float32.</summary>
    /// <exception cref="InputException">A number is beyond float32.</exception>
    public static void Read(ITensorFile file, TensorInfo info, long start, Span<float> values)
    {
        switch (info.DType)
        {
            case "F32":
                file.Read(info.Name, start * sizeof(float), MemoryMarshal.AsBytes(values));
                break;
            case "F16":
                Half[] halves = Stored<Half>(values.Length);
                for (int i = 0; i < values.Length; i++) values[i] = (float)halves[i];
                break;
            case "BF16":
                ushort[] upper = Stored<ushort>(values.Length);
                for (int i = 0; i < values.Length; i++) values[i] = BitConverter.UInt32BitsToSingle((uint)upper[i] << 16);
                break;
            case "F64":
                double[] doubles = Stored<double>(values.Length);
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = (float)doubles[i];
                    if (float.IsInfinity(values[i]) && double.IsFinite(doubles[i]))
                        throw new InputException(
                            $"{file.Path}, tensor {info}: element {start + i} is {doubles[i]:R}, "
                            + $"expected at most {float.MaxValue:R}, the largest float32.",
                            "is the checkpoint damaged?");
                }

                break;
            default:
                if (!Q8Container.Holds(file, info))
                    throw new ArgumentException($"Tensor {info}: expected F32, F16, BF16, F64 or Q8.", nameof(info));
                Q8Container.Read(file, info, start, values);
                break;
        }

        T[] Stored<T>(int count) where T : unmanaged
        {
            T[] stored = new T[count];
            file.Read(info.Name, start * sizeof(T), MemoryMarshal.AsBytes(stored.AsSpan()));
            return stored;
        }
    }

    /// <summary>Values as they are stored; weights that were widened come back to the very bits they had.</summary>
    /// <param name="values">What to store.</param>
    /// <param name="dtype">How.</param>
    /// <param name="info">The tensor, for messages.</param>
    /// <param name="start">Which element of it the first value is.</param>
    /// <exception cref="InputException">A number would become infinite.</exception>
    public static byte[] ToBytes(ReadOnlySpan<float> values, DType dtype, TensorInfo info, long start)
    {
        if (dtype == DType.Q8) throw new ArgumentException($"Tensor {info}: numbers become Q8 by whole rows only.", nameof(dtype));
        byte[] bytes = new byte[values.Length * dtype.Size()];
        if (dtype == DType.F32)
        {
            MemoryMarshal.AsBytes(values).CopyTo(bytes);
        }
        else if (dtype == DType.F16)
        {
            Span<Half> halves = MemoryMarshal.Cast<byte, Half>(bytes.AsSpan());
            for (int i = 0; i < values.Length; i++)
            {
                halves[i] = (Half)values[i];
                if (Half.IsInfinity(halves[i]) && float.IsFinite(values[i])) throw TooLarge(info, start + i, values[i], "65504");
            }
        }
        else
        {
            Span<ushort> upper = MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan());
            for (int i = 0; i < values.Length; i++)
            {
                uint bits = BitConverter.SingleToUInt32Bits(values[i]);
                // A NaN keeps its upper half and stays quiet: rounding could carry it over to zero.
                upper[i] = float.IsNaN(values[i]) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
                if ((upper[i] & 0x7FFF) == 0x7F80 && float.IsFinite(values[i])) throw TooLarge(info, start + i, values[i], "3.39E+38");
            }
        }

        return bytes;
    }

    private static InputException TooLarge(TensorInfo info, long element, float value, string largest) =>
        new($"Tensor {info}: element {element} is {value:R}, expected at most {largest}, the largest {info.DType}.", "store it as F32.");
}
