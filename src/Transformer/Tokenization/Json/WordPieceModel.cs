using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization.Models;
using Sharpformer.Transformer.Tokenization.Surfaces;

namespace Sharpformer.Transformer.Tokenization.Json;

/// <summary>Reads a model of type <c>WordPiece</c>.</summary>
internal static class WordPieceModel
{
    private const int MostCharacters = 1 << 20;

    /// <summary>The model.</summary>
    /// <exception cref="InputException">It is damaged, or has an option that is not known.</exception>
    public static TokenizerDefinition Definition(JsonPart model, ITokenSurface surface)
    {
        model.RefuseOthers("type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab");
        string[] tokens = VocabularyFiles.Vocabulary(model.Need("vocab"), isByteLevel: false);
        JsonPart longest = model.Need("max_input_chars_per_word");
        int unknown = BpeModel.IdOf(model.Need("unk_token"), tokens);
        var pieces = new WordPiece(
            tokens, unknown, model.Need("continuing_subword_prefix").AsText(),
            longest.AsWhole(0, MostCharacters) ?? throw longest.Unexpected($"a whole number from 0 to {MostCharacters}"));
        return new TokenizerDefinition(tokens, pieces, surface, new JsonObject { ["kind"] = "WordPiece" }) { UnknownId = unknown };
    }
}
