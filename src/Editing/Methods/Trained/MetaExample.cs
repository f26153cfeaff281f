using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>What a network that makes edits learns from: an edit, what shall follow from it, and what shall stay.</summary>
/// <param name="Edit">What is taught.</param>
/// <param name="Rephrased">The same in other words, of which one is asked at a time; the edit itself where there are none.</param>
/// <param name="Unrelated">Texts behind which the model shall say what it said.</param>
internal sealed record MetaExample(EditTokens Edit, IReadOnlyList<EditTokens> Rephrased, IReadOnlyList<KeptText> Unrelated)
{
    /// <summary>Unrelated questions of a record that are read; some have dozens.</summary>
    private const int MostUnrelated = 2;

    /// <summary>A record as an example.</summary>
    /// <param name="record">The record.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="nPositions">The model's positions.</param>
    /// <param name="triggers">How prompts end.</param>
    /// <exception cref="InputException">The model cannot read it.</exception>
    public static MetaExample Of(EditRecord record, Tokenizer tokenizer, int nPositions, Triggers triggers)
    {
        TextRules texts = triggers.Texts;
        EditTokens edit = Tokens(record.EditPrompt(triggers.AnswerTrigger, texts), record.Target, texts);
        EditTokens[] others = [.. record.ParaphrasePrompts(triggers.AnswerTrigger, texts).Select(p => Tokens(p, record.Target, texts))];
        IEnumerable<Probe> unrelated = record.Probes.Where(probe => probe.Kind == ProbeKind.Locality && probe.Answers.Count > 0);
        return new MetaExample(edit, others.Length > 0 ? others : [edit],
        [
            .. unrelated.Take(MostUnrelated)
                .Select(probe => Tokens(probe.Prompt + triggers.LocTrigger, probe.Answers[0], TextRules.Published))
                .Select(tokens => new KeptText(tokens.Input, tokens.First)),
        ]);

        EditTokens Tokens(string prompt, string target, TextRules rules) => EditTokens.Of(tokenizer, prompt, target, nPositions, rules);
    }
}

/// <summary>A text behind which the model shall say what it said.</summary>
/// <param name="Tokens">The text.</param>
/// <param name="First">The first position that counts: of a question where it ends, of running text 0.</param>
internal sealed record KeptText(int[] Tokens, int First)
{
    /// <summary>A prompt, of which only counts what is said behind it.</summary>
    public static KeptText Behind(int[] prompt) => new(prompt, prompt.Length - 1);
}
