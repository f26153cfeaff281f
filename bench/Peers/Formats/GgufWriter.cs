using System.Runtime.InteropServices;
using System.Text;
using Sharpformer.Transformer;

namespace Sharpformer.Peers.Formats;

/// <summary>How llama.cpp stores a matrix; the numbers are those of the format.</summary>
internal enum GgufType
{
    /// <summary>float32.</summary>
    F32 = 0,

    /// <summary>float16.</summary>
    F16 = 1,

    /// <summary>Blocks of 32: a float16 scale and a signed byte each.</summary>
    Q8_0 = 8,
}

/// <summary>
/// A GPT-2 checkpoint as a GGUF file, version 3, with the names that llama.cpp's gpt2 architecture asks for and without a tokenizer.
/// Format: <see href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md"/>.
/// </summary>
internal static class GgufWriter
{
    private const int Alignment = 32, Version = 3, Block = 32;

    /// <summary>Types of metadata.</summary>
    private const uint UInt32 = 4, Float32 = 6, Text = 8;

    /// <summary>A tensor under its name there. Maps are stored <c>[in,out]</c> in a checkpoint and <c>[out,in]</c> in GGUF.</summary>
    private sealed record Entry(string Name, string Source, GgufType Type, bool IsTurned = false);

    /// <summary>Writes the file.</summary>
    /// <param name="weights">The checkpoint.</param>
    /// <param name="stream">Where to.</param>
    /// <param name="type">How matrices are stored. Vectors and positions are float32, as llama.cpp's own converter has them.</param>
    public static void Write(Gpt2Weights weights, Stream stream, GgufType type)
    {
        Entry[] entries = [.. Entries(weights.Config.NLayer, type)];
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        WriteHeader(writer, weights, entries, type);
        foreach (Entry entry in entries)
        {
            Pad(writer);
            float[] values = entry.IsTurned ? weights.Turned(entry.Source) : weights.Values(entry.Source);
            writer.Write(Encoded(values, entry.Type));
        }

        Pad(writer);
    }

    /// <summary>No head of its own: llama.cpp then takes the token table, as GPT-2 does.</summary>
    private static IEnumerable<Entry> Entries(int layers, GgufType type)
    {
        yield return new("token_embd.weight", "wte.weight", type);
        yield return new("position_embd.weight", "wpe.weight", GgufType.F32);
        for (int l = 0; l < layers; l++)
        {
            foreach ((string theirs, string ours, bool isMap) in ((string, string, bool)[])
                [("attn_norm", "ln_1", false), ("attn_qkv", "attn.c_attn", true), ("attn_output", "attn.c_proj", true),
                 ("ffn_norm", "ln_2", false), ("ffn_up", "mlp.c_fc", true), ("ffn_down", "mlp.c_proj", true)])
            {
                yield return new($"blk.{l}.{theirs}.weight", $"h.{l}.{ours}.weight", isMap ? type : GgufType.F32, isMap);
                yield return new($"blk.{l}.{theirs}.bias", $"h.{l}.{ours}.bias", GgufType.F32);
            }
        }

        yield return new("output_norm.weight", "ln_f.weight", GgufType.F32);
        yield return new("output_norm.bias", "ln_f.bias", GgufType.F32);
    }

    private static void WriteHeader(BinaryWriter writer, Gpt2Weights weights, Entry[] entries, GgufType type)
    {
        ModelConfig config = weights.Config;
        (string Key, object Value)[] metadata =
        [
            ("general.architecture", "gpt2"),
            ("general.file_type", type == GgufType.Q8_0 ? 7u : (uint)type),
            ("general.quantization_version", 2u),
            ("gpt2.block_count", (uint)config.NLayer),
            ("gpt2.context_length", (uint)config.NPositions),
            ("gpt2.embedding_length", (uint)config.NEmbd),
            ("gpt2.feed_forward_length", (uint)config.NInner),
            ("gpt2.attention.head_count", (uint)config.NHead),
            ("gpt2.attention.layer_norm_epsilon", config.LayerNormEpsilon),
            ("gpt2.vocab_size", (uint)config.VocabSize),
            ("tokenizer.ggml.model", "no_vocab"),
        ];
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)entries.Length);
        writer.Write((ulong)metadata.Length);
        foreach ((string key, object value) in metadata)
        {
            WriteText(writer, key);
            WriteValue(writer, value);
        }

        ulong offset = 0;
        foreach (Entry entry in entries)
        {
            // Extents go from the innermost to the outermost, which is what turning a map exchanges.
            long[] shape = [.. weights.Shape(entry.Source)];
            if (!entry.IsTurned) Array.Reverse(shape);
            WriteText(writer, entry.Name);
            writer.Write((uint)shape.Length);
            foreach (long extent in shape) writer.Write((ulong)extent);
            writer.Write((uint)entry.Type);
            writer.Write(offset);
            offset += Aligned(Length(shape.Aggregate(1L, (a, b) => a * b), entry.Type));
        }
    }

    private static void WriteValue(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case uint number:
                writer.Write(UInt32);
                writer.Write(number);
                break;
            case float number:
                writer.Write(Float32);
                writer.Write(number);
                break;
            default:
                writer.Write(Text);
                WriteText(writer, (string)value);
                break;
        }
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void Pad(BinaryWriter writer)
    {
        writer.Flush();
        long at = writer.BaseStream.Position;
        writer.Write(new byte[Aligned(at) - (ulong)at]);
    }

    private static ulong Aligned(long length) => (ulong)((length + Alignment - 1) / Alignment * Alignment);

    private static long Length(long count, GgufType type) => type switch
    {
        GgufType.F32 => count * sizeof(float),
        GgufType.F16 => count * 2,
        _ => count / Block * (Block + 2),
    };

    private static byte[] Encoded(float[] values, GgufType type)
    {
        byte[] bytes = new byte[Length(values.Length, type)];
        switch (type)
        {
            case GgufType.F32:
                MemoryMarshal.AsBytes(values.AsSpan()).CopyTo(bytes);
                break;
            case GgufType.F16:
                Span<Half> halves = MemoryMarshal.Cast<byte, Half>(bytes.AsSpan());
                for (int i = 0; i < values.Length; i++) halves[i] = (Half)values[i];
                break;
            default:
                Quantize(values, bytes);
                break;
        }

        return bytes;
    }

    /// <summary>The largest of 32 becomes 127 or -127.</summary>
    private static void Quantize(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        for (; values.Length > 0; values = values[Block..], bytes = bytes[(Block + 2)..])
        {
            float largest = 0;
            foreach (float value in values[..Block]) largest = Math.Max(largest, Math.Abs(value));
            float scale = largest / sbyte.MaxValue;
            MemoryMarshal.Write(bytes, (Half)scale);
            for (int i = 0; i < Block; i++) bytes[2 + i] = scale == 0 ? (byte)0 : (byte)(sbyte)MathF.Round(values[i] / scale);
        }
    }
}
