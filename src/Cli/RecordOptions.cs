using System.CommandLine;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>The options of every command that reads edits from a file: which, how many, and what of those that are no good.</summary>
internal sealed class RecordOptions
{
    private const int Told = 20;

    private readonly Option<string> input;
    private readonly Option<int?> limit;
    private readonly Option<string> onBad;

    private RecordOptions(Option<string> input, Option<int?> limit, Option<string> onBad) =>
        (this.input, this.limit, this.onBad) = (input, limit, onBad);

    /// <summary>The options, for rules about which go together; the file first.</summary>
    public Option[] All => [input, limit, onBad];

    /// <summary>What to do about records that cannot be used, for other files of the same command.</summary>
    public Option<string> OnBadOption => onBad;

    /// <summary>Gives <paramref name="command"/> these options.</summary>
    /// <param name="command">The command.</param>
    /// <param name="description">What is done with the records.</param>
    /// <param name="required">Whether there must be a file.</param>
    public static RecordOptions AddTo(Command command, string description, bool required)
    {
        var options = new RecordOptions(
            CommonOptions.File(
                "--input", $"{description} Any layout of docs/datasets.md: JSON, JSON Lines, CSV; - is standard input.", required,
                "RECORDS"),
            CommonOptions.Limit("--limit", "--input"), OnBad());
        foreach (Option option in options.All) command.Add(option);
        if (!required)
        {
            command.Validators.Add(result =>
            {
                if (result.GetResult(options.input) is not null) return;
                Option? odd = options.All.FirstOrDefault(option => result.GetResult(option) is { Implicit: false });
                if (odd is not null) result.AddError($"{odd.Name} needs --input.");
            });
        }

        return options;
    }

    /// <summary><c>--on-bad</c>: what to do about records that cannot be used.</summary>
    public static Option<string> OnBad()
    {
        var option = new Option<string>("--on-bad")
        {
            Description = "What to do about records that cannot be used: stop before anything is done, or skip them.",
            HelpName = "HOW",
            DefaultValueFactory = _ => "stop",
        };
        option.CompletionSources.Add("stop", "skip");
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var how }] && how is not ("stop" or "skip"))
                result.AddError($"--on-bad is '{how}', expected one of stop, skip.");
        });
        return option;
    }

    /// <summary>Whether a file is named.</summary>
    public bool IsGiven(ParseResult parse) => parse.GetValue(input) is not null;

    /// <summary>The records of the file that is named.</summary>
    /// <exception cref="InputException">It cannot be read, or some of it cannot be used and shall not be skipped.</exception>
    public RecordSet Read(ParseResult parse) => Read(parse, parse.GetRequiredValue(input), onBad, parse.GetValue(limit));

    /// <summary>The records of any file.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="path">The file; - is standard input.</param>
    /// <param name="onBad">The option of <see cref="OnBad"/>.</param>
    /// <param name="limit">Stops after so many records.</param>
    /// <param name="needsTarget">Whether a record without a target cannot be used.</param>
    /// <exception cref="InputException">It cannot be read, or some of it cannot be used and shall not be skipped.</exception>
    public static RecordSet Read(ParseResult parse, string path, Option<string> onBad, int? limit = null, bool needsTarget = true)
    {
        using RecordFile file = Open(path);
        RecordSet records = file.Load(limit, needsTarget);
        Terminal terminal = Terminal.Of(parse);
        if (records.BadCount > 0 && parse.GetValue(onBad) == "stop")
        {
            if (records.BadCount > 1) Tell("error: ");
            throw new InputException(
                $"{records.Bad[0]} {Count(records, "cannot be used")}",
                $"the layout is {records.Layout}; --on-bad skip leaves out what cannot be used.");
        }

        if (records.BadCount == 0) return records;
        Tell("note: left out: ");
        terminal.Note($"note: {Count(records, "left out")}");
        return records.Edits.Count > 0 ? records : throw new InputException($"Record file '{records.File}': no record can be used.");

        void Tell(string what)
        {
            foreach (BadRecord bad in records.Bad.Take(Told)) terminal.Note($"{what}{bad}");
            if (records.BadCount > Told) terminal.Note($"note: ... and {Terminal.Count(records.BadCount - Told)} more.");
        }
    }

    /// <summary>The requests of records as tokens; of those that the model cannot read, what <see cref="OnBad"/> says is done.</summary>
    /// <exception cref="InputException">Some are blank or too long and shall not be skipped, or none is left.</exception>
    public static IReadOnlyList<TokenizedRequest> Tokenize(
        ParseResult parse, Session session, IReadOnlyList<EditRequest> requests, TextRules rules, Option<string> onBad)
    {
        if (parse.GetValue(onBad) != "skip") return session.Tokenize(requests, rules);
        Terminal terminal = Terminal.Of(parse);
        int left = 0;
        IReadOnlyList<TokenizedRequest> usable = session.Tokenize(requests, rules, (request, why) =>
        {
            if (left++ < Told) terminal.Note($"note: left out: {request.Source}: {why.Message}");
        });
        if (left > 0)
        {
            string of = Terminal.Counted(requests.Count, "fact");
            terminal.Note($"note: {Terminal.Count(left)} of {of} left out, as the model cannot read them.");
        }

        return usable.Count > 0 ? usable : throw new InputException("No fact is left to teach.");
    }

    /// <summary>A file, or standard input.</summary>
    public static RecordFile Open(string path) =>
        path == "-" ? RecordFile.Over(StandardInput.Open(), "standard input") : RecordFile.Open(path);

    /// <summary>Says which layout was taken.</summary>
    public static void NoteLayout(Terminal terminal, RecordSet records)
    {
        string edits = records.Edits.Count == records.Count ? "" : $", {Terminal.Counted(records.Edits.Count, "edit")}";
        terminal.Note($"note: {Terminal.Visible(records.File)}: {Terminal.Counted(records.Count, "record")}{edits}, "
            + $"read in the layout {records.Layout}.");
    }

    private static string Count(RecordSet records, string what) =>
        $"{Terminal.Count(records.BadCount)} of {Terminal.Counted(records.Count, "record")} {what}.";
}
