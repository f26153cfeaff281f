using System.CommandLine;
using System.CommandLine.Parsing;
using Sharpformer.Editing;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>The options by which edits are chosen where they are not named by number.</summary>
internal sealed class FilterOptions
{
    private readonly Option<string> source = CommonOptions.Text(
        "--source", "Edits whose source is like this; * stands for any text, ? for one character.");

    private readonly Option<(string, string)[]> where = new("--where")
    {
        Description = $"Edits of which this holds, for example status=withdrawn; the fields are {EditFilter.FieldNames}. May be given "
            + "often: all must hold.",
        HelpName = "KEY=VALUE",
        AllowMultipleArgumentsPerToken = false,
        CustomParser = Conditions,
    };

    private readonly Option<string> text = CommonOptions.Text(
        "--grep", "Edits with this in their prompt, target, subject, source or a paraphrase, whatever the case.");

    private FilterOptions()
    {
    }

    /// <summary>Gives <paramref name="command"/> these options.</summary>
    public static FilterOptions AddTo(Command command)
    {
        var options = new FilterOptions();
        foreach (Option option in (Option[])[options.source, options.where, options.text]) command.Add(option);
        return options;
    }

    /// <summary>Whether one of them is given.</summary>
    public bool AreGiven(CommandResult result) =>
        ((Option[])[source, where, text]).Any(option => result.GetResult(option) is { Implicit: false });

    /// <summary>What they ask for.</summary>
    public EditFilter Filter(ParseResult parse)
    {
        IEnumerable<(string, string)> conditions = parse.GetValue(where) ?? [];
        if (parse.GetValue(source) is { } pattern) conditions = conditions.Append(("source", pattern));
        return new EditFilter(conditions, parse.GetValue(text));
    }

    private static (string, string)[] Conditions(ArgumentResult result)
    {
        var conditions = new List<(string, string)>();
        foreach (string token in result.Tokens.Select(token => token.Value))
        {
            int equals = token.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                result.AddError($"--where is '{token}', expected a field and its value, for example status=withdrawn.");
                continue;
            }

            conditions.Add((token[..equals], token[(equals + 1)..]));
            try
            {
                _ = new EditFilter([conditions[^1]]);
            }
            catch (InputException e)
            {
                result.AddError($"--where is '{token}': {e.Message}");
            }
        }

        return [.. conditions];
    }
}
