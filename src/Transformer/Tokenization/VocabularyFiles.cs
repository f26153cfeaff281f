using System.Text;
using System.Text.Json;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization.Models;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>Reads <c>vocab.json</c>, <c>merges.txt</c> and <c>vocab.txt</c>, and believes nothing they say unchecked.</summary>
internal static class VocabularyFiles
{
    /// <summary>What to tell where a file is missing.</summary>
    public const string FolderHint = "a model folder holds tokenizer.json, or vocab.json and merges.txt, or vocab.txt, or spiece.model.";

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads <c>{"token": id, …}</c>.</summary>
    /// <returns>The tokens, ordered by id.</returns>
    /// <exception cref="InputException">The file is missing or damaged, or not the vocabulary of a byte-level tokenizer.</exception>
    /// <param name="path">The file.</param>
    /// <param name="isByteLevel">Whether each byte that occurs in UTF-8 must have a token.</param>
    public static string[] ReadVocabulary(string path, bool isByteLevel = true) =>
        JsonPart.Read(path, FolderHint, part => Vocabulary(part, isByteLevel), uniqueNames: false);

    /// <summary>The tokens of <c>{"token": id, …}</c>, ordered by id.</summary>
    /// <param name="part">The object.</param>
    /// <param name="isByteLevel">Whether each byte that occurs in UTF-8 must have a token.</param>
    /// <exception cref="InputException">The ids are not 0, 1, … each once, a token appears twice, or a byte has none.</exception>
    public static string[] Vocabulary(JsonPart part, bool isByteLevel = true)
    {
        if (part.Value.ValueKind != JsonValueKind.Object)
            throw new InputException($"{part.Where}: expected a JSON object of token: id, got {part.Value.ValueKind}.", FolderHint);
        var ids = new Dictionary<string, int>();
        foreach (JsonProperty entry in part.Value.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out int id))
                throw new InputException($"{part.Where}: token {Quoted.Text(entry.Name)} has no whole number as its id.", FolderHint);
            if (!ids.TryAdd(entry.Name, id))
                throw new InputException(
                    $"{part.Where}: token {Quoted.Text(entry.Name)} appears twice, with ids {ids[entry.Name]} and {id}.",
                    "download the file again.");
        }

        string[] tokens = OrderById(part.Where, ids);
        for (int b = 0; isByteLevel && b < 256; b++)
        {
            if (b is 0xC0 or 0xC1 or >= 0xF5) continue; // UTF-8 never has them.
            string symbol = ByteAlphabet.Symbol((byte)b).ToString();
            if (!ids.ContainsKey(symbol))
                throw new InputException(
                    $"{part.Where}: no token \"{symbol}\" for byte 0x{b:X2}, so not every text could be encoded.",
                    "only byte-level vocabularies are supported.");
        }

        return tokens;
    }

    /// <summary>Reads the merges, most frequent first, one <c>left right</c> a line.</summary>
    /// <exception cref="InputException">The file is missing or damaged, or names tokens the vocabulary lacks.</exception>
    public static List<string> ReadMerges(string path, IReadOnlySet<string> vocabulary)
    {
        string text = ReadText(path);
        if (text.Length == 0) throw new InputException($"{path}: no merges, for it {SmallFile.NoFile}.", FolderHint);
        string[] lines = text.Split('\n');
        var merges = new MergeList(vocabulary, lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].TrimEnd('\r');
            if (line.Length > 0 && !(i == 0 && MergeList.IsVersion(line))) merges.Add($"{path}, line {i + 1}", line.Split(' '));
        }

        return merges.All;
    }

    /// <summary>Reads the tokens of <c>vocab.txt</c>, one a line, in order of their ids.</summary>
    /// <exception cref="InputException">The file is missing or damaged, or has a token twice.</exception>
    public static string[] ReadTokens(string path)
    {
        string[] lines = ReadText(path).Split('\n');
        if (lines[^1].Length == 0) lines = lines[..^1];
        var seen = new Dictionary<string, int>(lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            lines[i] = lines[i].TrimEnd('\r');
            if (lines[i].Length == 0)
                throw new InputException($"{path}, line {i + 1}: no token.", "the file is damaged; download it again.");
            if (!seen.TryAdd(lines[i], i))
                throw new InputException(
                    $"{path}, line {i + 1}: token {Quoted.Text(lines[i])} appears twice, first in line {seen[lines[i]] + 1}.",
                    "download the file again.");
        }

        return lines.Length > 0 ? lines : throw new InputException($"{path}: {SmallFile.NoFile}.", FolderHint);
    }

    private static string[] OrderById(string where, Dictionary<string, int> ids)
    {
        string?[] tokens = new string?[ids.Count];
        foreach ((string token, int id) in ids)
        {
            if (id < 0 || id >= tokens.Length)
                throw new InputException(
                    $"{where}: token {Quoted.Text(token)} has id {id}, expected 0 to {tokens.Length - 1} for {tokens.Length} tokens.",
                    FolderHint);
            if (tokens[id] is { } other)
                throw new InputException(
                    $"{where}: tokens {Quoted.Text(other)} and {Quoted.Text(token)} share id {id}.", "download the file again.");
            tokens[id] = token;
        }

        return tokens!; // As many different ids in range as there are places: each place is filled.
    }

    private static string ReadText(string path)
    {
        try
        {
            return StrictUtf8.GetString(SmallFile.Read(path, FolderHint));
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException($"{path}: not valid UTF-8.", "the file is damaged; download it again.", e);
        }
    }
}
