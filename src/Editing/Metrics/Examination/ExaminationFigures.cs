namespace Sharpformer.Editing.Metrics.Examination;

/// <summary>
/// The figures of an examination. A record's value is the mean over its prompts of a sort; a figure is the mean over the records that have
/// such prompts, in percent unless it is said otherwise.
/// </summary>
public static class ExaminationFigures
{
    /// <summary>Token by token behind the right ones: what papers report. It leaks the answer's beginning.</summary>
    public const string TeacherForced = "teacher-forced, share of tokens";

    /// <summary>All tokens of the answer: what greedy writing begins with exactly then.</summary>
    public const string Whole = "teacher-forced, all tokens";

    /// <summary>What is written first, from the prompt alone.</summary>
    public const string Greedy = "greedy, to the first stop, normalised exact match";

    /// <summary>How likely the answer is.</summary>
    public const string GeometricMean = "geometric mean of token probabilities";

    /// <summary>The answer against the one that stands against it (ROME, MEMIT).</summary>
    public const string Compared = "mean loss below that of the rival answer";

    /// <summary>What the base model and the edited one say next.</summary>
    public const string Agreement = "most likely next token as in the base model";

    /// <summary>How far the edited model's next token is from the base model's.</summary>
    public const string Divergence = "KL(base, edited) of the next token, nats";

    private const int Tenth = 10; // of retention: the edits in ten portions

    /// <summary>All figures that can be made of an examination's prompts.</summary>
    public static IReadOnlyList<Figure> Of(Examined examined)
    {
        ArgumentNullException.ThrowIfNull(examined);
        var figures = new List<Figure>();
        ILookup<PromptKind, ExaminedPrompt> plain = examined.Prompts.Where(prompt => prompt.Frame == PromptFrame.Plain.Name)
            .ToLookup(prompt => prompt.Kind);
        foreach ((PromptKind kind, string name) in new[] { (PromptKind.Edit, "ES"), (PromptKind.Paraphrase, "PS") })
            AddAnswers(figures, name, kind == PromptKind.Edit ? "edit" : "other words", [.. plain[kind]]);
        AddAnswered(figures, "NS", TeacherForced, "locality", [.. plain[PromptKind.Locality]], scores => scores.TokensRight);
        AddRival(figures, "NS, true over new", "locality", [.. plain[PromptKind.Locality]]);
        foreach (PromptKind kind in new[] { PromptKind.Locality, PromptKind.Portability, PromptKind.Attribute })
            foreach (IGrouping<string, ExaminedPrompt> group in plain[kind].GroupBy(prompt => prompt.Group)) AddGroup(figures, group);
        AddKept(figures, "neighbours", [.. plain[PromptKind.Neighbour]]);
        AddKept(figures, "same subject", [.. plain[PromptKind.SameSubject]]);
        foreach (IGrouping<(string Frame, PromptKind Kind), ExaminedPrompt> framed in examined.Prompts
            .Where(prompt => prompt.Frame != PromptFrame.Plain.Name).GroupBy(prompt => (prompt.Frame, prompt.Kind)))
        {
            string group = $"{framed.Key.Frame}: {(framed.Key.Kind == PromptKind.Edit ? "edit" : "other words")}";
            AddAnswered(figures, "in context", Whole, group, [.. framed], scores => scores.IsWhole ? 1 : 0);
            AddRival(figures, "in context, new over old", group, [.. framed]);
            Add( // what the base model still knows in this frame is what can be asked of an edit in it
                figures, "old answer in context", Whole, group, [.. framed.Where(prompt => prompt.Base.IsRivalWhole is not null)],
                prompt => prompt.Base.IsRivalWhole == true ? 1 : 0, prompt => prompt.Edited.IsRivalWhole == true ? 1 : 0);
        }

        AddRetention(figures, [.. plain[PromptKind.Edit]], examined.Records);
        return figures;
    }

