using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Editing;

namespace Sharpformer.Measuring;

/// <summary>What the programs that measure methods are told behind their first words: <c>--name value</c>.</summary>
/// <param name="args">All words.</param>
public sealed class MeasuringArguments(string[] args)
{
    /// <summary>The word behind an option; null where it is not given.</summary>
    public string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at ? args[at + 1] : null;

    /// <summary>The whole number behind an option.</summary>
    /// <param name="name">The option.</param>
    /// <param name="usually">What it is where it is not given.</param>
    public int Number(string name, int usually) => Option(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : usually;

    /// <summary>A model on the CPU, with as many threads as <c>--threads</c> says.</summary>
    public Session Open(string model) => Session.Open(model, new SessionOptions { Device = "cpu", Threads = Number("--threads", 0) });

    /// <summary>A method's settings by <c>--variant</c>, <c>--net</c> and each <c>--set NAME=VALUE</c>.</summary>
    /// <param name="session">The model.</param>
    /// <param name="method">The method.</param>
    /// <param name="more">Other settings by name; these count last.</param>
    public EditSettings Settings(Session session, string method, params (string Name, string Value)[] more)
    {
        ArgumentNullException.ThrowIfNull(session);
        IEnumerable<(string Name, string Value)> given = Enumerable.Range(0, args.Length - 1).Where(i => args[i] == "--set")
            .Select(i => args[i + 1].Split('=', 2)).Select(parts => (parts[0], parts[1]));
        var named = new JsonObject();
        foreach ((string name, string value) in given.Concat(more)) named[name] = JsonNode.Parse(value);
        EditSettings usual = session.WithNet(session.SettingsFor(method, Option("--variant")), Option("--net"));
        return NamedSettings.With(usual, JsonSerializer.SerializeToElement(named), session.Model.Config, "--set");
    }
}
