using Google.Protobuf;

namespace Sharpformer.Peers.Formats;

/// <summary>A protocol buffers message that is put together field by field, in any order.</summary>
internal sealed class Message
{
    private readonly List<byte> bytes = [];

    /// <summary>An integer, a flag or a member of an enumeration.</summary>
    public Message With(int field, long number) => Put(field, WireFormat.WireType.Varint, output => output.WriteInt64(number));

    /// <summary>A float.</summary>
    public Message With(int field, float number) => Put(field, WireFormat.WireType.Fixed32, output => output.WriteFloat(number));

    /// <summary>A string.</summary>
    public Message With(int field, string text) => Put(field, WireFormat.WireType.LengthDelimited, output => output.WriteString(text));

    /// <summary>Bytes.</summary>
    public Message With(int field, byte[] data) =>
        Put(field, WireFormat.WireType.LengthDelimited, output => output.WriteBytes(ByteString.CopyFrom(data)));

    /// <summary>A message within it.</summary>
    public Message With(int field, Message part) => With(field, part.ToArray());

    /// <summary>A repeated field.</summary>
    public Message WithAll(int field, IEnumerable<Message> parts)
    {
        foreach (Message part in parts) With(field, part);
        return this;
    }

    /// <summary>A repeated field of strings.</summary>
    public Message WithAll(int field, IEnumerable<string> texts)
    {
        foreach (string text in texts) With(field, text);
        return this;
    }

    /// <summary>As it is stored.</summary>
    public byte[] ToArray() => [.. bytes];

    private Message Put(int field, WireFormat.WireType type, Action<CodedOutputStream> write)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true))
        {
            output.WriteTag(field, type);
            write(output);
        }

        bytes.AddRange(stream.ToArray());
        return this;
    }
}
