using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsvHelper;
using CsvHelper.Configuration;
using Sharpformer.Editing.Datasets.Layouts;

namespace Sharpformer.Editing.Datasets;

/// <summary>Writes edits in one of the layouts, and says what that layout has no place for.</summary>
public sealed class RecordWriter
{
    // Files for programs, which nobody takes for a web page.
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly OrderedDictionary<string, int> dropped = [];

    private RecordWriter()
    {
    }

    /// <summary>The layouts that can be written. The first has a place for all that a record can hold.</summary>
    public static IReadOnlyList<string> Formats { get; } = ["jsonl", "csv", "easyedit", "counterfact", "zsre"];

    /// <summary>Writes edits.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="edits">The edits.</param>
    /// <param name="format">One of <see cref="Formats"/>.</param>
    /// <returns>What was dropped, and how many of it.</returns>
    /// <exception cref="ArgumentException">There is no such layout.</exception>
    public static IReadOnlyDictionary<string, int> Write(TextWriter writer, IReadOnlyList<EditRecord> edits, string format)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(edits);
        var written = new RecordWriter();
        switch (format)
        {
            case "jsonl": foreach (EditRecord edit in edits) writer.WriteLine(Plain(edit).ToJsonString(Json)); break;
            case "csv": written.WriteTable(writer, edits); break;
            case "easyedit": WriteArray(writer, edits.Select(written.EasyEdit)); break;
            case "counterfact": WriteArray(writer, edits.Select(written.CounterFact)); break;
            case "zsre": WriteArray(writer, edits.Select(written.Zsre)); break;
            default: throw new ArgumentException($"RecordWriter.Write: format {format}, expected one of {string.Join(", ", Formats)}.");
        }

