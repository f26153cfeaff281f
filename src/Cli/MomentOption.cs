using System.CommandLine;
using System.Globalization;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>
/// A point in a store's history on the command line: the number of an event, <c>change:N</c>, or a time, which is local unless it says
/// otherwise.
/// </summary>
internal sealed class MomentOption
{
    private const string ChangePrefix = "change:";

    private static readonly string[] Formats =
    [
        "yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ssK",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
    ];

    private readonly Option<string> option;
    private readonly bool isEnd;

    private MomentOption(string name, string description, bool isEnd)
    {
        this.isEnd = isEnd;
        option = new Option<string>(name)
        {
            Description = description + " A number is an event's, change:N is a change as a whole; a time is as 2026-05-31T14:00, local "
                + "unless it ends with Z or an offset.",
            HelpName = "EVENT|TIME",
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && ChangeOf(text) is null && Read(text) is null)
            {
                result.AddError($"{name} is '{text}', expected an event's number from 1, change:N, or a time as 2026-05-31T14:00.");
            }
        });
    }

    /// <summary>The option.</summary>
    public Option Option => option;

    /// <summary>Gives a command that reads a store <c>--at</c>.</summary>
    /// <param name="command">The command.</param>
    /// <param name="edits">Its store, without which there is no history.</param>
    public static MomentOption AddTo(Command command, Option<string> edits)
    {
        var at = new MomentOption("--at", "The store as it was then.", isEnd: true);
        command.Add(at.option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(at.option) is not null && result.GetResult(edits) is null) result.AddError("--at needs --edits.");
        });
        return at;
    }

    /// <summary><c>--since</c>, which belongs to one command alone.</summary>
    public static MomentOption Since() => new("--since", "Only from then on.", isEnd: false);

    /// <summary>The same as it was written; null for none.</summary>
    public string? Asked(ParseResult parse) => parse.GetValue(option);

    /// <summary>The moment that was asked for; null for none.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="store">The path of the store, which is asked where a change is named.</param>
    /// <exception cref="InputException">There is no such change.</exception>
    public StoreMoment? Of(ParseResult parse, string? store)
    {
        if (parse.GetValue(option) is not { } text || store is null) return null;
        if (ChangeOf(text) is not { } number) return Read(text);
        using EditStore read = EditStore.Open(store, readOnly: true);
        IReadOnlyList<EditChange> changes = read.Changes();
        if (number > changes.Count)
        {
            throw new InputException(changes.Count == 0
                ? $"Edit store '{store}' has no change {number}: it is empty."
                : $"Edit store '{store}' has no change {number}: its changes are 1 to {changes.Count}.");
        }

        IReadOnlyList<EditEvent> events = changes[(int)number - 1].Events;
        return StoreMoment.Event(isEnd ? events[^1].Seq : events[0].Seq);
    }

    private static long? ChangeOf(string text) =>
        text.StartsWith(ChangePrefix, StringComparison.Ordinal) ? Number(text[ChangePrefix.Length..]) : null;

    private StoreMoment? Read(string text)
    {
        if (Number(text) is { } seq) return StoreMoment.Event(seq);
        string time = text.Replace(' ', 'T'); // as 'edits log' shows it
        if (!DateTimeOffset.TryParseExact(time, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out DateTimeOffset at))
            return null;

        // Times are shown to the second: what is copied from there means all of that second.
        bool isWhole = at.Ticks % TimeSpan.TicksPerSecond == 0;
        return StoreMoment.Time(isEnd && isWhole ? at.AddTicks(TimeSpan.TicksPerSecond - 1) : at);
    }

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number >= 1 ? number : null;
}
