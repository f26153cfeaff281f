using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Sharpformer.Tensors.PyTorch;

/// <summary>
/// Reads one pickle of protocol 2 to 5 and executes nothing: a machine with a stack and a memo that knows the few
/// instructions a dictionary of tensors is written with, and <see cref="PickleGlobals"/> for the few names.
/// Instructions as in CPython's Lib/pickletools.py. It does not recurse, and its memory is bounded by the bytes and
/// instructions it allows, whatever the file says.
/// </summary>
internal ref struct PickleReader
{
    /// <summary>Bytes that a pickle may have: far more than the largest checkpoint's.</summary>
    public const int MaxLength = 100_000_000;

    /// <summary>What to ask about one that does not make sense.</summary>
    public const string NoCheckpoint = "is it a checkpoint that torch.save wrote, and complete?";

    private const int MaxInstructions = 1_000_000; // a tensor takes about 30
    private const int MaxNameLength = 1000;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly object Yes = true, No = false, Unset = new(), Opaque = new();

    private readonly string path;
    private readonly ReadOnlySpan<byte> bytes;
    private readonly PickleGlobals globals;
    private readonly List<object?> stack = [], memo = [];
    private readonly List<int> marks = [];
    private int at, instructionAt;

    private PickleReader(string path, ReadOnlySpan<byte> bytes, PickleGlobals globals)
    {
        this.path = path;
        this.bytes = bytes;
        this.globals = globals;
    }

    /// <summary>Reads the pickle that <paramref name="bytes"/> begin with.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="bytes">The pickle and whatever follows.</param>
    /// <param name="globals">The names it may use.</param>
    /// <param name="length">Bytes that the pickle takes.</param>
    /// <returns>
    /// null, a bool, long, BigInteger, double, string, <c>object?[]</c> for a tuple, <c>List&lt;object?&gt;</c>, <see cref="PickleDict"/>,
    /// <see cref="TensorView"/> or something opaque.
    /// </returns>
    /// <exception cref="InputException">It is damaged, or holds anything else.</exception>
    public static object? Read(string path, ReadOnlySpan<byte> bytes, PickleGlobals globals, out int length)
    {
        var reader = new PickleReader(path, bytes, globals);
        object? result = reader.Run();
        length = reader.at;
        return result;
    }

    private object? Run()
    {
        if (bytes.Length < 2 || bytes[0] != 0x80 || bytes[1] is < 2 or > 5) throw Bad("does not begin as one of protocol 2 to 5");
        for (int i = 0; i < MaxInstructions; i++)
        {
            instructionAt = at;
            byte instruction = Take(1)[0];
            if (instruction == '.') return Pop();
            Execute(instruction);
        }

        throw Bad($"has more than {MaxInstructions} instructions");
    }

    private void Execute(byte instruction)
    {
        switch (instruction)
        {
            case 0x80: Take(1); break; // PROTO
            case 0x95: Take(8); break; // FRAME, only a hint how to read ahead
            case (byte)'(': marks.Add(stack.Count); break;

            case (byte)'N': stack.Add(null); break;
            case 0x88: stack.Add(Yes); break;
            case 0x89: stack.Add(No); break;
            case (byte)'J': stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case (byte)'K': stack.Add((long)Take(1)[0]); break;
            case (byte)'M': stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case 0x8a: AddInteger(Take(Take(1)[0])); break;
            case (byte)'G': stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;

            case 0x8c: stack.Add(Text(Take(Take(1)[0]))); break;
            case (byte)'X': stack.Add(Text(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))))); break;
            case 0x8d: stack.Add(Text(Take(BinaryPrimitives.ReadUInt64LittleEndian(Take(8))))); break;
            case (byte)'C': Take(Take(1)[0]); stack.Add(Opaque); break; // bytes: nothing of a tensor
            case (byte)'B': Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); stack.Add(Opaque); break;

            case (byte)')': stack.Add(Array.Empty<object?>()); break;
            case 0x85: stack.Add(PopMany(1)); break;
            case 0x86: stack.Add(PopMany(2)); break;
            case 0x87: stack.Add(PopMany(3)); break;
            case (byte)'t': stack.Add(PopToMark()); break;
            case (byte)']': stack.Add(new List<object?>()); break;
            case (byte)'a': AppendTo(PopMany(1)); break;
            case (byte)'e': AppendTo(PopToMark()); break;
            case (byte)'}': stack.Add(new PickleDict()); break;
            case (byte)'s': SetIn(PopMany(2)); break;
            case (byte)'u': SetIn(PopToMark()); break;

            case (byte)'q': Remember(Take(1)[0]); break;
            case (byte)'r': Remember(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); break;
            case 0x94: Remember((uint)memo.Count); break;
            case (byte)'h': stack.Add(Recall(Take(1)[0])); break;
            case (byte)'j': stack.Add(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;

            case (byte)'c': stack.Add(globals.Find(Line(), Line())); break;
            case 0x93: Find(PopMany(2)); break; // STACK_GLOBAL
            case (byte)'i': throw globals.Refused($"{Line()}.{Line()}"); // INST: a call of protocol 0
            case (byte)'Q': stack.Add(globals.Persistent(Pop())); break;
            case (byte)'R': Call(PopMany(2)); break;
            case (byte)'b': Build(PopMany(2)); break;
            default: throw Bad($"has the instruction {Name(instruction)}, which no tensor needs,");
        }
    }

    /// <summary>Attributes of a state dict (its <c>_metadata</c>) say nothing about tensors; nothing else has any.</summary>
    private void Build(object?[] pair)
    {
        if (pair is not [PickleDict, PickleDict]) throw Bad("gives a state to something other than a dictionary");
        stack.Add(pair[0]);
    }

    private void Find(object?[] pair)
    {
        if (pair is not [string module, string name]) throw Bad("has a name that is no text");
        stack.Add(globals.Find(module, name));
    }

    private void Call(object?[] pair) => stack.Add(globals.Call(pair[0], pair[1]));

    private readonly void AppendTo(object?[] items)
    {
        if (Top() is not List<object?> list) throw Bad("appends to something other than a list");
        list.AddRange(items);
    }

    private readonly void SetIn(object?[] items)
    {
        if (Top() is not PickleDict dict) throw Bad("sets an item of something other than a dictionary");
        if (items.Length % 2 != 0) throw Bad("sets a key without a value");
        for (int i = 0; i < items.Length; i += 2) dict.Items.Add((items[i], items[i + 1]));
    }

    // Writers number their slots from 0 or 1 on, so there are never more than there were instructions.
    private readonly void Remember(uint slot)
    {
        if (slot > memo.Count + 1) throw Bad($"remembers something in slot {slot}, expected the next one, {memo.Count},");
        while (memo.Count <= slot) memo.Add(Unset);
        memo[(int)slot] = Top();
    }

    private readonly object? Recall(uint slot) =>
        slot < memo.Count && memo[(int)slot] is var value && value != Unset ? value : throw Bad($"recalls slot {slot}, which is empty,");

    private readonly int Floor => marks.Count == 0 ? 0 : marks[^1];

    private readonly object? Top() => stack.Count > Floor ? stack[^1] : throw Bad("takes from an empty stack");

    private readonly object? Pop()
    {
        object? top = Top();
        stack.RemoveAt(stack.Count - 1);
        return top;
    }

    private readonly object?[] PopMany(int count)
    {
        if (stack.Count - Floor < count) throw Bad("takes from an empty stack");
        return PopFrom(stack.Count - count);
    }

    private readonly object?[] PopToMark()
    {
        if (marks.Count == 0) throw Bad("closes something that it has not opened");
        int start = marks[^1];
        marks.RemoveAt(marks.Count - 1);
        return PopFrom(start);
    }

    private readonly object?[] PopFrom(int start)
    {
        object?[] items = CollectionsMarshal.AsSpan(stack)[start..].ToArray();
        stack.RemoveRange(start, items.Length);
        return items;
    }

    private readonly void AddInteger(ReadOnlySpan<byte> littleEndian)
    {
        var value = new BigInteger(littleEndian); // of no bytes it is 0, as in Python
        if (value >= long.MinValue && value <= long.MaxValue) stack.Add((long)value);
        else stack.Add(value);
    }

    private readonly string Text(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return StrictUtf8.GetString(utf8);
        }
        catch (DecoderFallbackException e)
        {
            throw Bad("has a text that is not valid UTF-8", e);
        }
    }

    private string Line()
    {
        int length = bytes[at..Math.Min(bytes.Length, at + MaxNameLength)].IndexOf((byte)'\n');
        if (length < 0) throw Bad("has a name without an end");
        string line = Text(Take((uint)length));
        Take(1);
        return line;
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(bytes.Length - at)) throw Bad($"breaks off: {count} bytes are missing or it claims them wrongly");
        at += (int)count;
        return bytes.Slice(at - (int)count, (int)count);
    }

    private readonly InputException Bad(string what, Exception? inner = null) =>
        new($"{path}: its pickle {what} at byte {instructionAt}.", NoCheckpoint, inner);

    private static string Name(byte instruction) => instruction switch
    {
        (byte)'o' => "OBJ",
        0x81 => "NEWOBJ",
        0x92 => "NEWOBJ_EX",
        0x82 or 0x83 or 0x84 => "EXT",
        (byte)'P' => "PERSID",
        _ => $"0x{instruction:x2}",
    };
}
