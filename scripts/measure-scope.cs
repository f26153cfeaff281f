#:project Measuring/Measuring.csproj
#:property PublishAot=false
// Asks a method everything that is hard about where an edit holds: some facts are taught together and then asked beside what they are not.
//
//   dotnet run -c Release scripts/measure-scope.cs -- models/facts-gpt2 data/facts/counterfact.json ireva-scoped
//       [--count 1000] [--first 0] [--answer-trigger " Answer:"] [--set NAME=VALUE]… [--statistics DIR] [--threads 2]
//
// One line of JSON; shares in percent. es, ps, said: as measure-edits. contextEs, contextPs: behind an unrelated sentence. alias: by the
// last word of the subject's name, once it is given as an alias; lower: in lower case. What shall stay, as shares of next tokens kept:
// neighbours: unedited facts of the last hundred records; neighboursInContext: behind an unrelated sentence; neighboursBesideSubject:
// behind a sentence that names a taught subject; sameSubject: taught subjects in two wordings of other relations each; longerNames: the
// taught prompts about a longer name that begins with the subject's; answered: behind the edit's own answer.
using System.Text.Json.Nodes;
using Sharpformer;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Sharpformer.Measuring;

const string Unrelated = "Angela Merkel worked in Berlin. ";
const int Group = 100;
var given = new MeasuringArguments(args);
(string model, string file, string method) = (args[0], args[1], args[2]);
IReadOnlyList<EditRecord> records = EditRecord.Load(file);
EditRecord[] neighbours = [.. records.TakeLast(Group)];
var triggers = new Triggers(given.Option("--answer-trigger") ?? "", " Answer:");
int first = given.Number("--first", 0), count = given.Number("--count", 1000);
EditRecord[] taught = [.. records.Skip(first).Take(Math.Min(count, records.Count - first - Group)).Where(IsNamed)];

using Session session = given.Open(model);
EditSettings settings = given.Settings(session, method);
Teach(taught.Select(record => record.ToRequest(triggers.AnswerTrigger)));

// The first wording of each relation, its subject cut out.
(string? Relation, string Before, string After)[] wordings = [.. records.Where(IsNamed).DistinctBy(record => record.Relation)
    .Select(record => (record.Relation, Cut: record.Prompt.Split(record.Subject!, 2)))
    .Select(one => (one.Relation, one.Cut[0], one.Cut[1]))];

EvaluationReport at = session.Evaluate(taught, triggers, neighbours);
var figures = new Dictionary<string, double?>
{
    ["es"] = at.Edited.Es, ["ps"] = at.Edited.Ps, ["said"] = at.Edited.FreeRunning, ["ns"] = at.Edited.Ns,
    ["contextEs"] = Es(record => Unrelated + record.Prompt),
    ["contextPs"] = session.Evaluate([.. taught.Select(record => record with
    {
        Paraphrases = [.. record.Paraphrases.Select(other => Unrelated + other)],
    })], triggers).Edited.Ps,
    ["lower"] = Es(record => record.Prompt.Replace(record.Subject!, record.Subject!.ToLowerInvariant())),
    ["neighbours"] = at.NeighbourRetention,
    ["neighboursInContext"] = Kept(neighbours.Select(record => Unrelated + record.Prompt)),
    ["neighboursBesideSubject"] = Kept(
        neighbours.Select((record, i) => $"I read about {taught[i % taught.Length].Subject}. {record.Prompt}")),
    ["sameSubject"] = Kept(taught.SelectMany((record, i) => Others(record, i))),
    ["longerNames"] = Kept(taught.Select((record, i) => record.Prompt.Replace(
        record.Subject!, $"{record.Subject} {(i % 3) switch { 0 => "Island", 1 => "II", _ => "Company" }}"))),
    ["answered"] = Kept(taught.Select(record => $"{record.Prompt}{triggers.AnswerTrigger} {record.Target}"), ""),
};
Teach(taught.Select(record => record.ToRequest(triggers.AnswerTrigger) with
{
    Provenance = Provenance.Of([(EditRequest.AliasesName, LastName(record.Subject!))]),
}));
figures["alias"] = Es(record => record.Prompt.Replace(record.Subject!, LastName(record.Subject!)));
figures["aliasNeighbours"] = session.Evaluate(taught[..1], triggers, neighbours).NeighbourRetention;
var line = new JsonObject { ["method"] = method, ["records"] = Path.GetFileNameWithoutExtension(file), ["count"] = taught.Length };
foreach ((string name, double? value) in figures) line[name] = value is { } number ? Math.Round(number, 2) : null;
line["settings"] = JsonNode.Parse(settings.ToJson());
Console.WriteLine(line.ToJsonString());

double? Es(Func<EditRecord, string> prompt) =>
    session.Evaluate([.. taught.Select(record => record with { Prompt = prompt(record), Paraphrases = [] })], triggers).Edited.Es;

void Teach(IEnumerable<EditRequest> facts)
{
    session.UseMemory();
    var options = new TeachingOptions { Check = false, StatisticsFolder = given.Option("--statistics") };
    session.Teach(session.Tokenize([.. facts]), settings, options);
}

double? Kept(IEnumerable<string> prompts, string? trigger = null) => session.Evaluate(
    [taught[0]], trigger is null ? triggers : triggers with { AnswerTrigger = trigger },
    [.. prompts.Select(prompt => neighbours[0] with { Prompt = prompt, Paraphrases = [], Probes = [] })]).NeighbourRetention;

IEnumerable<string> Others(EditRecord record, int i)
{
    var other = wordings.Where(one => one.Relation != record.Relation).ToArray();
    foreach (int at in new[] { 7 * i % other.Length, ((13 * i) + 5) % other.Length }.Distinct())
        yield return other[at].Before + record.Subject + other[at].After;
}

static bool IsNamed(EditRecord record) => record.Subject is { Length: > 0 } subject && record.Prompt.Contains(subject);

static string LastName(string subject) => subject.Split(' ')[^1];
