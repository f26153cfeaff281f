using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Transformer.Training;

/// <summary>
/// Cuts a file of text into documents, line by line, and sums up its bytes on the way. Line breaks at either end of a document do not
/// belong to it, and one of nothing but white space is none.
/// </summary>
/// <param name="source">The text.</param>
/// <param name="split">Where documents end.</param>
internal sealed class DocumentReader(TextSource source, DocumentSplit split)
{
    private const int LongestDocument = 1 << 28, BufferLength = 1 << 20;
    private const string TextKey = "text";

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly bool isJson = split == DocumentSplit.Jsonl || source.Name.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase);

    /// <summary>The file's SHA-256 in lower-case hex, once all of it is read.</summary>
    public string Sha256 { get; private set; } = "";

    /// <summary>The documents in their order.</summary>
    /// <exception cref="InputException">It cannot be read, is not UTF-8, or a line is not as it should be.</exception>
    public IEnumerable<string> Documents() => isJson ? OfJson() : OfText();

    private IEnumerable<string> OfJson()
    {
        foreach ((string line, int number) in Lines())
        {
            if (string.IsNullOrWhiteSpace(line)) continue;
            string text = TextOf(line, $"{source.Name}: line {number}");
            if (!string.IsNullOrWhiteSpace(text)) yield return text;
        }
    }

    private static string TextOf(string line, string where)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            JsonPart[] texts =
                [.. new JsonPart(where, "", document.RootElement).Members().Where(one => one.Key == TextKey).Select(one => one.Value)];
            if (texts is [var text]) return text.AsText();
            throw new InputException($"{where} has {(texts.Length == 0 ? "no" : "more than one")} \"{TextKey}\".");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            string at = e is JsonException { BytePositionInLine: { } position } ? $"byte {position + 1}" : Quoted.Position(e);
            throw new InputException($"{where}: not valid JSON ({at}), expected an object with a \"{TextKey}\".", null, e);
        }
    }

    private IEnumerable<string> OfText()
    {
        var document = new StringBuilder();
        foreach ((string line, _) in Lines())
        {
            if (split == DocumentSplit.Paragraph && string.IsNullOrWhiteSpace(line))
            {
                if (Taken(document) is { } paragraph) yield return paragraph;
                continue;
            }

            string[] parts = line.Split(Tokenizer.EndOfText);
            for (int i = 0; i < parts.Length; i++)
            {
                document.Append(parts[i]);
                if (i < parts.Length - 1 && Taken(document) is { } before) yield return before;
            }

            document.Append('\n');
            if (document.Length > LongestDocument)
            {
                throw new InputException(
                    $"{source.Name}: a document has more than {LongestDocument} characters.", "cut it, for example by paragraphs.");
            }

            if (split == DocumentSplit.Line && Taken(document) is { } whole) yield return whole;
        }

        if (Taken(document) is { } last) yield return last;
    }

    /// <summary>What was gathered, which begins anew; null if that is no document.</summary>
    private static string? Taken(StringBuilder document)
    {
        string text = document.ToString().Trim('\r', '\n');
        document.Clear();
        return string.IsNullOrWhiteSpace(text) ? null : text;
    }

    /// <summary>The lines with their numbers from 1, without their ends: a line feed, with or without a carriage return.</summary>
    private IEnumerable<(string Line, int Number)> Lines()
    {
        using IncrementalHash hash = SecureHash.Sha256();
        using Stream stream = source.Open();
        byte[] buffer = new byte[BufferLength];
        using var rest = new MemoryStream();
        int number = 0;
        for (int count; (count = Read(stream, buffer)) > 0;)
        {
            hash.AppendData(buffer, 0, count);
            int start = 0;
            for (int length; (length = buffer.AsSpan(start, count - start).IndexOf((byte)'\n')) >= 0; start += length + 1)
            {
                rest.Write(buffer, start, length);
                yield return (Decoded(rest, ++number), number);
            }

            rest.Write(buffer, start, count - start);
            if (rest.Length > int.MaxValue / 2)
                throw new InputException($"{source.Name}: line {number + 1} has more than a billion bytes.", "is it text?");
        }

        if (rest.Length > 0) yield return (Decoded(rest, ++number), number);
        Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private int Read(Stream stream, byte[] buffer)
    {
        try
        {
            return stream.Read(buffer);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{source.Name}: cannot be read: {FileErrors.Reason(e)}.", null, e);
        }
    }

    private string Decoded(MemoryStream bytes, int number)
    {
        ReadOnlySpan<byte> line = bytes.GetBuffer().AsSpan(0, (int)bytes.Length);
        bytes.SetLength(0);
        if (number == 1 && line.StartsWith(Encoding.UTF8.Preamble)) line = line[Encoding.UTF8.Preamble.Length..];
        if (line.EndsWith("\r"u8)) line = line[..^1];
        try
        {
            return StrictUtf8.GetString(line);
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException($"{source.Name}: line {number}: not valid UTF-8.", "save the file as UTF-8.", e);
        }
    }
}
