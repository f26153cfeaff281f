using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>A setting of a <see cref="TrainingPlan"/> as files and command lines have it: its name, its meaning, what it may be.</summary>
public sealed class TrainingKey
{
    private readonly Func<TrainingPlan, JsonNode?> get;
    private readonly Func<TrainingPlan, JsonPart, TrainingPlan> set;
    private readonly bool isText;

    private TrainingKey(
        string name, string description, string valueName, Func<TrainingPlan, JsonNode?> get,
        Func<TrainingPlan, JsonPart, TrainingPlan> set, bool isText = false) =>
        (Name, Description, ValueName, this.get, this.set, this.isText) = (name, description, valueName, get, set, isText);

    /// <summary>Its name, in camelCase.</summary>
    public string Name { get; }

    /// <summary>A sentence.</summary>
    public string Description { get; }

    /// <summary>What stands for its value in help, for example N.</summary>
    public string ValueName { get; }

    /// <summary>The words it is one of; none where it is something else.</summary>
    public IReadOnlyList<string> Words { get; private init; } = [];

    /// <summary>Whether it is a list.</summary>
    public bool IsList { get; private init; }

    /// <summary>What a plan says; null for nothing.</summary>
    public JsonNode? Of(TrainingPlan plan) => get(plan);

    /// <summary>A plan with another value, given in words as on a command line.</summary>
    /// <param name="plan">All other settings.</param>
    /// <param name="words">The value; several for a list.</param>
    /// <param name="where">What messages call it.</param>
    /// <exception cref="InputException">It is something else.</exception>
    public TrainingPlan With(TrainingPlan plan, IReadOnlyList<string> words, string where)
    {
        ArgumentNullException.ThrowIfNull(words);
        JsonNode value = IsList ? new JsonArray([.. words.Select(word => (JsonNode)word)])
            : isText ? JsonValue.Create(words[^1]) : ValueOf(words[^1]);
        return JsonPart.Of(where, value, part => set(plan, part));
    }

    /// <summary>A plan with the value of a file.</summary>
    internal TrainingPlan With(TrainingPlan plan, JsonPart part) => set(plan, part);

    /// <summary>A whole number, and how it gets into a plan.</summary>
    internal static TrainingKey Whole(
        string name, string description, decimal least, decimal most, Func<TrainingPlan, decimal?> get,
        Func<TrainingPlan, decimal, TrainingPlan> set)
    {
        string range = string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}");
        return new TrainingKey(name, description, "N", plan => get(plan) is { } value ? JsonValue.Create(value) : null, (plan, part) =>
            part.AsNumber() is not null && part.Value.TryGetDecimal(out decimal value) && value == decimal.Truncate(value)
            && value >= least && value <= most ? set(plan, value) : throw part.Unexpected(range));
    }

    /// <summary>Any number of a range, which <paramref name="expected"/> says in words.</summary>
    internal static TrainingKey Number(
        string name, string description, Func<double, bool> allowed, string expected, Func<TrainingPlan, double?> get,
        Func<TrainingPlan, double, TrainingPlan> set) =>
        new(name, description, "N", plan => get(plan) is { } value ? JsonValue.Create(value) : null, (plan, part) =>
            part.AsNumber() is { } value && allowed(value) ? set(plan, value) : throw part.Unexpected(expected));

    /// <summary>True or false.</summary>
    internal static TrainingKey Flag(
        string name, string description, Func<TrainingPlan, bool> get, Func<TrainingPlan, bool, TrainingPlan> set) =>
        new(name, description, "true|false", plan => JsonValue.Create(get(plan)), (plan, part) => set(plan, part.AsFlag()))
        {
            Words = ["true", "false"],
        };

    /// <summary>One of some words: the names of an enumeration in lower case.</summary>
    internal static TrainingKey Choice<T>(
        string name, string description, IReadOnlyList<T> values, Func<TrainingPlan, T> get, Func<TrainingPlan, T, TrainingPlan> set)
        where T : struct, Enum
    {
        string[] words = [.. values.Select(Word)];
        return new TrainingKey(name, description, "NAME", plan => JsonValue.Create(Word(get(plan))), (plan, part) =>
        {
            int index = Array.IndexOf(words, part.AsText().ToLowerInvariant());
            if (index >= 0) return set(plan, values[index]);
            throw part.Unexpected($"one of {string.Join(", ", words)}");
        })
        { Words = words };

        static string Word(T value) => value.ToString().ToLowerInvariant();
    }

    /// <summary>
    /// A text, or a number in place of one, which <paramref name="set"/> may refuse; it is told what messages call it.
    /// </summary>
    internal static TrainingKey Text(
        string name, string description, string valueName, Func<TrainingPlan, string?> get,
        Func<TrainingPlan, string, string, TrainingPlan> set) =>
        new(
            name, description, valueName, plan => get(plan) is { } value ? JsonValue.Create(value) : null,
            (plan, part) => set(
                plan, part.Value.ValueKind == JsonValueKind.Number ? part.Value.GetRawText() : part.AsText(), part.Where),
            isText: true);

    /// <summary>A list of texts.</summary>
    internal static TrainingKey List(
        string name, string description, string valueName, Func<TrainingPlan, IReadOnlyList<string>> get,
        Func<TrainingPlan, IReadOnlyList<string>, TrainingPlan> set) =>
        new(
            name, description, valueName, plan => new JsonArray([.. get(plan).Select(text => (JsonNode)text)]),
            (plan, part) => set(plan, [.. part.Elements().Select(one => one.AsText())]))
        {
            IsList = true,
        };

    private static JsonValue ValueOf(string word)
    {
        if (word is "true" or "false") return JsonValue.Create(word == "true");
        if (decimal.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal exact) && exact != 0)
            return JsonValue.Create(exact);
        return double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? JsonValue.Create(number)
            : JsonValue.Create(word);
    }
}
