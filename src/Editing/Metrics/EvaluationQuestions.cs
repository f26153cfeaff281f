using Sharpformer.Editing.Datasets;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Metrics;

/// <summary>A prompt of a record as it is asked: perhaps in several words or for several answers, of which the best counts.</summary>
/// <param name="Record">The record's number.</param>
/// <param name="Probe">The probe that it asks; null for the edit's own prompt and its paraphrases.</param>
/// <param name="First">Its first question among all.</param>
/// <param name="Count">How many it has.</param>
/// <param name="Prompt">The prompt, in the first of its wordings, as it is asked.</param>
/// <param name="Answers">The answers of which any is right; none where only what follows the prompt is compared.</param>
internal sealed record AskedPrompt(int Record, Probe? Probe, int First, int Count, string Prompt, IReadOnlyList<string> Answers)
{
    /// <summary>Whether a right answer is known. Otherwise only what follows the prompt is compared.</summary>
    public bool HasAnswer => Answers.Count > 0;
}

/// <summary>All questions of an evaluation.</summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="nPositions">The model's positions.</param>
/// <param name="triggers">How prompts end.</param>
internal sealed class EvaluationQuestions(Tokenizer tokenizer, int nPositions, Triggers triggers)
{
    private readonly List<Question> questions = [];

    /// <summary>The questions, as <see cref="AskedPrompt"/> counts them.</summary>
    public IReadOnlyList<Question> All => questions;

    /// <summary>The edits' own prompts.</summary>
    public List<AskedPrompt> Edits { get; } = [];

    /// <summary>Their paraphrases.</summary>
    public List<AskedPrompt> Paraphrases { get; } = [];

    /// <summary>Their probes.</summary>
    public List<AskedPrompt> Probes { get; } = [];

    /// <summary>Unedited facts.</summary>
    public List<AskedPrompt> Neighbours { get; } = [];

    /// <summary>Adds what a record asks.</summary>
    /// <exception cref="InputException">Something of it cannot be asked.</exception>
    public void Add(EditRecord record, int number) => Told("Record", number, () =>
    {
        TextRules texts = triggers.Texts;
        Edits.Add(Ask(number, null, [record.EditPrompt(triggers.AnswerTrigger, texts)], [record.Target], texts));
        foreach (string other in record.ParaphrasePrompts(triggers.AnswerTrigger, texts))
            Paraphrases.Add(Ask(number, null, [other], [record.Target], texts));
        foreach (Probe probe in record.Probes)
        {
            bool follows = probe.Kind == ProbeKind.Portability; // what follows from the edit is asked as the edit is
            string trigger = follows ? triggers.AnswerTrigger : triggers.LocTrigger;
            Probes.Add(Ask(
                number, probe, [.. probe.Wordings.Prepend(probe.Prompt).Select(prompt => prompt + trigger)], probe.Answers,
                follows ? texts : TextRules.Published));
        }
    });

    /// <summary>Adds an unedited fact, of which only the prompt is needed.</summary>
    /// <exception cref="InputException">It cannot be asked.</exception>
    public void AddNeighbour(EditRecord record, int number) => Told("Neighbour", number, () =>
        Neighbours.Add(Ask(number, null, [record.EditPrompt(triggers.AnswerTrigger, triggers.Texts)], [], triggers.Texts)));

    /// <summary>A prompt of a record with more around it than its record has.</summary>
    public AskedPrompt AskFramed(int record, string prompt, string answer, TextRules texts) => Ask(record, null, [prompt], [answer], texts);

    private AskedPrompt Ask(int record, Probe? probe, IReadOnlyList<string> prompts, IReadOnlyList<string> answers, TextRules texts)
    {
        int first = questions.Count;
        foreach (string prompt in prompts)
        {
            foreach (string answer in answers) questions.Add(new Question(EditTokens.Of(tokenizer, prompt, answer, nPositions, texts)));
            // Any token stands for the answer that nobody knows: only what is predicted is looked at.
            if (answers.Count == 0) questions.Add(new Question(EditTokens.Of(tokenizer, prompt, ".", nPositions, texts)).OnlyNextToken());
        }

        return new AskedPrompt(record, probe, first, questions.Count - first, prompts[0], answers);
    }

    private static void Told(string what, int number, Action add)
    {
        try
        {
            add();
        }
        catch (InputException e)
        {
            throw new InputException($"{what} {number} (counted from 0) cannot be asked: {e.Message}", "mend it or leave it out.", e);
        }
    }
}
