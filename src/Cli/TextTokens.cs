using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Cli;

/// <summary>A text file as tokens, and the windows in which a model reads them.</summary>
internal static class TextTokens
{
    /// <summary>All of a file, or its first tokens.</summary>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="path">The file.</param>
    /// <param name="limit">At most so many tokens.</param>
    /// <param name="hint">Why a single token is not enough.</param>
    /// <exception cref="InputException">It cannot be read, or has fewer than two tokens.</exception>
    public static int[] Whole(Tokenizer tokenizer, string path, int limit, string? hint = null)
    {
        var tokens = new List<int>();
        foreach (string piece in tokenizer.JoinsNoWords ? TextFile.Pieces(path) : [TextFile.Read(path)])
        {
            tokens.AddRange(tokenizer.Encode(piece));
            if (tokens.Count >= limit) break;
        }

        return tokens.Count switch
        {
            0 => throw Empty(path),
            1 => throw new InputException($"{path}: the text is a single token, expected at least two.", hint),
            _ => [.. tokens.Take(limit)],
        };
    }

    /// <summary>The error that a file holds no text.</summary>
    public static InputException Empty(string path) => new($"{path}: the file is empty, expected a text of at least two tokens.");

    /// <summary>Tokens of a window and from one window's beginning to the next's, where they may be left out.</summary>
    /// <exception cref="InputException">A window is longer than the model's positions, or tokens between two would be left out.</exception>
    public static (int Window, int Stride) Windows(int? window, int? stride, int positions)
    {
        if (window > positions) throw new InputException($"--window is {window}, the model's positions are {positions}.");
        int length = window ?? positions;
        if (stride > length)
        {
            throw new InputException(
                $"--stride is {stride}, expected at most the window, which is {length}.",
                "tokens between two windows would not be scored.");
        }

        return (length, stride ?? Math.Max(1, length / 2));
    }
}
