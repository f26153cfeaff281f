using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Tokenization.SentencePiece;

/// <summary>
/// Reads the fields of one message in Protocol Buffers' wire format, one after the other. Whatever reaches beyond its message is refused.
/// </summary>
/// <param name="path">The file, for messages.</param>
/// <param name="bytes">The message.</param>
internal ref struct ProtobufReader(string path, ReadOnlySpan<byte> bytes)
{
    private const int Varint = 0, Fixed64 = 1, Delimited = 2, Fixed32 = 5;

    private ReadOnlySpan<byte> rest = bytes;
    private int wireType;
    private ulong number;
    private ReadOnlySpan<byte> content;

    /// <summary>The number of the field that was read last.</summary>
    public int Field { get; private set; }

    /// <summary>Reads the next field; false at the end of the message.</summary>
    /// <exception cref="InputException">It is cut short, or of no known wire type.</exception>
    public bool Next()
    {
        if (rest.IsEmpty) return false;
        ulong tag = ReadVarint();
        if (tag >> 3 is 0 or > 536_870_911) throw Damaged();
        (Field, wireType) = ((int)(tag >> 3), (int)(tag & 7));
        content = [];
        switch (wireType)
        {
            case Varint: number = ReadVarint(); break;
            case Fixed64: content = Take(8); break;
            case Delimited: content = Take(ReadVarint()); break;
            case Fixed32: content = Take(4); break;
            default: throw Damaged();
        }

        return true;
    }

    /// <summary>The field as a whole number.</summary>
    /// <exception cref="InputException">It is none, or does not fit.</exception>
    public readonly int AsInt() => wireType == Varint ? unchecked((int)number) : throw Damaged();

    /// <summary>The field as a flag.</summary>
    /// <exception cref="InputException">It is none.</exception>
    public readonly bool AsBool() => wireType == Varint ? number != 0 : throw Damaged();

    /// <summary>The field as a number of single precision.</summary>
    /// <exception cref="InputException">It is none.</exception>
    public readonly float AsSingle() => wireType == Fixed32 ? BinaryPrimitives.ReadSingleLittleEndian(content) : throw Damaged();

    /// <summary>The field as bytes: a text, or a message of its own.</summary>
    /// <exception cref="InputException">It is none.</exception>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> AsBytes() => wireType == Delimited ? content : throw Damaged();

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int i = 0; i < 10 && i < rest.Length; i++)
        {
            value |= (ulong)(rest[i] & 0x7F) << (7 * i);
            if (rest[i] >= 0x80) continue;
            rest = rest[(i + 1)..];
            return value;
        }

        throw Damaged();
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)rest.Length) throw Damaged();
        ReadOnlySpan<byte> taken = rest[..(int)length];
        rest = rest[(int)length..];
        return taken;
    }

    private readonly InputException Damaged() =>
        new($"{path}: not a SentencePiece model, or cut short.", "the file is damaged; download it again.");
}
