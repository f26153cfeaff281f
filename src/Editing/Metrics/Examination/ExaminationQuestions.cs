using Sharpformer.Editing.Datasets;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Metrics.Examination;

/// <summary>A prompt to examine.</summary>
/// <param name="Kind">What it asks for.</param>
/// <param name="Frame">What stands around it.</param>
/// <param name="Asked">Its questions.</param>
/// <param name="Rival">The number of the question for the answer that stands against it; null where none is known.</param>
internal sealed record PromptToExamine(PromptKind Kind, string Frame, AskedPrompt Asked, int? Rival);

/// <summary>All questions of an examination.</summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="nPositions">The model's positions.</param>
/// <param name="plan">What is asked.</param>
internal sealed class ExaminationQuestions(Tokenizer tokenizer, int nPositions, ExaminationPlan plan)
{
    private readonly EvaluationQuestions questions = new(tokenizer, nPositions, plan.Triggers);
    private readonly List<Question> rivals = [];
    private readonly List<(PromptKind Kind, string Frame, AskedPrompt Asked, int? Rival)> prompts = [];

    /// <summary>The questions, those for rivals last.</summary>
    public IReadOnlyList<Question> All => [.. questions.All, .. rivals];

    /// <summary>The prompts in the order in which they were added.</summary>
    public IReadOnlyList<PromptToExamine> Prompts => [.. prompts.Select(prompt => new PromptToExamine(
        prompt.Kind, prompt.Frame, prompt.Asked, prompt.Rival + questions.All.Count))];

    /// <summary>How many prompts do not fit the model's positions with what stands around them; they are left out.</summary>
    public int TooLong { get; private set; }

    /// <summary>Adds what a record asks, and its prompts in frames.</summary>
    /// <exception cref="InputException">Something of it cannot be asked.</exception>
    public void Add(EditRecord record, int number)
    {
        TextRules texts = plan.Triggers.Texts;
        (int edits, int paraphrases, int probes) = (questions.Edits.Count, questions.Paraphrases.Count, questions.Probes.Count);
        questions.Add(record, number);
        string? old = record.OldAnswers.FirstOrDefault(answer => !answer.Equals(record.Target, StringComparison.Ordinal));
        foreach (AskedPrompt asked in questions.Edits.Skip(edits)) AddPrompt(PromptKind.Edit, PromptFrame.Plain, asked, old, texts);
        foreach (AskedPrompt asked in questions.Paraphrases.Skip(paraphrases))
            AddPrompt(PromptKind.Paraphrase, PromptFrame.Plain, asked, old, texts);
        foreach (AskedPrompt asked in questions.Probes.Skip(probes))
        {
            (PromptKind kind, string? rival, TextRules rules) = asked.Probe!.Kind switch
            {
                ProbeKind.Portability => (PromptKind.Portability, null, texts),
                ProbeKind.Attribute => (PromptKind.Attribute, old, TextRules.Published),
                _ => (PromptKind.Locality, record.Target, TextRules.Published),
            };
            AddPrompt(kind, PromptFrame.Plain, asked, rival, rules);
        }

        if (number >= plan.MostFramed) return;
        foreach (PromptFrame frame in plan.Frames) AddFramed(record, number, frame, old);
    }

    /// <summary>Adds an unedited fact, of which only the prompt is needed.</summary>
    /// <exception cref="InputException">It cannot be asked.</exception>
    public void AddUnedited(PromptKind kind, EditRecord record, int number)
    {
        int before = questions.Neighbours.Count;
        questions.AddNeighbour(record, number);
        AddPrompt(kind, PromptFrame.Plain, questions.Neighbours[before], rival: null, plan.Triggers.Texts);
    }

    private void AddFramed(EditRecord record, int number, PromptFrame frame, string? old)
    {
        TextRules texts = plan.Triggers.Texts;
        string trigger = frame.Ending ?? plan.Triggers.AnswerTrigger;
        Try(PromptKind.Edit, record.EditPrompt("", texts));
        foreach (string other in record.ParaphrasePrompts("", texts)) Try(PromptKind.Paraphrase, other);

        void Try(PromptKind kind, string prompt)
        {
            string framed = frame.Around(prompt) + trigger;
            int room = nPositions - tokenizer.Encode(framed).Length;
            if (room < tokenizer.EncodeContinuation(texts.Continuation(record.Target)).Length) TooLong++;
            else AddPrompt(kind, frame, questions.AskFramed(number, framed, record.Target, texts), old, texts);
        }
    }

    private void AddPrompt(PromptKind kind, PromptFrame frame, AskedPrompt asked, string? rival, TextRules rules)
    {
        int? at = null;
        if (rival is not null && TokensOf(asked.Prompt, rival, rules) is { } tokens)
        {
            at = rivals.Count;
            rivals.Add(new Question(tokens));
        }

        prompts.Add((kind, frame.Name, asked, at));
    }

    /// <summary>A rival that cannot be asked is as none: only the comparison is lost.</summary>
    private EditTokens? TokensOf(string prompt, string answer, TextRules rules)
    {
        try
        {
            return EditTokens.Of(tokenizer, prompt, answer, nPositions, rules);
        }
        catch (InputException)
        {
            return null;
        }
    }
}
