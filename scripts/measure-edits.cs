#:project Measuring/Measuring.csproj
#:property PublishAot=false
// Measures a method on records of a file: each of some facts taught alone to the base model, then 10, 100, … together in one store.
//
//   dotnet run -c Release scripts/measure-edits.cs -- models/facts-gpt2 data/facts/counterfact.json memit --statistics statistics
//       [--counts 1,10,100,1000] [--first 0] [--answer-trigger " Answer:"] [--variant V] [--set NAME=VALUE]… [--net FILE] [--threads 2]
//
// One line of JSON for each count; shares in percent. ES, PS: the edit's own prompt, other words; said: the whole target, greedily; NS:
// gold answers of unrelated questions; neighbours: unedited facts of the last hundred records that keep their next token; same subject:
// facts of the sets beside the file about a taught subject, of another relation, that keep theirs; context: ES and PS behind one unrelated
// sentence; ratio: perplexity of heldout.txt beside the file, edited by base; first, last: ES of the first and the last hundred.
using System.Diagnostics;
using System.Text.Json.Nodes;
using Sharpformer;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Metrics.Examination;
using Sharpformer.Measuring;

const string Unrelated = "Angela Merkel worked in Berlin. ";
const int Alone = 20, Group = 100;
var given = new MeasuringArguments(args);
(string model, string file, string method) = (args[0], args[1], args[2]);
IReadOnlyList<EditRecord> records = EditRecord.Load(file);
EditRecord[] neighbours = [.. records.TakeLast(Group)];
string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
EditRecord[] known = [.. Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal).SelectMany(one => EditRecord.Load(one))];
var triggers = new Triggers(given.Option("--answer-trigger") ?? "", " Answer:");
int first = given.Number("--first", 0);

using Session session = given.Open(model);
EditSettings settings = given.Settings(session, method);
int[][] heldOut = [.. File.ReadLines(Path.Combine(folder, "heldout.txt")).Select(session.Tokenizer.Encode).Where(line => line.Length > 1)];
foreach (int count in (given.Option("--counts") ?? "1,10,100,1000").Split(',').Select(int.Parse))
{
    Dictionary<string, double?>[] runs = count == 1
        ? [.. Enumerable.Range(first, Alone).Select(i => Measured([records[i]], withText: i < first + 5))]
        : [Measured([.. records.Skip(first).Take(count)], withText: true)];
    var line = new JsonObject { ["method"] = method, ["records"] = Path.GetFileNameWithoutExtension(file), ["count"] = count };
    foreach (string name in runs[0].Keys)
        line[name] = runs.Average(run => run.GetValueOrDefault(name)) is { } mean ? Math.Round(mean, 4) : null;
    line["peakMB"] = Process.GetCurrentProcess().PeakWorkingSet64 / 1_000_000;
    line["settings"] = JsonNode.Parse(settings.ToJson());
    Console.WriteLine(line.ToJsonString());
}

Dictionary<string, double?> Measured(EditRecord[] taught, bool withText)
{
    session.UseMemory();
    IReadOnlyList<TokenizedRequest> requests = session.Tokenize([.. taught.Select(record => record.ToRequest(triggers.AnswerTrigger))]);
    TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
    TeachingReport report = session.Teach(
        requests, settings,
        new TeachingOptions { Check = false, StatisticsFolder = given.Option("--statistics"), NetFile = given.Option("--net") });
    double processor = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds;
    EvaluationReport at = session.Evaluate(taught, triggers, neighbours);
    IReadOnlyList<EditRecord> same = ExaminationPlan.OfSameSubjects(known, taught, most: 200);
    EvaluationReport behind = session.Evaluate([.. taught.Select(InContext)], triggers, same.Count > 0 ? same : null);
    PerplexityReport? text = withText ? session.Perplexity(heldOut, 128, 64) : null;
    var figures = new Dictionary<string, double?>
    {
        ["es"] = at.Edited.Es, ["ps"] = at.Edited.Ps, ["said"] = at.Edited.FreeRunning, ["ns"] = at.Edited.Ns,
        ["neighbours"] = at.NeighbourRetention, ["sameSubject"] = behind.NeighbourRetention,
        ["contextEs"] = behind.Edited.Es, ["contextPs"] = behind.Edited.Ps, ["ratio"] = text?.Edited.Perplexity / text?.Base.Perplexity,
        ["seconds"] = report.Seconds / taught.Length, ["cpuSeconds"] = processor / taught.Length,
    };
    if (taught.Length < 2 * Group) return figures;
    figures["first"] = session.Evaluate([.. taught.Take(Group)], triggers).Edited.Es;
    figures["last"] = session.Evaluate([.. taught.TakeLast(Group)], triggers).Edited.Es;
    return figures;
}

static EditRecord InContext(EditRecord record) => record with
{
    Prompt = Unrelated + record.Prompt, Paraphrases = [.. record.Paraphrases.Select(other => Unrelated + other)],
};
