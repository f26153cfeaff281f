using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>Reads <c>vocab.json</c> and <c>merges.txt</c> and believes nothing they say unchecked.</summary>
internal static class VocabularyFiles
{
    // The largest published vocabularies are a few MiB; a file far beyond that is something else.
    private const long MaxBytes = 64L << 20;
    private const string FolderHint = "a model folder holds vocab.json and merges.txt of a GPT-2 style tokenizer.";
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads <c>{"token": id, …}</c>.</summary>
    /// <returns>The tokens, ordered by id.</returns>
    /// <exception cref="InputException">The file is missing or damaged, or the ids are not 0, 1, … each once.</exception>
    public static string[] ReadVocabulary(string path)
    {
        var ids = new Dictionary<string, int>();
        try
        {
            ReadOnlySpan<byte> json = ReadBytes(path);
            if (!Utf8.IsValid(json)) throw new InputException($"{path}: not valid UTF-8.", "the file is damaged; download it again.");
            var reader = new Utf8JsonReader(json);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw new InputException($"{path}: expected a JSON object of token: id, got {reader.TokenType}.", FolderHint);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string token = reader.GetString()!;
                reader.Read();
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out int id))
                    throw new InputException($"{path}: token {Quoted.Text(token)} has no whole number as its id.", FolderHint);
                if (!ids.TryAdd(token, id))
                    throw new InputException($"{path}: token {Quoted.Text(token)} appears twice, with ids {ids[token]} and {id}.", "download the file again.");
            }

            reader.Read(); // Fails where anything follows the object.
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InputException($"{path}: not valid JSON ({Quoted.Position(e)}).", "the file is cut short or damaged; download it again.", e);
        }

        return OrderById(path, ids);
    }

    /// <summary>Reads the merges, most frequent first, one <c>left right</c> a line.</summary>
    /// <exception cref="InputException">The file is missing or damaged, or names tokens the vocabulary lacks.</exception>
    public static List<string> ReadMerges(string path, IReadOnlySet<string> vocabulary)
    {
        string[] lines = ReadText(path).Split('\n');
        var merges = new List<string>(lines.Length);
        var seen = new HashSet<string>(lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].TrimEnd('\r');
            if (line.Length == 0 || (i == 0 && line.StartsWith("#version", StringComparison.Ordinal))) continue;
            string[] halves = line.Split(' ');
            if (halves.Length != 2 || halves[0].Length == 0 || halves[1].Length == 0)
                throw new InputException($"{path}, line {i + 1}: expected two tokens with one blank between them, got {Quoted.Text(line)}.", FolderHint);
            foreach (string token in (string[])[halves[0], halves[1], halves[0] + halves[1]])
            {
                if (!vocabulary.Contains(token))
                    throw new InputException($"{path}, line {i + 1}: {Quoted.Text(line)} needs token {Quoted.Text(token)}, which vocab.json lacks.", "take both files from the same model.");
            }

            if (!seen.Add(line))
                throw new InputException($"{path}, line {i + 1}: the merge {Quoted.Text(line)} appears twice.", "download the file again.");
            merges.Add(line);
        }

        return merges;
    }

    private static string[] OrderById(string path, Dictionary<string, int> ids)
    {
        string?[] tokens = new string?[ids.Count];
        foreach ((string token, int id) in ids)
        {
            if (id < 0 || id >= tokens.Length)
                throw new InputException($"{path}: token {Quoted.Text(token)} has id {id}, expected 0 to {tokens.Length - 1} for {tokens.Length} tokens.", FolderHint);
            if (tokens[id] is { } other)
                throw new InputException($"{path}: tokens {Quoted.Text(other)} and {Quoted.Text(token)} share id {id}.", "download the file again.");
            tokens[id] = token;
        }

        return tokens!; // As many different ids in range as there are places: each place is filled.
    }

    private static string ReadText(string path)
    {
        try
        {
            return StrictUtf8.GetString(ReadBytes(path));
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException($"{path}: not valid UTF-8.", "the file is damaged; download it again.", e);
        }
    }

    private static ReadOnlySpan<byte> ReadBytes(string path)
    {
        try
        {
            long length = new FileInfo(path).Length;
            if (length > MaxBytes)
                throw new InputException($"{path}: {length} bytes, expected at most {MaxBytes}.", FolderHint);
            ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
            return bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message})", FolderHint, e);
        }
    }
}
