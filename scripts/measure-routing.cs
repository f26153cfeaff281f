#:project Measuring/Measuring.csproj
#:property PublishAot=false
// How often edits that decide by the prompt answer where they should, over values of a setting: facts of a file taught together.
//
//   dotnet run -c Release scripts/measure-routing.cs -- models/facts-gpt2 data/facts/counterfact.json retrieval threshold 0.4,0.6,0.8
//       [--count 100] [--first 0] [--set NAME=VALUE]… [--net FILE] [--threads 2]
//
// One line of JSON for each value; shares in percent. own: the edit's own prompt is answered by it; paraphrases: other wordings are;
// others: prompts of facts that were not taught are answered by any.
using System.Text.Json.Nodes;
using Sharpformer;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Sharpformer.Measuring;

var given = new MeasuringArguments(args);
(string model, string file, string method, string dial) = (args[0], args[1], args[2], args[3]);
int count = given.Number("--count", 100), first = given.Number("--first", 0);
IReadOnlyList<EditRecord> records = EditRecord.Load(file);
EditRecord[] taught = [.. records.Skip(first).Take(count)];
HashSet<string> prompts = [.. taught.Select(record => record.Prompt)];
EditRecord[] others = [.. records.Except(taught).Where(record => !prompts.Contains(record.Prompt))];
using Session session = given.Open(model);
foreach (string value in args[4].Split(','))
{
    session.UseMemory();
    session.Teach(
        session.Tokenize([.. taught.Select(record => record.ToRequest(""))]), given.Settings(session, method, (dial, value)),
        new TeachingOptions { Check = false, NetFile = given.Option("--net") });
    long[] ids = [.. session.Edits().Select(edit => edit.Id)];
    (string Text, long Edit)[] own = [.. taught.Select((record, i) => (record.Prompt, ids[i]))];
    (string Text, long Edit)[] rephrased = [.. taught.SelectMany((record, i) => record.Paraphrases.Select(text => (text, ids[i])))];
    Console.WriteLine(new JsonObject
    {
        ["method"] = method, [dial] = value, ["count"] = count, ["own"] = Share(own), ["paraphrases"] = Share(rephrased),
        ["others"] = Share([.. others.Select(record => (record.Prompt, 0L))]),
    }.ToJsonString());
}

// How many texts their own edit answers; of edit 0, how many any does.
double Share((string Text, long Edit)[] asked)
{
    IReadOnlyList<Firing>[] claims = session.Compute(() =>
        PromptClaims.Of(session.Edited, [.. asked.Select(one => session.PromptTokens(one.Text))]));
    return Math.Round(100.0 * claims.Zip(asked).Count(pair =>
        pair.First is [var best, ..] && (pair.Second.Edit == 0 || best.Edit == pair.Second.Edit)) / asked.Length, 1);
}