    private static void AddAnswers(List<Figure> figures, string name, string group, ExaminedPrompt[] prompts)
    {
        AddAnswered(figures, name, TeacherForced, group, prompts, scores => scores.TokensRight);
        AddAnswered(figures, "whole", Whole, group, prompts, scores => scores.IsWhole ? 1 : 0);
        ExaminedPrompt[] written = [.. prompts.Where(prompt => prompt.Says(prompt.Edited) is not null)];
        Add(
            figures, "said", Greedy, group, written,
            prompt => prompt.Says(prompt.Base) == true ? 1 : 0, prompt => prompt.Says(prompt.Edited) == true ? 1 : 0);
        AddAnswered(figures, "P(target)", GeometricMean, group, prompts, scores => scores.Probability);
        if (prompts.Length > 0)
        {
            double[] before = Values(prompts, prompt => prompt.Base.Probability);
            double[] after = Values(prompts, prompt => prompt.Edited.Probability);
            double low = 100 * Percentile(after, 0.1);
            figures.Add(new Figure(
                "P(target), lowest tenth", GeometricMean, group, after.Length, 100 * Percentile(before, 0.1), low, low, low));
        }

        AddRival(figures, $"{name}, new over old", group, prompts);
    }

    private static void AddGroup(List<Figure> figures, IGrouping<string, ExaminedPrompt> prompts)
    {
        string group = $"{prompts.First().Kind.ToString().ToLowerInvariant()}: {prompts.Key}";
        AddAnswered(
            figures, "answered", TeacherForced, group, [.. prompts.Where(prompt => prompt.Expected.Count > 0)],
            scores => scores.TokensRight);
        AddKept(figures, group, [.. prompts]);
    }

    private static void AddKept(List<Figure> figures, string group, ExaminedPrompt[] prompts)
    {
        Add(figures, "kept", Agreement, group, prompts, ofBase: null, prompt => prompt.IsKept ? 1 : 0);
        if (prompts.Length > 0) figures.Add(Figure.Of("KL", Divergence, group, Values(prompts, prompt => prompt.Kl), null, scale: 1));
    }

    private static void AddRival(List<Figure> figures, string name, string group, ExaminedPrompt[] prompts) => Add(
        figures, name, Compared, group, [.. prompts.Where(prompt => prompt.Edited.RivalProbability is not null)],
        prompt => prompt.Base.Probability > prompt.Base.RivalProbability ? 1 : 0,
        prompt => prompt.Edited.Probability > prompt.Edited.RivalProbability ? 1 : 0);

    /// <summary>How much of the edits is left, from those that came first to the last: forgetting hides in a mean.</summary>
    private static void AddRetention(List<Figure> figures, ExaminedPrompt[] edits, int records)
    {
        if (records < 2 * Tenth) return;
        for (int portion = 0; portion < Tenth; portion++)
        {
            (int first, int end) = (portion * records / Tenth, (portion + 1) * records / Tenth);
            AddAnswered(
                figures, "retention", Whole, $"edits {first + 1} to {end}",
                [.. edits.Where(edit => edit.Record >= first && edit.Record < end)], scores => scores.IsWhole ? 1 : 0);
        }
    }

    private static void AddAnswered(
        List<Figure> figures, string name, string protocol, string group, ExaminedPrompt[] prompts, Func<PromptScores, double> value) =>
        Add(
            figures, name, protocol, group, [.. prompts.Where(prompt => prompt.Expected.Count > 0)], prompt => value(prompt.Base),
            prompt => value(prompt.Edited));

    private static void Add(
        List<Figure> figures, string name, string protocol, string group, ExaminedPrompt[] prompts, Func<ExaminedPrompt, double>? ofBase,
        Func<ExaminedPrompt, double> edited)
    {
        if (prompts.Length == 0) return;
        figures.Add(Figure.Of(
            name, protocol, group, Values(prompts, edited), ofBase is null ? null : Values(prompts, ofBase)));
    }

    /// <summary>The value of each record that has such prompts.</summary>
    private static double[] Values(IEnumerable<ExaminedPrompt> prompts, Func<ExaminedPrompt, double> value) =>
        [.. prompts.GroupBy(prompt => prompt.Record).Select(of => of.Average(value))];

    /// <summary>The least value that a share of all is not above.</summary>
    private static double Percentile(double[] values, double share) =>
        values.Order().ElementAt(Math.Clamp((int)Math.Ceiling(share * values.Length) - 1, 0, values.Length - 1));
}
