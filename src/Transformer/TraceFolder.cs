using System.Globalization;
using System.IO.Hashing;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Transformer;

/// <summary>
/// Traces kept on disk, so that another threshold, another scale or another evaluation of the same prompts needs no base
/// pass. Each is one safetensors file whose name is a hash of the model, the layer, the tokens, and the program that
/// computes: nothing in it can be out of date, and a file may be deleted at any time. A checksum in each tells whether it still holds what
/// was written; what does not is made anew.
/// </summary>
public sealed class TraceFolder
{
    /// <summary>
    /// Part of every name: a changed engine rounds otherwise, and so does one with narrower registers. The compiler gives an
    /// assembly the same identifier only for the same source.
    /// </summary>
    private static readonly string Engine = string.Join(' ', (object[])[
        typeof(Tensor).Module.ModuleVersionId, typeof(Ops).Module.ModuleVersionId, typeof(Trace).Module.ModuleVersionId,
        Vector<float>.Count]);

    private const string Checksum = "xxh128";
    private const int HashedAtOnce = 1 << 28; // bytes

    private readonly string folder;
    private readonly CausalLm model;
    private readonly string fingerprint;

    /// <summary>Uses a folder, which is made if it does not exist.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="model">The base model.</param>
    /// <param name="fingerprint">Tells its weights from any other model's.</param>
    /// <exception cref="InputException">The folder cannot be made.</exception>
    public TraceFolder(string folder, CausalLm model, string fingerprint)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(model);
        (this.folder, this.model, this.fingerprint) = (folder, model, fingerprint);
        Make(folder);
    }

    /// <summary>Makes a folder for traces unless it is there.</summary>
    /// <exception cref="InputException">It cannot be made.</exception>
    public static void Make(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{folder}: the folder for traces cannot be made: {FileErrors.Reason(e)}.", inner: e);
        }
    }

    /// <summary>The trace of these sequences: read if it is there, made and written if not. Bit for bit the same either way.</summary>
    /// <exception cref="InputException">The file cannot be written.</exception>
    /// <inheritdoc cref="Trace.Run"/>
    public Trace GetOrRun(IReadOnlyList<int[]> sequences, ReadOnlySpan<int> from, int layer, CancellationToken cancellation = default)
    {
        TracedPosition[] positions = TracedPosition.All(sequences, from);
        string path = Path.Combine(folder, Name(sequences, from, layer));
        if (File.Exists(path) && Read(path, sequences, positions, layer) is { } kept) return kept;
        Trace trace = Trace.Run(model, sequences, from, layer, cancellation);
        Write(path, trace);
        return trace;
    }

    private string Name(IReadOnlyList<int[]> sequences, ReadOnlySpan<int> from, int layer)
    {
        using var hash = SecureHash.Sha256();
        // What the weights do not tell; and another device rounds otherwise.
        string config = JsonSerializer.Serialize(model.Config, TransformerJson.Default.ModelConfig);
        string asked = FormattableString.Invariant($"{Engine} {model.Device.Name}\n{fingerprint}\n{config}\n{layer}\n{sequences.Count}\n");
        hash.AppendData(Encoding.UTF8.GetBytes(asked));
        for (int s = 0; s < sequences.Count; s++)
        {
            hash.AppendData(MemoryMarshal.AsBytes<int>([from[s], sequences[s].Length]));
            hash.AppendData(MemoryMarshal.AsBytes<int>(sequences[s]));
        }

        return $"{Convert.ToHexStringLower(hash.GetHashAndReset())[..32]}.safetensors";
    }

    private void Write(string path, Trace trace)
    {
        using BufferScope scope = model.Device.Scope();
        var tensors = new SortedDictionary<string, Tensor>(StringComparer.Ordinal) // as the file will have them
        {
            ["x"] = trace.X,
            ["hidden"] = trace.Hidden,
            ["final"] = trace.Final,
        };
        for (int l = trace.Layer + 1; l < model.Config.NLayer; l++)
        {
            int above = l - trace.Layer - 1;
            tensors[Keys(l)] = EndToEnd([.. trace.Contexts.Select(c => c.Keys[above])]);
            tensors[Values(l)] = EndToEnd([.. trace.Contexts.Select(c => c.Values[above])]);
        }

        XxHash128 hash = NewHash(path);
        foreach ((string name, Tensor tensor) in tensors)
        {
            float[] values = tensor.ToArray();
            Append(hash, name, values.Length * (long)sizeof(float), (start, length) =>
                MemoryMarshal.AsBytes(values.AsSpan((int)(start / sizeof(float)), length / sizeof(float))));
        }

        SafeTensorsWriter.Write(
            path, [.. tensors.Select(t => new SafeTensorsEntry(t.Key, t.Value))],
            new Dictionary<string, string> { [Checksum] = Text(hash) });
    }

    /// <summary>The trace in a file; null if the file is damaged, or gone meanwhile: then it is to be made anew.</summary>
    private Trace? Read(string path, IReadOnlyList<int[]> sequences, TracedPosition[] positions, int layer)
    {
        try
        {
            using SafeTensorsFile file = SafeTensorsFile.Open(path);
            return IsAsWritten(file) ? Read(file, sequences, positions, layer) : null;
        }
        catch (InputException)
        {
            return null;
        }
    }

    private Trace Read(SafeTensorsFile file, IReadOnlyList<int[]> sequences, TracedPosition[] positions, int layer)
    {
        int blocks = model.Config.NLayer - layer - 1, C = model.Config.NEmbd, tokens = sequences.Sum(s => s.Length);
        Tensor[] keys = [.. Enumerable.Range(layer + 1, blocks).Select(l => Rows(Keys(l), tokens))];
        Tensor[] values = [.. Enumerable.Range(layer + 1, blocks).Select(l => Rows(Values(l), tokens))];
        var contexts = new SequenceContext[sequences.Count];
        for (int s = 0, first = 0; s < contexts.Length; first += sequences[s].Length, s++)
        {
            contexts[s] = new SequenceContext(
                [.. keys.Select(k => MatrixView.Of(k.Slice(first, sequences[s].Length)))],
                [.. values.Select(v => MatrixView.Of(v.Slice(first, sequences[s].Length)))],
                sequences[s]);
        }

        return new Trace(
            model, layer, positions, contexts,
            Rows("x", positions.Length), Rows("hidden", positions.Length), Rows("final", positions.Length));

        Tensor Rows(string name, int count)
        {
            Tensor tensor = file.Load(name, model.Device);
            if (tensor.Shape == new Shape(count, C) && tensor.DType == DType.F32) return tensor;
            throw new InputException($"{file.Path}: {name} is {tensor.Shape} {tensor.DType}, expected [{count},{C}] F32.");
        }
    }

    private static bool IsAsWritten(SafeTensorsFile file)
    {
        if (!file.Metadata.TryGetValue(Checksum, out string? written)) return false; // of an older program
        XxHash128 hash = NewHash(file.Path);
        foreach (TensorInfo tensor in file.Tensors)
        {
            MappedBytes bytes = file.Bytes(tensor.Name);
            Append(hash, tensor.Name, tensor.Length, bytes.Span);
            GC.KeepAlive(bytes);
        }

        return Text(hash) == written;
    }

    /// <summary>The name of the file is part of what is hashed: a trace that was renamed answers another question.</summary>
    private static XxHash128 NewHash(string path)
    {
        var hash = new XxHash128();
        hash.Append(Encoding.UTF8.GetBytes(Path.GetFileName(path)));
        return hash;
    }

    private static void Append(XxHash128 hash, string name, long length, Bytes bytes)
    {
        hash.Append(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\n{name} {length}\n")));
        for (long start = 0; start < length; start += HashedAtOnce)
            hash.Append(bytes(start, (int)Math.Min(HashedAtOnce, length - start)));
    }

    private delegate ReadOnlySpan<byte> Bytes(long start, int length);

    private static string Text(XxHash128 hash) => Convert.ToHexStringLower(hash.GetCurrentHash());

    private Tensor EndToEnd(MatrixView[] parts)
    {
        Tensor all = model.Device.Allocate(parts.Sum(p => p.Rows), model.Config.NEmbd);
        int at = 0;
        foreach (MatrixView part in parts)
        {
            model.Device.Copy(part, all.Slice(at, part.Rows));
            at += part.Rows;
        }

        return all;
    }

    private static string Keys(int layer) => $"keys.{layer}";

    private static string Values(int layer) => $"values.{layer}";
}
