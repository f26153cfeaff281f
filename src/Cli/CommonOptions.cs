using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

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
        folder.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var path }] && string.IsNullOrWhiteSpace(path))
                result.AddError("DIR is blank, expected a path.");
        });
        return folder;
    }

    /// <summary>The number of an edit.</summary>
    public static Argument<long> EditId() => new("ID")
    {
        Description = "The edit's number, see 'edits list'.",
        CustomParser = result =>
        {
            if (long.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out long id) && id >= 1) return id;
            result.AddError($"The edit's ID is '{result.Tokens[0].Value}', expected a whole number from 1.");
            return 0;
        },
    };

    /// <summary>Where traces are kept.</summary>
    public static Option<string> Traces() => File(
        "--traces", "Keep what the base model computes in this folder, and use what is there: "
            + "the same command over the same list, with other settings but for the layer, skips it.",
        required: false, "DIR");

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
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var path }] && string.IsNullOrWhiteSpace(path))
                result.AddError($"{name} is blank, expected a path.");
        });
        return option;
    }

    /// <summary>Any text.</summary>
    public static Option<string> Text(string name, string description, bool required = false) =>
        new(name) { Description = description, Required = required, HelpName = "TEXT" };

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
