using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization.Surfaces;

namespace Sharpformer.Transformer.Tokenization.Json;

/// <summary>Reads <c>decoder</c> of <c>tokenizer.json</c> for tokenizers that are not byte-level.</summary>
internal static class JsonDecoder
{
    private static readonly HashSet<int> NoControls = [];

    /// <summary>What the tokens say. Without a decoder a blank stands between any two.</summary>
    /// <exception cref="InputException">It is of an unknown type, or steps follow one another in an unknown way.</exception>
    public static ITokenSurface Read(JsonPart? decoder)
    {
        List<JsonPart> steps = JsonSteps.Steps(decoder, "decoders");
        if (steps.Count == 0) return new WordSurface();
        if (steps is [var only] && Single(only) is { } single) return single;
        return OfSpaces(steps);
    }

    private static ITokenSurface? Single(JsonPart step)
    {
        switch (step.Type)
        {
            case "WordPiece":
                step.RefuseOthers("type", "prefix", "cleanup");
                return new WordSurface
                {
                    Prefix = step.Text("prefix") ?? "##",
                    CleansUp = step.Flag("cleanup", true),
                    JoinsChinese = true,
                };
            case "BPEDecoder":
                step.RefuseOthers("type", "suffix");
                return new WordSurface { Suffix = step.Text("suffix") ?? "</w>" };
            case "Metaspace":
                step.RefuseOthers("type", "replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep");
                bool prepends = step.Text("prepend_scheme") is { } scheme ? scheme != "never" : step.Flag("add_prefix_space", true);
                return new SpaceSurface(
                    step.Need("replacement").AsText(), prepends ? LeadingBlanks.AllDropped : LeadingBlanks.Kept,
                    hasBytes: false, NoControls);
            default:
                return null;
        }
    }

    /// <summary>Steps as they come from SentencePiece: a mark is a blank, bytes are characters, the blank in front is dropped.</summary>
    private static SpaceSurface OfSpaces(List<JsonPart> steps)
    {
        string? blank = null;
        (bool hasBytes, bool fuses, bool drops) = (false, false, false);
        foreach (JsonPart step in steps)
        {
            switch (step.Type)
            {
                case "Replace" when blank is null && !fuses && step.Need("content").AsText() == " ":
                    blank = step.Need("pattern").Need("String").AsText();
                    break;
                case "ByteFallback" when !fuses:
                    hasBytes = true;
                    break;
                case "Fuse":
                    fuses = true;
                    break;
                case "Strip" when fuses && step.Need("content").AsText() == " " && step.Need("start").AsWhole(0, 1) is 1
                    && step.Need("stop").AsWhole(0, 0) is 0:
                    drops = true;
                    break;
                default:
                    throw step.UnknownStep(
                        "BPEDecoder, Metaspace or WordPiece alone",
                        "or Replace by a blank, ByteFallback, Fuse and Strip of one blank in this order");
            }
        }

        return new SpaceSurface(
            blank ?? throw new InputException($"{steps[0].Where} and what follows replace nothing by a blank, expected Replace."),
            drops ? LeadingBlanks.OneDropped : LeadingBlanks.Kept, hasBytes, NoControls);
    }
}
