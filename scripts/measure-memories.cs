#:project Measuring/Measuring.csproj
#:property PublishAot=false
// What a method costs that keeps edits beside the model, by how many there are: facts of some files taught together, in their order.
//
//   dotnet run -c Release scripts/measure-memories.cs -- models/facts-gpt2 grace 1000,5000,10000
//       data/facts/counterfact.json data/facts/zsre.json data/facts/pararel.json [--set NAME=VALUE]… [--net FILE] [--threads 2]
//
// One line of JSON for each count: processor seconds to teach an edit, numbers that it consists of in bytes, milliseconds to open the edits
// and read the first prompt, tokens a second over 40 prompts of 20 new tokens each, half of them taught ones, by the edited and by the base
// model (the best of five passes), and peak memory.
using System.Diagnostics;
using System.Text.Json.Nodes;
using Sharpformer;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Measuring;

const int Prompts = 40, NewTokens = 20, Passes = 5;
var given = new MeasuringArguments(args);
(string model, string method) = (args[0], args[1]);
string[] files = [.. args.Skip(3).TakeWhile(arg => !arg.StartsWith("--", StringComparison.Ordinal))];
EditRecord[] records = [.. files.SelectMany(file => EditRecord.Load(file)).DistinctBy(record => record.Prompt)];
using Session session = given.Open(model);
EditSettings settings = given.Settings(session, method);
foreach (int count in args[2].Split(',').Select(int.Parse))
{
    session.UseMemory();
    EditRecord[] taught = [.. records.Take(count)];
    string[] asked = [.. records.Take(Prompts / 2).Concat(records.TakeLast(Prompts / 2)).Select(record => record.Prompt)];
    TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
    session.Teach(
        session.Tokenize([.. taught.Select(record => record.ToRequest(""))]), settings,
        new TeachingOptions { Check = false, NetFile = given.Option("--net") });
    double seconds = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds;
    IReadOnlyList<Edit> edits = session.Store.List(withParts: true, includeRemoved: false);
    double pace = TokensPerSecond(asked);
    long start = Stopwatch.GetTimestamp();
    EditedModel again = session.Compute(() => EditorCatalog.Apply(new EditedModel(session.Model) { Tokenizer = session.Tokenizer }, edits));
    session.Generate(again, asked[0], 1);
    double open = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    session.UseMemory();
    double basePace = TokensPerSecond(asked);
    Console.WriteLine(new JsonObject
    {
        ["method"] = method, ["count"] = taught.Length, ["cpuSecondsPerEdit"] = Math.Round(seconds / taught.Length, 4),
        ["bytesPerEdit"] = Math.Round(edits.Average(edit => edit.Parts.Sum(part => 4.0 * part.Values.Length))),
        ["openMs"] = Math.Round(open), ["tokensPerSecond"] = Math.Round(pace), ["ofBase"] = Math.Round(basePace),
        ["peakMB"] = Process.GetCurrentProcess().PeakWorkingSet64 / 1_000_000,
    }.ToJsonString());
}

double TokensPerSecond(string[] prompts)
{
    // The best of several passes: what is made when first asked, and code that is compiled while it runs, are in the first ones.
    return Enumerable.Range(0, Passes).Max(_ =>
    {
        long start = Stopwatch.GetTimestamp();
        int tokens = prompts.Sum(prompt => session.Generate(prompt, NewTokens).Tokens.Count);
        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    });
}
