using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>Options and arguments that several commands have, and the kinds of option they are made of.</summary>
internal static class CommonOptions
{
    /// <summary>On every command: one JSON document instead of text.</summary>
    public static Option<bool> Json() => new("--json")
    {
        Description = "Print exactly one JSON document on standard output; everything else goes to standard error.",
        Recursive = true,
    };

    /// <summary>The edit store.</summary>
    public static Option<string> Edits(bool required = true) => File("--edits", "The edit store, one SQLite file.", required);

    /// <summary>The model folder, where a command is about nothing else.</summary>
    public static Argument<string> ModelFolder()
    {
        var folder = new Argument<string>("DIR") { Description = "The model folder." };
        RefuseBlank(folder);
        return folder;
    }

    /// <summary>The number of an edit.</summary>
    public static Argument<long> EditId() => new("ID")
    {
        Description = "The edit's number, see 'edits list'.",
        CustomParser = result =>
        {
            long[] ids = EditIds(result, "The edit's ID");
            if (ids.Length > 1) result.AddError($"The edit's ID is '{result.Tokens[0].Value}', expected one edit.");
            return ids.FirstOrDefault();
        },
    };

    /// <summary>Numbers of edits; from <paramref name="atLeast"/> on.</summary>
    public static Argument<long[]> EditIds(int atLeast = 1) => new("ID")
    {
        Description = "Edits' numbers, see 'edits list'; 3-7 is a range.",
        Arity = new ArgumentArity(atLeast, 100_000),
        CustomParser = result => EditIds(result, "An edit's ID"),
    };

    /// <summary>Numbers of edits, with commas between them.</summary>
    public static Option<long[]> EditIds(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "ID,…",
        AllowMultipleArgumentsPerToken = false,
        CustomParser = result => EditIds(result, name),
    };

    /// <summary>Other wordings of a prompt.</summary>
    public static Option<string[]> Paraphrases(string description) => new("--paraphrase") { Description = description, HelpName = "TEXT" };

    /// <summary>Why a store is changed; see <see cref="ReasonOf"/>.</summary>
    public static Option<string> Reason() => Text("--reason", "Why; kept in the edits' history.");

    /// <summary>The reason that was given; a blank one is none.</summary>
    public static string? ReasonOf(ParseResult parse, Option<string> reason) =>
        string.IsNullOrWhiteSpace(parse.GetValue(reason)) ? null : parse.GetValue(reason);

    /// <summary>Where traces are kept.</summary>
    public static Option<string> Traces() => File(
        "--traces", "Keep what the base model computes in this folder, and use what is there: "
            + "the same command over the same list, with other settings but for the layer, skips it.",
        required: false, "DIR");

    /// <summary>Where statistics of a model are.</summary>
    public static Option<string> Statistics() => File(
        "--statistics", "The folder of statistics of the model's states that some methods need, see 'model statistics'.",
        required: false, "DIR");

