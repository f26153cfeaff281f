using System.CommandLine;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;

namespace Sharpformer.Cli;

/// <summary>What commands that measure a store on records have in common: the records, how their prompts end, and unedited facts.</summary>
internal sealed class EvaluationOptions
{
    private readonly RecordOptions input;
    private readonly Option<string> trigger, locTrigger, neighbours;
    private readonly Option<int?> neighboursLimit;
    private TextOptions? texts;

    private EvaluationOptions(RecordOptions input)
    {
        this.input = input;
        Edits = CommonOptions.Edits(required: false);
        Edits.Description = "The edit store; without it, and without --base, the base model is measured alone.";
        trigger = CommonOptions.AnswerTrigger();
        locTrigger = CommonOptions.Text(
            "--loc-trigger", "Appended to questions of locality and attributes. [default: the answer trigger]");
        neighbours = CommonOptions.File(
            "--neighbours", "Unedited facts in the edits' own words, of which prompts are enough; how many keep their answer is told.",
            required: false, "RECORDS");
        neighboursLimit = CommonOptions.Limit("--neighbours-limit", "--neighbours");
    }

    /// <summary><c>--edits</c>.</summary>
    public Option<string> Edits { get; }

    /// <summary>Gives <paramref name="command"/> these options.</summary>
    /// <param name="command">The command.</param>
    /// <param name="records">What its records are.</param>
    /// <param name="more">Options of its own, which stand among these.</param>
    public static EvaluationOptions AddTo(Command command, string records, params Option[] more)
    {
        var options = new EvaluationOptions(RecordOptions.AddTo(command, records, required: true));
        foreach (Option option in (Option[])
            [options.Edits, options.trigger, options.locTrigger, options.neighbours, options.neighboursLimit, .. more])
            command.Add(option);
        options.texts = TextOptions.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(options.neighboursLimit) is not null && result.GetResult(options.neighbours) is null)
                result.AddError("--neighbours-limit needs --neighbours.");
        });
        return options;
    }

    /// <summary>The records.</summary>
    public RecordSet Records(ParseResult parse) => input.Read(parse);

    /// <summary>How prompts end.</summary>
    public Triggers Triggers(ParseResult parse)
    {
        string answer = parse.GetRequiredValue(trigger);
        return new Triggers(answer, parse.GetValue(locTrigger) ?? answer) { Texts = texts!.Rules(parse) };
    }

    /// <summary>The unedited facts of <c>--neighbours</c>; null where none are named.</summary>
    public IReadOnlyList<EditRecord>? Neighbours(ParseResult parse) => Unedited(parse, neighbours, parse.GetValue(neighboursLimit));

    /// <summary>The facts in the file of an option, of which prompts are enough; null where none is named.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="option">The option.</param>
    /// <param name="limit">At most so many; null for all.</param>
    public IReadOnlyList<EditRecord>? Unedited(ParseResult parse, Option<string> option, int? limit = null) =>
        parse.GetValue(option) is { } file
            ? RecordOptions.Read(parse, file, input.OnBadOption, limit, needsTarget: false).Edits
            : null;

    /// <summary>Says so where no record asks what an edit was taught on: then their prompts end differently, as a rule.</summary>
    public void NoteOtherPrompts(ParseResult parse, Terminal terminal, Session session, IReadOnlyList<EditRecord> records)
    {
        if (!session.HasStore) return;
        string answer = parse.GetRequiredValue(trigger);
        HashSet<string> taught = [.. session.Edits().Select(edit => edit.Request.Prompt)];
        if (taught.Count == 0 || records.Any(record => taught.Contains(record.EditPrompt(answer)))) return;
        string? ending = records.Select(EndingOf).FirstOrDefault(end => end is not null);
        string hint = ending is null
            ? "are these the records that were taught?"
            : $"they were taught with --answer-trigger {Terminal.Quoted(ending)}.";
        terminal.Note($"note: No record's prompt is that of an edit. Hint: {hint}");

        string? EndingOf(EditRecord record) => taught
            .FirstOrDefault(prompt => prompt.Length > record.Prompt.Length && prompt.StartsWith(record.Prompt, StringComparison.Ordinal))
            ?[record.Prompt.Length..];
    }
}
