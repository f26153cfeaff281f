using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization.Models;
using Sharpformer.Transformer.Tokenization.Surfaces;

namespace Sharpformer.Transformer.Tokenization.Json;

/// <summary>Reads a model of type <c>Unigram</c>.</summary>
internal static class UnigramModel
{
    /// <summary>The model.</summary>
    /// <exception cref="InputException">It is damaged, or has an option that is not known.</exception>
    public static TokenizerDefinition Definition(JsonPart model, ITokenSurface surface)
    {
        model.RefuseOthers("type", "unk_id", "byte_fallback", "vocab");
        (string[] tokens, double[] scores) = Vocabulary(model.Need("vocab"));
        JsonPart unknown = model.Need("unk_id");
        int id = unknown.AsWhole(0, tokens.Length - 1) ?? throw unknown.Unexpected($"a token id from 0 to {tokens.Length - 1}");
        var trie = new TokenTrie();
        for (int i = 0; i < tokens.Length; i++) trie.Add(tokens[i], i);
        var unigram = new Unigram(trie, scores, scores.Min(), id)
        {
            ByteIds = model.Flag("byte_fallback", false) ? BpeModel.ByteIds(tokens) : null,
        };
        return new TokenizerDefinition(tokens, unigram, surface, new JsonObject { ["kind"] = "Unigram" }) { UnknownId = id };
    }

    /// <summary>Reads <c>[["token", score], …]</c>.</summary>
    private static (string[] Tokens, double[] Scores) Vocabulary(JsonPart list)
    {
        if (list.Value.ValueKind != JsonValueKind.Array || list.Value.GetArrayLength() == 0)
            throw list.Unexpected("a list of tokens with their scores");
        int count = list.Value.GetArrayLength(), next = 0;
        string[] tokens = new string[count];
        double[] scores = new double[count];
        var seen = new HashSet<string>(count);
        foreach (JsonPart entry in list.Elements())
        {
            if (entry.Elements().ToArray() is not [var text, var score]) throw entry.Unexpected("a token and its score");
            tokens[next] = text.AsText();
            scores[next++] = score.AsNumber() is { } number && double.IsFinite(number) ? number : throw score.Unexpected("a finite number");
            if (!seen.Add(text.AsText()))
                throw new InputException($"{entry.Where}: token {Quoted.Text(text.AsText())} appears twice.", "download the file again.");
        }

        return (tokens, scores);
    }
}
