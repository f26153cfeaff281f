using System.Text.Json;

namespace Sharpformer.Editing.Datasets.Layouts;

/// <summary>
/// What people write themselves, as a table or as JSON, and what <c>dataset convert --to jsonl</c> writes: this layout has a place for all
/// that a record can hold. Fields that it does not know are kept with the edit.
/// </summary>
internal static class PlainLayout
{
    /// <summary>A column that may come again, or with numbers behind it.</summary>
    public const string Paraphrase = "paraphrase";

    private const string Alias = "alias";

    /// <summary>The group of questions for locality that name none.</summary>
    public const string Group = "locality";

    private static readonly string[] Fields =
    [
        "id", "prompt", "target", "subject", Paraphrase, "paraphrases", "locality", "locality_answer", "probes", "old_answers", "answers",
        "relation", "owner", "reason", "source", Alias, EditRequest.AliasesName,
    ];

    /// <summary>The layout.</summary>
    public static Layout Layout { get; } = new(
        "plain", "prompt, target, and whatever else", "target", Fields, record => record.Has("prompt") || record.Has("target"), Map)
    {
        KeepsOthers = true,
    };

    /// <summary>Whether it has a column of that name.</summary>
    public static bool Names(string column) => Fields.Contains(column) || IsParaphrase(column) || IsAlias(column);

    private static IEnumerable<EditRecord> Map(RecordFields record)
    {
        yield return new EditRecord
        {
            Prompt = record.Need("prompt"),
            Target = record.Text("target") ?? "",
            Subject = record.Text("subject"),
            Aliases = [.. record.Names.Where(IsAlias).SelectMany(name => Names(record, name))],
            Paraphrases = [.. record.Names.Where(IsParaphrase).SelectMany(record.Texts)],
            Probes = [.. Locality(record), .. record.Objects("probes").Select(ProbeOf)],
            OldAnswers = record.Texts("old_answers"),
            Answers = record.Texts("answers"),
            Relation = record.Text("relation"),
            Id = record.Label("id"),
            Owner = record.Text("owner"),
            Reason = record.Text("reason"),
            Source = record.Text("source") ?? "",
            Columns = Provenance.Of(record.Names.Where(name => !Names(name)).Select(name => (name, record.Raw(name)))),
        };
    }

    // A list of JSON, also within a text, or names apart by semicolons, as they fit into one cell of a table.
    private static IEnumerable<string> Names(RecordFields record, string name)
    {
        foreach (string text in record.Texts(name))
        {
            if (!text.StartsWith('['))
            {
                foreach (string one in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                    yield return one;
                continue;
            }

            string[]? list = null;
            try
            {
                list = JsonSerializer.Deserialize(text, EditingJson.Default.StringArray);
            }
            catch (JsonException)
            {
                // told below
            }

            if (list is null || list.Any(string.IsNullOrWhiteSpace))
                throw record.Wrong(name, "names apart by semicolons, or a list of them as JSON", text);
            foreach (string one in list) yield return one.Trim();
        }
    }

    // A question and its answer; in JSON perhaps groups of them.
    private static IEnumerable<Probe> Locality(RecordFields record)
    {
        if (record.Is("locality", JsonValueKind.Object)) return EasyEditProbes.Of(record);
        IReadOnlyList<string> answers = record.Texts("locality_answer");
        if (record.Text("locality") is { } question) return [new Probe(ProbeKind.Locality, Group, question, answers)];
        return answers.Count == 0 ? [] : throw record.Missing("locality", "the question that locality_answer answers");
    }

    private static Probe ProbeOf(RecordFields probe)
    {
        string kind = probe.Need("kind");
        if (!Enum.TryParse(kind, ignoreCase: true, out ProbeKind known) || char.IsAsciiDigit(kind[0]))
            throw probe.Wrong("kind", $"one of {string.Join(", ", Enum.GetNames<ProbeKind>()).ToLowerInvariant()}", "another one");
        return new Probe(known, probe.Text("group") ?? Group, probe.Need("prompt"), probe.Texts("answers"))
        {
            Wordings = probe.Texts("wordings"),
        };
    }

    private static bool IsAlias(string name) => name is Alias or EditRequest.AliasesName
        || name.StartsWith(Alias + "_", StringComparison.Ordinal)
        || name.StartsWith(EditRequest.AliasesName + "_", StringComparison.Ordinal);

    private static bool IsParaphrase(string name) =>
        name is Paraphrase or "paraphrases" || name.StartsWith(Paraphrase + "_", StringComparison.Ordinal);
}
