using System.Text.Json.Nodes;
using Sharpformer.Transformer.Tokenization.Models;
using Sharpformer.Transformer.Tokenization.Normalizers;
using Sharpformer.Transformer.Tokenization.PreTokenizers;
using Sharpformer.Transformer.Tokenization.Surfaces;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>What the files of a tokenizer say, whichever kind they are; checked.</summary>
/// <param name="Tokens">The base vocabulary by id.</param>
/// <param name="Model">Makes ids of pieces.</param>
/// <param name="Surface">Makes text of ids.</param>
/// <param name="Settings">What changes ids beside vocabulary and merges, names in a fixed order.</param>
internal sealed record TokenizerDefinition(string[] Tokens, ITokenModel Model, ITokenSurface Surface, JsonObject Settings)
{
    /// <summary>One more than any id may be: no model has a larger vocabulary, and memory must not follow a claim.</summary>
    public const int MaxIds = 1 << 24;

    /// <summary>Merges in order of rank, each two tokens with a blank between them; null where the model has none.</summary>
    public IReadOnlyList<string>? Merges { get; init; }

    /// <summary>
    /// Tokens that are found in the text before it is cut into pieces; those beyond the base vocabulary may leave gaps.
    /// </summary>
    public IReadOnlyList<AddedToken> Added { get; init; } = [];

    /// <summary>Texts of tokens that are found too, if the vocabulary has them and no file names others for their roles.</summary>
    public IReadOnlyList<string> Found { get; init; } = [];

    /// <summary>What is done to the text between added tokens, one step after the other.</summary>
    public IReadOnlyList<Normalizer> Normalizers { get; init; } = [];

    /// <summary>How it is cut then, one step after the other.</summary>
    public IReadOnlyList<PreTokenizer> PreTokenizers { get; init; } = [];

    /// <summary>Ids that are put before a text.</summary>
    public IReadOnlyList<int> Front { get; init; } = [];

    /// <summary>The id of text that no token stands for; null where there is none.</summary>
    public int? UnknownId { get; init; }

    /// <summary>Whether any text comes back as it was, but for a blank in front and white space beside added tokens.</summary>
    public bool IsLossless { get; init; }

    /// <summary>Whether GPT-2's pattern, and nothing else, cuts the text.</summary>
    public bool CutsAsGpt2 { get; init; }
}
