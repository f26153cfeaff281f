using Sharpformer.Editing.Datasets;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Metrics.Examination;

/// <summary>
/// Asks a base model and its edits everything that says whether a fact is known and what else has changed: each prompt by itself, from
/// which any figure is made.
/// </summary>
/// <param name="model">The edited model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
public sealed class Examiner(EditedModel model, Tokenizer tokenizer)
{
    /// <summary>
    /// What the base model says first after a prompt's tokens, at most so many new ones: examiners that share a base model ask it once.
    /// </summary>
    public IDictionary<(string Tokens, int Most), string> SaidByBase { get; init; } = new Dictionary<(string Tokens, int Most), string>();

    /// <summary>Where traces of the base model are kept, which examiners of edits beside one block can share; null keeps none.</summary>
    public TraceFolder? Traces { get; init; }

    /// <summary>Asks all prompts.</summary>
    /// <param name="records">The edits, in the order in which they were taught.</param>
    /// <param name="plan">What is asked beside their own prompts.</param>
    /// <param name="progress">Told how many questions of how many are answered.</param>
    /// <param name="cancellation">Stops between chunks of questions.</param>
    /// <exception cref="Tensors.InputException">A record cannot be asked.</exception>
    public Examined Examine(
        IReadOnlyList<EditRecord> records, ExaminationPlan plan, Action<int, int>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(plan);
        var questions = new ExaminationQuestions(tokenizer, model.Base.Config.NPositions, plan);
        for (int i = 0; i < records.Count; i++) questions.Add(records[i], i);
        HashSet<string> own = [.. records.Select(record => record.Prompt)];
        AddUnedited(PromptKind.Neighbour, plan.Neighbours);
        AddUnedited(PromptKind.SameSubject, plan.SameSubject);

        IReadOnlyList<Question> all = questions.All;
        IReadOnlyList<PromptToExamine> prompts = questions.Prompts;
        int written = plan.MostNewTokens > 0 ? prompts.Count(IsWritten) : 0, total = all.Count + (2 * written), done = 0;
        IReadOnlyList<ScoredAnswer> answers =
            new PromptScorer(model, Traces).Ask(all, asked => progress?.Invoke(done = asked, total), cancellation);
        done = all.Count;
        var examined = new ExaminedPrompt[prompts.Count];
        var unedited = new EditedModel(model.Base) { Tokenizer = model.Tokenizer };
        for (int i = 0; i < examined.Length; i++) examined[i] = Examine(prompts[i]);
        return new Examined(records.Count, examined, questions.TooLong);

        void AddUnedited(PromptKind kind, IReadOnlyList<EditRecord> facts)
        {
            for (int i = 0; i < facts.Count; i++)
                if (!own.Contains(facts[i].Prompt)) questions.AddUnedited(kind, facts[i], i);
        }

        bool IsWritten(PromptToExamine prompt) =>
            prompt.Frame == PromptFrame.Plain.Name && prompt.Kind is PromptKind.Edit or PromptKind.Paraphrase;

        ExaminedPrompt Examine(PromptToExamine prompt)
        {
            AskedPrompt asked = prompt.Asked;
            Question[] own = [.. Enumerable.Range(asked.First, asked.Count).Select(q => all[q])];
            ScoredAnswer[] scored = [.. Enumerable.Range(asked.First, asked.Count).Select(q => answers[q])];
            (int[] Tokens, ScoredAnswer Answer)? rival = prompt.Rival is { } at ? (all[at].Tokens.Target, answers[at]) : null;
            bool writes = plan.MostNewTokens > 0 && IsWritten(prompt);
            return new ExaminedPrompt(
                asked.Record, prompt.Kind, asked.Probe?.Group ?? "", prompt.Frame, asked.Prompt, asked.Answers,
                Scores(of => of.Base, BaseSays), Scores(of => of.Edited, EditedSays),
                scored[0].Base.Likeliest[0] == scored[0].Edited.Likeliest[0], scored[0].Kl, scored[0].Edit);

            PromptScores Scores(Func<ScoredAnswer, TokenScores> of, Func<int[], string> says) => new(
                own.Zip(scored, (question, answer) => Answer.ShareRight(question.Tokens.Target, of(answer).Likeliest)).Max(),
                scored.Max(answer => GeometricMean(of(answer).Losses)),
                rival is { } other ? GeometricMean(of(other.Answer).Losses) : null,
                rival is { } another ? Answer.ShareRight(another.Tokens, of(another.Answer).Likeliest) == 1 : null,
                writes ? Counted(says(own[0].Tokens.Prompt)) : null);
        }

        string Counted(string said)
        {
            progress?.Invoke(++done, total);
            return said;
        }

        string BaseSays(int[] prompt)
        {
            (string, int) key = (string.Join(' ', prompt), plan.MostNewTokens);
            return SaidByBase.TryGetValue(key, out string? said) ? said : SaidByBase[key] = SaidFirst(unedited, prompt);
        }

        string EditedSays(int[] prompt) => model.FirstTouched is null ? BaseSays(prompt) : SaidFirst(model, prompt);

        string SaidFirst(EditedModel who, int[] prompt)
        {
            string text = Generation.Of(
                who, tokenizer, "", prompt, plan.MostNewTokens, isEnough: SaidText.HasStop, cancellation: cancellation).Text;
            return SaidText.First(text);
        }
    }

    private static double GeometricMean(float[] losses) => Math.Exp(-losses.Average(loss => (double)loss));
}

/// <summary>What an examination found.</summary>
/// <param name="Records">How many edits were examined.</param>
/// <param name="Prompts">Each prompt, in order: a record's own, its probes, its prompts in frames; then unedited facts.</param>
/// <param name="TooLong">How many prompts were left out because they do not fit the model's positions with what stands around them.</param>
public sealed record Examined(int Records, IReadOnlyList<ExaminedPrompt> Prompts, int TooLong);
