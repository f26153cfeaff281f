using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Transformer.Training;

/// <summary>Documents as tokens, each once: what a model learns from, or is asked about.</summary>
public sealed class TrainingText
{
    private readonly int[] tokens;
    private readonly int[] ends;

    private TrainingText(int[] tokens, int[] ends, IReadOnlyList<TextFileFacts> files)
    {
        (this.tokens, this.ends, Files) = (tokens, ends, files);
        using IncrementalHash hash = SecureHash.Sha256();
        hash.AppendData(MemoryMarshal.AsBytes<int>(ends)); // how many, and where; then what
        hash.AppendData(MemoryMarshal.AsBytes<int>(tokens));
        Digest = Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>What was read.</summary>
    public IReadOnlyList<TextFileFacts> Files { get; }

    /// <summary>Tokens in all.</summary>
    public int Tokens => tokens.Length;

    /// <summary>Documents in all.</summary>
    public int Documents => ends.Length;

    /// <summary>Knows the same tokens in the same documents again: SHA-256 in lower-case hex.</summary>
    public string Digest { get; }

    /// <summary>The tokens of a document.</summary>
    public ReadOnlySpan<int> Document(int index)
    {
        int start = index == 0 ? 0 : ends[index - 1];
        return tokens.AsSpan(start, ends[index] - start);
    }

    /// <summary>A text of documents that are tokens already; nothing is added to them.</summary>
    /// <exception cref="ArgumentException">There is none, or one is empty.</exception>
    public static TrainingText Of(params IReadOnlyList<int[]> documents)
    {
        ArgumentNullException.ThrowIfNull(documents);
        if (documents.Count == 0 || documents.Any(document => document.Length == 0))
            throw new ArgumentException("TrainingText: no document, or an empty one.", nameof(documents));
        int end = 0;
        return new TrainingText(
            [.. documents.SelectMany(document => document)], [.. documents.Select(document => end += document.Length)], []);
    }

    /// <summary>
    /// Reads files of text. Each document ends with the tokenizer's end token, and some begin with its begin token: a model that meets
    /// it in every prompt should have seen it, and one that never does should do without.
    /// </summary>
    /// <param name="sources">The files, in order.</param>
    /// <param name="split">Where documents end.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="bosShare">Share of documents that begin with the begin token.</param>
    /// <param name="seed">Decides which.</param>
    /// <param name="progress">Told how many tokens there are so far.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="InputException">
    /// A file cannot be read, is not UTF-8, or has a line that is not as it should be; or there is nothing in them.
    /// </exception>
    public static TrainingText Read(
        IReadOnlyList<TextSource> sources, DocumentSplit split, Tokenizer tokenizer, double bosShare = 0, ulong seed = 0,
        Action<long>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(tokenizer);
        var writing = new DocumentTokens(tokenizer, bosShare, seed);
        var files = new List<TextFileFacts>();
        foreach (TextSource source in sources)
        {
            (int tokens, int documents) = (writing.Tokens.Count, writing.Ends.Count);
            var reader = new DocumentReader(source, split);
            foreach (string[] some in reader.Documents().Chunk(DocumentTokens.AtOnce))
            {
                cancellation.ThrowIfCancellationRequested();
                writing.Add(some);
                progress?.Invoke(writing.Tokens.Count);
            }

            files.Add(new TextFileFacts(source.Name, reader.Sha256, writing.Ends.Count - documents, writing.Tokens.Count - tokens));
        }

        if (writing.Ends.Count == 0)
            throw new InputException($"{string.Join(", ", sources.Select(source => source.Name))}: no text, expected at least a document.");
        return new TrainingText([.. writing.Tokens], [.. writing.Ends], files);
    }
}

/// <summary>A file that was read.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Sha256">Of its bytes, lower-case hex.</param>
/// <param name="Documents">How many it has.</param>
/// <param name="Tokens">How many these come to.</param>
public sealed record TextFileFacts(string Name, string Sha256, int Documents, int Tokens);