    /// <summary>A portion of work and how many there are, as <c>2/8</c>.</summary>
    public static Option<(int Portion, int Of)?> Portion(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "I/N",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (text.Split('/') is [var i, var n] && int.TryParse(i, NumberStyles.None, CultureInfo.InvariantCulture, out int portion)
                && int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out int of) && portion >= 1 && portion <= of)
                return (portion, of);
            result.AddError($"{name} is '{text}', expected a portion and how many there are, for example 2/8.");
            return null;
        },
    };

    /// <summary>How many records of a file to take.</summary>
    public static Option<int?> Limit(string name, string file) =>
        OptionalNumber<int>(name, $"Take only the first N records of {file}.", n => n >= 1, "1 or more, as a whole number");

    /// <summary>What is appended to a record's prompts.</summary>
    public static Option<string> AnswerTrigger() => new("--answer-trigger")
    {
        Description = "Appended to every prompt of the records, for example \" Answer:\" for questions.",
        DefaultValueFactory = _ => "",
        HelpName = "TEXT",
    };

    /// <summary>A file or folder.</summary>
    public static Option<string> File(string name, string description, bool required, string helpName = "FILE")
    {
        var option = new Option<string>(name) { Description = description, Required = required, HelpName = helpName };
        RefuseBlank(option);
        return option;
    }

    /// <summary>A file to be written; see <see cref="OutputFile"/>.</summary>
    public static Option<string> Output(string name, string description, bool required = false)
    {
        var option = new OutputOption(name) { Description = description, Required = required, HelpName = "FILE" };
        RefuseBlank(option);
        return option;
    }

    /// <summary>A file of text, or <c>-</c> for standard input.</summary>
    public static Option<string> TextFile(string name, string description, bool required = false) =>
        File(name, $"{description} - is standard input.", required);

    /// <summary>A prompt, or <c>-</c> for standard input; see <see cref="PromptOf"/>.</summary>
    public static Option<string> Prompt(string description, bool required = false) =>
        Text("--prompt", $"{description} - is standard input.", required);

    /// <summary>The prompt that was given, or all of standard input but the line end that ends it.</summary>
    public static string PromptOf(ParseResult parse, Option<string> prompt)
    {
        string text = parse.GetRequiredValue(prompt);
        if (text != Cli.TextFile.StandardInput) return text;
        string read = Cli.TextFile.Read(text);
        return read.EndsWith("\r\n", StringComparison.Ordinal) ? read[..^2] : read.EndsWith('\n') ? read[..^1] : read;
    }

    /// <summary>Any text.</summary>
    public static Option<string> Text(string name, string description, bool required = false) =>
        new(name) { Description = description, Required = required, HelpName = "TEXT" };

    /// <summary>One of some words.</summary>
    /// <param name="name">The option.</param>
    /// <param name="description">A sentence for the help.</param>
    /// <param name="words">The words.</param>
    /// <param name="fallback">The one that is meant where it is not given; null for none.</param>
    /// <param name="ignoresCase">Whether capitals are as good.</param>
    public static Option<string> Choice(
        string name, string description, IReadOnlyList<string> words, string? fallback = null, bool ignoresCase = false)
    {
        var option = new Option<string>(name) { Description = description, HelpName = "NAME" };
        if (fallback is not null) option.DefaultValueFactory = _ => fallback;
        option.CompletionSources.Add([.. words]);
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var given }]
                && !words.Contains(given, ignoresCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal))
                result.AddError($"{name} is '{given}', {Expected(given, words)}");
        });
        return option;
    }

    /// <summary>What is expected instead of a word, and which of that may have been meant.</summary>
    public static string Expected(string given, IReadOnlyList<string> words) =>
        $"expected one of {string.Join(", ", words)}.{Nearest.Question(given, words)}";

    /// <summary>A number with a default.</summary>
    /// <param name="name">The option.</param>
    /// <param name="description">A sentence for the help.</param>
    /// <param name="fallback">The value when it is not given.</param>
    /// <param name="allowed">Its range; numbers that are not finite never pass.</param>
    /// <param name="expected">The range in words, after "expected".</param>
    public static Option<T> Number<T>(string name, string description, T fallback, Func<T, bool> allowed, string expected)
        where T : struct, INumber<T> => new(name)
        {
            Description = description,
            HelpName = "N",
            DefaultValueFactory = _ => fallback,
            CustomParser = result => Parse(result, name, allowed, expected) ?? fallback,
        };

    /// <summary>A number that may be left out.</summary>
    public static Option<T?> OptionalNumber<T>(string name, string description, Func<T, bool> allowed, string expected)
        where T : struct, INumber<T> => new(name)
        {
            Description = description,
            HelpName = "N",
            CustomParser = result => Parse(result, name, allowed, expected),
        };

    /// <summary>Refuses blank paths where an argument names files or folders.</summary>
    public static void RefuseBlank(Argument argument) => argument.Validators.Add(result =>
    {
        if (result.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)))
            result.AddError($"{argument.Name} is blank, expected a path.");
    });

    private static void RefuseBlank(Option<string> option) => option.Validators.Add(result =>
    {
        if (result.Tokens is [{ Value: var path }] && string.IsNullOrWhiteSpace(path))
            result.AddError($"{option.Name} is blank, expected a path.");
    });

    // "3", "3-7", "1,4-6"
    private static long[] EditIds(ArgumentResult result, string what)
    {
        const int Most = 1_000_000;
        var ids = new List<long>();
        foreach (string text in result.Tokens.SelectMany(token => token.Value.Split(',')))
        {
            string[] ends = text.Split('-');
            if (ends.Length > 2 || Id(ends[0]) is not { } first || Id(ends[^1]) is not { } last || last < first)
                result.AddError($"{what} is '{text}', expected a whole number from 1, or a range as 3-7.");
            else if (last - first >= Most) result.AddError($"{what} is '{text}', expected at most {Most} edits at once.");
            else for (long id = first; id <= last; id++) ids.Add(id);
        }

        return [.. ids.Distinct()];

        static long? Id(string text) =>
            long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long id) && id >= 1 ? id : null;
    }

    private static T? Parse<T>(ArgumentResult result, string name, Func<T, bool> allowed, string expected)
        where T : struct, INumber<T>
    {
        string text = result.Tokens.Count == 0 ? "" : result.Tokens[0].Value;
        NumberStyles style = typeof(T) == typeof(float) || typeof(T) == typeof(double) ? NumberStyles.Float : NumberStyles.AllowLeadingSign;
        if (T.TryParse(text, style, CultureInfo.InvariantCulture, out T value) && T.IsFinite(value) && allowed(value)) return value;
        result.AddError($"{name} is '{text}', expected {expected}.");
        return null;
    }
}
