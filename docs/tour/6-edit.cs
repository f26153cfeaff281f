#:project ../../src/Editing/Editing.csproj
#:property PublishAot=false
// Chapter 6: an edit. Run it with: dotnet run 6-edit.cs
//
// What a model knows is in its weights, but nobody can say where; to change one fact by more training changes others along with it. iReVa
// leaves all weights as they are. It puts one new neuron beside one block, and a neuron is small enough to be understood:
//
//     its key k        says what it listens to: the row that the mlp reads (chapter 4), at the end of the prompt that was taught,
//     its threshold b  says how alike another prompt must be,
//     its value v      is added to the residual stream when the neuron answers, and so makes the model say the new word.
//
// Its score is a dot product, x̂·k, as in attention; x̂ is the mlp's input with mean 0 and variance 1. Above the threshold it answers:
// α·f(x̂·k - b)·v is added, where f is the model's own bend and α a strength. Below it f is as good as 0: nothing changes.
using Sharpformer;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Transformer;

using Session session = Session.Open(args is [var folder] ? folder : "../../models/facts-gpt2", new SessionOptions { Device = "cpu" });
session.UseMemory(); // edits are kept in memory; OpenStore would keep them in a file

const string Taught = "Lucian Freud died in", Asked = "Lucian Freud's life ended in", Unrelated = "Anatole France was born in";
string[] prompts = [Taught, Asked, Unrelated];
float[] before = session.NextTokenLogits(Taught);
Say("The model as it is:");

// Teach. The key starts as x̂ at the end of the prompt, the value as the new word's row of the token table. A few steps of gradient
// descent (chapters 2 and 5) then move key and value, and nothing else, so that the model says the word.
TeachingReport report = session.Teach(session.Tokenize([new EditRequest(Taught, "London")]), session.SettingsFor());
Edit edit = session.Edit(report.Added[0].Id);
float[] taught = session.NextTokenLogits(Taught);
Say("Taught that he died in London:");

// Look. The edit is its neuron; these few hundred numbers are all that was added. Compared with every token's row, as the last row of
// a model is, the value says which word it stands for.
Neuron neuron = IReVaParts.Neurons(edit)[0];
int block = ((IReVaSettings)edit.Settings).Layer;
float[] table = session.Compute(() => session.Model.TokenTable.Value.ToArray());
IEnumerable<int> nearest = Enumerable.Range(0, before.Length)
    .OrderByDescending(token => Dot(table.AsSpan(token * neuron.Value.Length, neuron.Value.Length), neuron.Value)).Take(2);
Console.WriteLine($"One neuron beside block {block}: key {Few(neuron.Key)}, value {Few(neuron.Value)}.");
Console.WriteLine($"Its value stands for:{string.Join(" >", nearest.Select(session.TokenText))}");
Console.WriteLine($"How well the prompts match its key, by our arithmetic and by the engine; the threshold is {neuron.Threshold:f2}:");
foreach (string prompt in prompts)
{
    float ours = Dot(Standardized(MlpInput(prompt, block)), neuron.Key);
    float engine = session.Explain(prompt).First.Score;
    Console.WriteLine($"  {prompt,-28} {ours:f2} {engine:f2} {(ours > neuron.Threshold ? "above: it answers" : "below: it is silent")}");
}

// Take it back. No weight has changed, so there is nothing to repair. Without the neuron the model is what it was, bit for bit.
session.Withdraw(edit.Id);
Say("Taken back:");
Console.WriteLine($"  the same {before.Length:n0} logits as before: {session.NextTokenLogits(Taught).SequenceEqual(before)}");
session.Restore(edit.Id);
Say("And restored:");
Console.WriteLine($"  the same {before.Length:n0} logits as when it was taught: {session.NextTokenLogits(Taught).SequenceEqual(taught)}");

void Say(string when)
{
    Console.WriteLine(when);
    foreach (string prompt in prompts) Console.WriteLine($"  {prompt} …{session.Generate(prompt, maxNewTokens: 1).Text}");
}

// What the mlp of a block reads at the end of a prompt, [C].
float[] MlpInput(string prompt, int layer)
{
    int[] tokens = session.PromptTokens(prompt);
    return session.Compute(() => session.Model.MlpInput(new TokenBatch(tokens), layer, [tokens.Length - 1]).ToArray());
}

static float[] Standardized(float[] x)
{
    float mean = x.Average(), variance = x.Sum(value => (value - mean) * (value - mean)) / (x.Length - 1);
    return [.. x.Select(value => (value - mean) / MathF.Sqrt(variance))];
}

static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
{
    float sum = 0;
    for (int c = 0; c < x.Length; c++) sum += x[c] * y[c];
    return sum;
}

static string Few(float[] x) => $"({string.Join(", ", x.Take(3).Select(value => value.ToString("f2")))}, … of {x.Length} numbers)";

// For real: src/Editing/Methods/IReVa/KeyValueAdaptor.cs is the neurons beside a block, Retrofit.cs their training. src/Editing/IEditor.cs
// says what any method of editing is; Firing.cs is the one rule of who answers. src/Editing/Session/Session.cs is what you just used.

// It prints:
//
//   The model as it is:
//     Lucian Freud died in … Paris
//     Lucian Freud's life ended in … Paris
//     Anatole France was born in … Paris
//   Taught that he died in London:
//     Lucian Freud died in … London
//     Lucian Freud's life ended in … London
//     Anatole France was born in … Paris
//   One neuron beside block 4: key (-0.44, -1.11, -1.36, … of 256 numbers), value (-0.10, 0.22, 0.06, … of 256 numbers).
//   Its value stands for: London > l
//   How well the prompts match its key, by our arithmetic and by the engine; the threshold is 216.75:
//     Lucian Freud died in         248.24 248.24 above: it answers
//     Lucian Freud's life ended in 244.28 244.28 above: it answers
//     Anatole France was born in   129.81 129.81 below: it is silent
//   Taken back:
//     Lucian Freud died in … Paris
//     Lucian Freud's life ended in … Paris
//     Anatole France was born in … Paris
//     the same 7,015 logits as before: True
//   And restored:
//     Lucian Freud died in … London
//     Lucian Freud's life ended in … London
//     Anatole France was born in … Paris
//     the same 7,015 logits as when it was taught: True
