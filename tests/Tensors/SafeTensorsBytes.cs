using System.Buffers.Binary;
using System.Text;

namespace Sharpformer.Tests.Tensors;

/// <summary>Builds safetensors files by hand, valid or not.</summary>
internal static class SafeTensorsBytes
{
    /// <summary>The header as given, <paramref name="dataLength"/> bytes 0, 1, 2, … after it.</summary>
    public static byte[] Create(string header, int dataLength) => Create(Encoding.UTF8.GetBytes(header), dataLength);

    public static byte[] Create(byte[] header, int dataLength, long? announcedLength = null)
    {
        byte[] file = new byte[8 + header.Length + dataLength];
        BinaryPrimitives.WriteInt64LittleEndian(file, announcedLength ?? header.Length);
        header.CopyTo(file, 8);
        for (int i = 0; i < dataLength; i++) file[8 + header.Length + i] = (byte)i;
        return file;
    }

    /// <summary>The header entry of a tensor.</summary>
    public static string Entry(string name, string dtype, string shape, string offsets) =>
        $"\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":{offsets}}}";
}
