using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Tokenization.Json;

/// <summary>
/// Reads what <c>post_processor</c> of <c>tokenizer.json</c> puts before a text. What it puts behind is left out: a language model goes on
/// there.
/// </summary>
internal static class JsonFront
{
    /// <summary>The ids that are put before a text.</summary>
    /// <exception cref="InputException">A step is of an unknown type, or several add tokens.</exception>
    public static List<int> Read(JsonPart? processor)
    {
        var front = new List<int>();
        int adding = 0;
        foreach (JsonPart step in JsonSteps.Steps(processor, "processors"))
        {
            List<int>? added = step.Type switch
            {
                "ByteLevel" => null, // It moves offsets, which nobody asks for here.
                "TemplateProcessing" => OfTemplate(step),
                "BertProcessing" or "RobertaProcessing" => [IdOfPair(step.Need("cls"))],
                _ => throw step.UnknownStep("BertProcessing", "ByteLevel", "RobertaProcessing", "TemplateProcessing"),
            };
            if (added is null) continue;
            if (adding++ > 0)
                throw new InputException($"{step.Where} adds tokens to a text that has some added already, expected one such step.");
            front = added;
        }

        return front;
    }

    /// <summary>Null for a template that adds nothing.</summary>
    private static List<int>? OfTemplate(JsonPart step)
    {
        JsonPart single = step.Need("single");
        JsonPart[] parts = [.. single.Elements()];
        int at = Array.FindIndex(parts, part => part.Find("Sequence") is not null);
        if (at < 0 || parts.Count(part => part.Find("Sequence") is not null) != 1)
            throw new InputException($"{single.Where} holds no or several places for the text, expected one.");
        if (parts.Length == 1) return null;
        return
        [
            .. parts[..at].SelectMany(part =>
            {
                string name = part.Need("SpecialToken").Need("id").AsText();
                return step.Need("special_tokens").Need(name).Need("ids").Elements().Select(id => id.AsId());
            }),
        ];
    }

    /// <summary>The id in <c>["[CLS]", 101]</c>.</summary>
    private static int IdOfPair(JsonPart pair) =>
        pair.Elements().ToArray() is [_, var id] ? id.AsId() : throw pair.Unexpected("a token and its id");
}
