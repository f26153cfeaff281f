using System.Diagnostics;
using Sharpformer.Editing;
using Sharpformer.Editing.Adaptor;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Spectre.Console;

namespace Sharpformer.Cli;

/// <summary>Acts one to five of the demo: ask, teach, ask again, see why, withdraw and restore.</summary>
internal sealed class DemoStory : IDisposable
{
    private readonly Terminal terminal;
    private readonly LoadedModel model;
    private readonly EditStore store;
    private readonly IReVaSettings settings;
    private readonly KeyValueAdaptor adaptor;
    private readonly CancellationToken cancellation;

    /// <summary>Prepares an empty store for the story's edits.</summary>
    public DemoStory(Terminal terminal, LoadedModel model, string storePath, IReVaSettings settings, CancellationToken cancellation)
    {
        (this.terminal, this.model, this.settings, this.cancellation) = (terminal, model, settings, cancellation);
        adaptor = new KeyValueAdaptor(model.Lm.Device, settings.Layer, model.Lm.Config.NEmbd, model.Lm.Config.Activation);
        store = EditStore.Open(storePath, create: true);
        store.Bind(model.Fingerprint, model.Lm.Config.NEmbd, settings);
    }

    public void Dispose() => store.Dispose();

    /// <summary>Tells the story of a few facts.</summary>
    /// <returns>The same for <c>--json</c>.</returns>
    public object Tell(IReadOnlyList<EditRecord> facts)
    {
        ModelConfig config = model.Lm.Config;
        terminal.Line($"A GPT-2 of {config.NLayer} blocks, width {config.NEmbd}, {config.VocabSize} tokens. It was trained on 9,242 facts; these {facts.Count} are none of them.");

        string[] before = [.. facts.Select(f => Say(f.Src, f.Alt))];
        string[] unrelatedBefore = [.. facts.Select(SayUnrelated)];
        Edit[] edits = Teach(facts);
        return new
        {
            facts = ShowFacts(facts, before),
            unrelated = ShowUnrelated(facts, unrelatedBefore),
            why = ShowWhy(facts[0], edits[0]),
            withdrawal = WithdrawAndRestore(facts[1], edits[1]),
        };
    }

    private Edit[] Teach(IReadOnlyList<EditRecord> facts)
    {
        long start = Stopwatch.GetTimestamp();
        Lesson[] lessons = [.. facts.Select(f => model.Lesson(f.ToRequest(answerTrigger: "", source: "demo.json")))];
        OutOfScopeSampler? sampler = model.NewSampler([.. lessons.Select(l => l.Tokens.Prompt)], settings);
        var teacher = new Teacher(new Editor(model.Lm, adaptor), store, settings, sampler);
        Edit[] edits = [.. teacher.Teach(lessons, cancellation: cancellation).SelectMany(chunk => chunk).Select(taught => taught.Edit)];
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        terminal.Line($"Taught: one new neuron each beside block {settings.Layer}, trained for {settings.Epochs} steps, "
            + $"{Terminal.Number(1000 * seconds / facts.Count, "0")} ms per fact. Not one weight of the model has changed.");
        return edits;
    }

    private List<object> ShowFacts(IReadOnlyList<EditRecord> facts, string[] before)
    {
        terminal.Line("\nAsked before, and asked again in other words:");
        Table table = Terminal.NewTable("prompt", "before", "in other words", "now");
        var said = new List<object>();
        for (int i = 0; i < facts.Count; i++)
        {
            EditRecord fact = facts[i];
            string now = Say(fact.Rephrase!, fact.Alt);
            table.AddRow(
                Terminal.Cell(fact.Src + " …"), Judged(before[i], fact.Alt),
                Terminal.Cell(fact.Rephrase + " …"), Judged(now, fact.Alt));
            said.Add(new { prompt = fact.Src, target = fact.Alt, before = before[i], fact.Rephrase, now });
        }

        terminal.Show(table);
        return said;
    }

