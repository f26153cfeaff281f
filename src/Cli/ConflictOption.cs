using System.CommandLine;
using Sharpformer.Editing;

namespace Sharpformer.Cli;

/// <summary><c>--on-conflict</c>: what to do where an edit says something else after a prompt.</summary>
internal static class ConflictOption
{
    private static readonly Dictionary<string, ConflictPolicy> Policies = new()
    {
        ["refuse"] = ConflictPolicy.Refuse,
        ["supersede"] = ConflictPolicy.Supersede,
        ["keep"] = ConflictPolicy.Keep,
    };

    /// <summary>The option.</summary>
    /// <param name="description">What it decides, and what is done without it.</param>
    public static Option<string> Create(string description) =>
        CommonOptions.Choice("--on-conflict", description, [.. Policies.Keys]);

    /// <summary>What was asked for.</summary>
    public static ConflictPolicy Of(ParseResult parse, Option<string> option) =>
        parse.GetValue(option) is { } how ? Policies[how] : default;
}