        return written.dropped;
    }

    private static void WriteArray(TextWriter writer, IEnumerable<JsonObject> records)
    {
        string before = "[\n";
        foreach (JsonObject record in records)
        {
            writer.Write(before);
            writer.Write(record.ToJsonString(Json));
            before = ",\n";
        }

        writer.Write("\n]\n");
    }

    private static JsonObject Plain(EditRecord edit)
    {
        var json = new JsonObject();
        Put(json, "id", edit.Id);
        Put(json, "prompt", edit.Prompt);
        Put(json, "target", edit.Target);
        Put(json, "subject", edit.Subject);
        Put(json, EditRequest.AliasesName, edit.Aliases);
        Put(json, "paraphrases", edit.Paraphrases);
        if (edit.Probes.Count > 0)
        {
            json["probes"] = new JsonArray([.. edit.Probes.Select(probe =>
            {
                var one = new JsonObject
                {
                    ["kind"] = probe.Kind.ToString().ToLowerInvariant(),
                    ["group"] = probe.Group,
                    ["prompt"] = probe.Prompt,
                };
                Put(one, "answers", probe.Answers);
                Put(one, "wordings", probe.Wordings);
                return one;
            })]);
        }

        Put(json, "old_answers", edit.OldAnswers);
        Put(json, "answers", edit.Answers);
        Put(json, "relation", edit.Relation);
        Put(json, "owner", edit.Owner);
        Put(json, "reason", edit.Reason);
        Put(json, "source", edit.Source);
        foreach ((string name, string text) in edit.Columns) Put(json, name, text);
        return json;
    }

    private void WriteTable(TextWriter writer, IReadOnlyList<EditRecord> edits)
    {
        int wordings = edits.Select(edit => edit.Paraphrases.Count).DefaultIfEmpty().Max();
        string[] others = [.. edits.SelectMany(edit => edit.Columns).Select(column => column.Name).Distinct()];
        string[] aliases = edits.Any(edit => edit.Aliases.Count > 0) ? [EditRequest.AliasesName] : [];
        using var csv = new CsvWriter(writer, new CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\n" }, leaveOpen: true);
        Row(
        [
            "id", "prompt", "target", "subject", .. aliases, .. Enumerable.Range(1, wordings).Select(i => $"paraphrase_{i}"), "locality",
            "locality_answer", "relation", "owner", "reason", "source", .. others,
        ]);
        foreach (EditRecord edit in edits)
        {
            Probe? locality = edit.Probes.FirstOrDefault(probe => probe is { Kind: ProbeKind.Locality, Answers.Count: > 0 });
            Row(
            [
                edit.Id, edit.Prompt, edit.Target, edit.Subject, .. aliases.Select(_ => Provenance.TextOf(edit.Aliases)),
                .. Enumerable.Range(0, wordings).Select(i => i < edit.Paraphrases.Count ? edit.Paraphrases[i] : null),
                locality?.Prompt, locality?.Answers[0], edit.Relation, edit.Owner, edit.Reason, edit.Source,
                .. others.Select(name => edit.Columns[name]),
            ]);
            DropProbes(edit.Probes.Where(probe => probe != locality));
            DropGroups([locality], PlainLayout.Group);
            Drop("answers of locality questions", Math.Max(0, (locality?.Answers.Count ?? 0) - 1));
            Drop("old answers", edit.OldAnswers.Count);
            Drop("further answers", edit.Answers.Count);
        }

        void Row(IEnumerable<string?> fields)
        {
            foreach (string? field in fields) csv.WriteField(SheetText.Write(field));
            csv.NextRecord();
        }
    }

    private JsonObject EasyEdit(EditRecord edit)
    {
        var json = new JsonObject();
        Put(json, "case_id", edit.Id);
        Put(json, "prompt", edit.Prompt);
        Put(json, "target_new", edit.Target);
        Put(json, "ground_truth", edit.OldAnswers);
        Put(json, "subject", edit.Subject);
        Put(json, "relation_id", edit.Relation);
        Put(json, "rephrase_prompt", edit.Paraphrases);
        foreach ((string name, ProbeKind kind) in (ReadOnlySpan<(string, ProbeKind)>)
            [("locality", ProbeKind.Locality), ("portability", ProbeKind.Portability)])
        {
            var groups = new JsonObject();
            foreach (IGrouping<string, Probe> group in edit.Probes.Where(probe => probe.Kind == kind).GroupBy(probe => probe.Group))
            {
                groups[group.Key] = new JsonArray([.. group.Select(probe => new JsonObject
                {
                    ["prompt"] = probe.Prompt,
                    ["ground_truth"] = List(probe.Answers),
                })]);
            }

            json[name] = groups;
        }

        DropProbes(edit.Probes.Where(probe => probe.Kind == ProbeKind.Attribute));
        Drop(
            "other wordings of questions",
            edit.Probes.Where(probe => probe.Kind != ProbeKind.Attribute).Sum(probe => probe.Wordings.Count));
        Drop("further answers", edit.Answers.Count);
        DropOrigin(edit);
        return json;
    }

    private JsonObject CounterFact(EditRecord edit)
    {
        bool IsNeighbour(Probe probe) => probe.Kind == ProbeKind.Locality && probe.Answers.Intersect(edit.OldAnswers.Take(1)).Any();
        var rewrite = new JsonObject();
        Put(rewrite, "prompt", edit.Subject is { } subject ? edit.Prompt.Replace(subject, "{}", StringComparison.Ordinal) : edit.Prompt);
        Put(rewrite, "relation_id", edit.Relation);
        rewrite["target_new"] = new JsonObject { ["str"] = edit.Target };
        if (edit.OldAnswers.Count > 0) rewrite["target_true"] = new JsonObject { ["str"] = edit.OldAnswers[0] };
        Put(rewrite, "subject", edit.Subject);
        var json = new JsonObject();
        Put(json, "case_id", edit.Id);
        json["requested_rewrite"] = rewrite;
        json["paraphrase_prompts"] = List(edit.Paraphrases);
        json["neighborhood_prompts"] = List(edit.Probes.Where(IsNeighbour).Select(probe => probe.Prompt));
        json["attribute_prompts"] = List(edit.Probes.Where(probe => probe.Kind == ProbeKind.Attribute).Select(probe => probe.Prompt));
        DropProbes(edit.Probes.Where(probe => probe.Kind != ProbeKind.Attribute && !IsNeighbour(probe)));
        DropGroups(edit.Probes.Where(IsNeighbour), CounterFactLayout.Neighborhood);
        Drop("old answers", Math.Max(0, edit.OldAnswers.Count - 1));
        Drop("further answers", edit.Answers.Count);
        DropOrigin(edit);
        return json;
    }

    private JsonObject Zsre(EditRecord edit)
    {
        // What is no question would be read with a question mark behind it.
        Probe? locality = edit.Probes.FirstOrDefault(
            probe => probe is { Kind: ProbeKind.Locality, Answers.Count: > 0 } && probe.Prompt.EndsWith('?'));
        var json = new JsonObject();
        Put(json, "subject", edit.Subject);
        Put(json, "src", edit.Prompt);
        Put(json, "pred", edit.OldAnswers is [var old, ..] ? old : null);
        Put(json, "rephrase", edit.Paraphrases is [var other, ..] ? other : null);
        Put(json, "alt", edit.Target);
        Put(json, "answers", edit.Answers);
        Put(json, "loc", locality?.Prompt);
        Put(json, "loc_ans", locality?.Answers[0]);
        Put(json, "relation", edit.Relation);
        Drop("paraphrases", Math.Max(0, edit.Paraphrases.Count - 1));
        DropProbes(edit.Probes.Where(probe => probe != locality));
        DropGroups([locality], ZsreLayout.Group);
        Drop("answers of locality questions", Math.Max(0, (locality?.Answers.Count ?? 0) - 1));
        Drop("old answers", Math.Max(0, edit.OldAnswers.Count - 1));
        Drop("ids", edit.Id is null ? 0 : 1);
        DropOrigin(edit);
        return json;
    }

    private void DropProbes(IEnumerable<Probe> probes)
    {
        foreach (IGrouping<ProbeKind, Probe> kind in probes.GroupBy(probe => probe.Kind))
            Drop($"{kind.Key.ToString().ToLowerInvariant()} questions", kind.Count());
    }

    // Of questions that the layout puts into the one group it has.
    private void DropGroups(IEnumerable<Probe?> probes, string group) =>
        Drop("names of groups of questions", probes.Count(probe => probe is not null && probe.Group != group));

    // The source that is only the place in the file that was read is no loss.
    private void DropOrigin(EditRecord edit)
    {
        Drop("owners", edit.Owner is null ? 0 : 1);
        Drop("reasons", edit.Reason is null ? 0 : 1);
        Drop("other names of subjects", edit.Aliases.Count);
        foreach ((string name, _) in edit.Columns) Drop($"values of column {name}", 1);
    }

    private void Drop(string what, int count)
    {
        if (count > 0) dropped[what] = dropped.GetValueOrDefault(what) + count;
    }

    private static void Put(JsonObject json, string name, string? text)
    {
        if (!string.IsNullOrEmpty(text)) json[name] = text;
    }

    private static void Put(JsonObject json, string name, IReadOnlyList<string> texts)
    {
        if (texts.Count > 0) json[name] = List(texts);
    }

    private static JsonArray List(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);
}