    private List<object> ShowUnrelated(IReadOnlyList<EditRecord> facts, string[] before)
    {
        terminal.Line("\nQuestions about anything else:");
        Table table = Terminal.NewTable("question", "before", "now");
        var said = new List<object>();
        for (int i = 0; i < facts.Count; i++)
        {
            string now = SayUnrelated(facts[i]), question = facts[i].Loc!.Replace("nq question: ", "", StringComparison.Ordinal) + "?";
            table.AddRow(Terminal.Cell(question), Terminal.Cell(before[i]), Judged(now, before[i]));
            said.Add(new { question, before = before[i], now });
        }

        terminal.Show(table);
        return said;
    }

    private object ShowWhy(EditRecord fact, Edit edit)
    {
        Explanation why = Explanation.Of(model.Lm, adaptor, model.Prompt(fact.Rephrase!));
        NeuronReading winner = why.Strongest[0], runnerUp = why.Strongest[1];
        terminal.Line($"\nWhy {Terminal.Quoted(fact.Alt)}? Asked {Terminal.Quoted(fact.Rephrase + " …")}, neuron {winner.PlaceInEdit} of edit {winner.Neuron.Edit} "
            + $"({Terminal.Quoted(edit.Request.Prompt + " …")}) scores");
        terminal.Line($"{Number(winner.Score)}, which is {Number(winner.Margin)} above its threshold of {Number(winner.Neuron.Threshold)}; the runner-up, "
            + $"of edit {runnerUp.Neuron.Edit}, stays {Number(-runnerUp.Margin)} below its own.");
        return new { prompt = fact.Rephrase, edit = edit.Id, winner.Score, winner.Neuron.Threshold, winner.Margin, runnerUp = new { edit = runnerUp.Neuron.Edit, runnerUp.Margin } };
    }

    private object WithdrawAndRestore(EditRecord fact, Edit edit)
    {
        string taught = Say(fact.Src, fact.Alt);
        float[] logits = Logits(fact.Src);
        store.Withdraw(edit.Id);
        adaptor.SetWithdrawn(edit.Id, true);
        string withdrawn = Say(fact.Src, fact.Alt);
        store.Restore(edit.Id);
        adaptor.SetWithdrawn(edit.Id, false);
        string restored = Say(fact.Src, fact.Alt);
        bool isSame = logits.AsSpan().SequenceEqual(Logits(fact.Src));
        terminal.Line($"\nTake edit {edit.Id} back, then restore it: {Terminal.Quoted(fact.Src + " …")}");
        terminal.Line($"  taught {taught}   withdrawn {withdrawn}   restored {restored} ({(isSame ? "all" : "NOT all")} {logits.Length} logits the same, bit for bit)");
        return new { prompt = fact.Src, edit = edit.Id, taught, withdrawn, restored, isSame };
    }

    /// <summary>What the model, with its edits, goes on with: as many tokens as the expected answer has.</summary>
    private string Say(string prompt, string expected)
    {
        cancellation.ThrowIfCancellationRequested();
        int length = model.Tokenizer.Encode(" " + expected).Length;
        IEnumerable<int> tokens = Generator.Generate(
            model.Lm, model.Prompt(prompt), length, model.Tokenizer.EosId, new SamplingOptions(), adaptor.Openings);
        return model.Tokenizer.Decode([.. tokens]).Trim();
    }

    private string SayUnrelated(EditRecord fact) => Say(fact.LocalityPrompt(" Answer:")!, fact.LocAns!);

    private float[] Logits(string prompt)
    {
        using BufferScope scope = model.Lm.Device.Scope();
        int[] tokens = model.Prompt(prompt);
        return new DecodeSession(model.Lm, 1, tokens.Length, adaptor.Openings).Advance(new TokenBatch(tokens)).ToArray();
    }

    private static Text Judged(string said, string expected) => Terminal.Cell(said, said == expected ? Color.Green : Color.Red);

    private static string Number(double value) => Terminal.Number(value, "0.0");
}
