using System.CommandLine;
using Sharpformer.Editing;

namespace Sharpformer.Cli;

/// <summary>How the texts of facts are read, for every command that reads some; see <see cref="TextRules"/>.</summary>
internal sealed class TextOptions
{
    private readonly Option<bool> keepSpaces = new("--keep-spaces")
    {
        Description = "Keep white space at the end of prompts and at both ends of targets; it is trimmed otherwise.",
    };

    private readonly Option<bool> noLeadingSpace = new("--no-leading-space")
    {
        Description = "Set no blank before targets. Without this they get one, unless they begin with punctuation "
            + "or in a script that has no blanks.",
    };

    private TextOptions()
    {
    }

    /// <summary>Gives <paramref name="command"/> these options.</summary>
    public static TextOptions AddTo(Command command)
    {
        var options = new TextOptions();
        command.Add(options.keepSpaces);
        command.Add(options.noLeadingSpace);
        return options;
    }

    /// <summary>The rules that were asked for.</summary>
    public TextRules Rules(ParseResult parse) => new()
    {
        KeepsSpaces = parse.GetValue(keepSpaces),
        LeadingSpace = parse.GetValue(noLeadingSpace) ? LeadingSpace.Never : LeadingSpace.AsWritten,
    };

    /// <summary>Says how many requests were changed, and shows the first.</summary>
    public static void NoteChanges(Terminal terminal, IReadOnlyList<TokenizedRequest> requests)
    {
        TokenizedRequest[] changed = [.. requests.Where(request => request.Asked is not null)];
        if (changed is not [{ Asked: { } asked, Request: var taken }, ..]) return;
        (string what, string before, string after) = asked.Prompt != taken.Prompt
            ? ("prompt", asked.Prompt, taken.Prompt)
            : ("target", asked.Target, taken.Target);
        string trimmed = asked.Prompt.Contains("{}", StringComparison.Ordinal) ? "" : " --keep-spaces keeps it as it is.";
        terminal.Note($"note: {Terminal.Counted(changed.Length, "text")} changed before teaching; the first is "
            + $"the {what} {Terminal.Quoted(before)}, taken as {Terminal.Quoted(after)}.{trimmed}");
    }
}
