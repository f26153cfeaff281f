using System.CommandLine;
using System.CommandLine.Parsing;
using System.Reflection;
using System.Text.Json.Nodes;
using Sharpformer.Editing;

namespace Sharpformer.Cli;

/// <summary>What commands find out about their own run.</summary>
internal sealed class RunFacts
{
    /// <summary>The model folder, where it is not on the command line.</summary>
    public string? Model { get; set; }

    /// <summary>What computes.</summary>
    public string? Device { get; set; }

    /// <summary>How edits are made.</summary>
    public EditSettings? Editing { get; set; }
}

/// <summary>What a result came of, for whoever files it: the program, the model, the store, and everything that was asked for.</summary>
internal static class RunRecord
{
    private static readonly string[] NamedElsewhere = ["--json", "--model", "--edits", "--device", "--help"];

    /// <summary>The version of this program.</summary>
    public static string Version { get; } =
        typeof(RunRecord).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>The record of a run.</summary>
    public static JsonObject Of(ParseResult parse, RunFacts facts) => new JsonObject
    {
        ["version"] = Version,
        ["command"] = string.Join(' ', PathOf(parse.CommandResult)),
        ["model"] = Text(parse, "--model") ?? Text(parse, "DIR") ?? facts.Model,
        ["store"] = Text(parse, "--edits"),
        ["device"] = facts.Device,
        ["settings"] = Settings(parse, facts),
    };

    /// <summary>The words that name a command, without the program's.</summary>
    public static IEnumerable<string> PathOf(CommandResult result) =>
        result.Parent is CommandResult parent ? [.. PathOf(parent), result.Command.Name] : [];

    private static JsonObject Settings(ParseResult parse, RunFacts facts)
    {
        var settings = new JsonObject();
        foreach (Argument argument in parse.CommandResult.Command.Arguments)
            if (argument.Name != "DIR") Add(argument.Name.ToLowerInvariant(), argument.ValueType, parse.GetResult(argument));
        foreach (Option option in parse.CommandResult.Command.Options.Where(one => !NamedElsewhere.Contains(one.Name) || IsCount(one)))
            Add(CamelCase(option.Name), option.ValueType, parse.GetResult(option));
        if (facts.Editing is { } editing) settings["editing"] = editing.AsJson();
        return settings;

        // 'bench --edits' counts.
        static bool IsCount(Option option) => option.Name == "--edits" && option.ValueType != typeof(string);

        void Add(string name, Type type, SymbolResult? result)
        {
            if (result is null or ArgumentResult { Tokens.Count: 0 }) return;
            Type single = Nullable.GetUnderlyingType(type) ?? type;
            bool isSimple = single.IsPrimitive || single == typeof(string);
            object? value = !isSimple ? result.Tokens.Select(token => token.Value).ToArray() : result switch
            {
                OptionResult option => option.GetValueOrDefault<object?>(),
                ArgumentResult argument => argument.GetValueOrDefault<object?>(),
                _ => null,
            };
            if (value is not null and not string[] { Length: 0 }) settings[name] = Json(value);
        }
    }

    /// <summary>A value of an option: of a simple type, or several texts.</summary>
    private static JsonNode Json(object value) => value switch
    {
        string text => text,
        bool flag => flag,
        int number => number,
        long number => number,
        ulong number => number,
        float number => number,
        double number => number,
        string[] texts => texts.AsJson(),
        _ => throw new InvalidOperationException($"An option is of type {value.GetType()}. Hint: say here how that becomes JSON."),
    };

    private static string? Text(ParseResult parse, string name) => parse.CommandResult.Children.Select(child => child switch
    {
        OptionResult { Tokens: [{ Value: var text }] } given
            when given.Option.Name == name && given.Option.ValueType == typeof(string) => text,
        ArgumentResult { Tokens: [{ Value: var text }] } given when given.Argument.Name == name => text,
        _ => null,
    }).FirstOrDefault(text => text is not null);

    private static string CamelCase(string option)
    {
        string[] words = option.TrimStart('-').Split('-');
        return words[0] + string.Concat(words.Skip(1).Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
    }
}
