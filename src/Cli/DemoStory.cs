using System.Diagnostics;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Transformer;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Sharpformer.Cli;

/// <summary>Acts one to five of the demo: ask, teach, ask again, see why, withdraw and restore.</summary>
/// <param name="terminal">Where the story is told.</param>
/// <param name="session">The bundled model with an empty store.</param>
/// <param name="settings">How facts are taught.</param>
/// <param name="cancellation">Ends the story.</param>
internal sealed class DemoStory(Terminal terminal, Session session, IReVaSettings settings, CancellationToken cancellation)
{
    /// <summary>Tells the story of a few facts.</summary>
    /// <returns>The same for <c>--json</c>.</returns>
    public object Tell(IReadOnlyList<EditRecord> facts)
    {
        ModelConfig config = session.Model.Config;
        terminal.Line($"A GPT-2 of {config.NLayer} blocks, width {config.NEmbd}, {config.VocabSize} tokens. It was trained on 9,242 facts; "
            + $"these {facts.Count} are none of them.");

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
        IReadOnlyList<TokenizedRequest> requests = session.Tokenize(
            [.. facts.Select(f => f.ToRequest(answerTrigger: "", source: "demo.json"))]);
        TeachingReport report = session.Teach(requests, settings, cancellation: cancellation);
        cancellation.ThrowIfCancellationRequested();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        terminal.Line($"Taught: one new neuron each beside block {settings.Layer}, trained for {settings.Epochs} steps, "
            + $"{Terminal.Number(1000 * seconds / facts.Count, "0")} ms per fact. Not one weight of the model has changed.");
        return [.. report.Added];
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
        Firing[] nearest = [.. session.Explain(fact.Rephrase!).Nearest];
        Firing winner = nearest[0], runnerUp = nearest[1];
        terminal.Line($"\nWhy {Terminal.Quoted(fact.Alt)}? Asked {Terminal.Quoted(fact.Rephrase + " …")}, "
            + $"neuron {winner.Part} of edit {winner.Edit} ({Terminal.Quoted(edit.Request.Prompt + " …")}) scores");
        terminal.Line($"{Number(winner.Score)}, which is {Number(winner.Margin)} above its threshold of {Number(winner.Threshold)}; "
            + $"the runner-up, of edit {runnerUp.Edit}, stays {Number(-runnerUp.Margin)} below its own.");
        return new
        {
            prompt = fact.Rephrase,
            edit = edit.Id,
            winner.Score,
            winner.Threshold,
            winner.Margin,
            runnerUp = new { edit = runnerUp.Edit, runnerUp.Margin },
        };
    }

    private object WithdrawAndRestore(EditRecord fact, Edit edit)
    {
        string taught = Say(fact.Src, fact.Alt);
        float[] logits = session.NextTokenLogits(fact.Src);
        session.Withdraw(edit.Id);
        string withdrawn = Say(fact.Src, fact.Alt);
        session.Restore(edit.Id);
        string restored = Say(fact.Src, fact.Alt);
        bool isSame = logits.AsSpan().SequenceEqual(session.NextTokenLogits(fact.Src));
        terminal.Line($"\nTake edit {edit.Id} back, then restore it: {Terminal.Quoted(fact.Src + " …")}");
        terminal.Line($"  taught {taught}   withdrawn {withdrawn}   restored {restored} "
            + $"({(isSame ? "all" : "NOT all")} {logits.Length} logits the same, bit for bit)");
        return new { prompt = fact.Src, edit = edit.Id, taught, withdrawn, restored, isSame };
    }

    /// <summary>What the model, with its edits, goes on with: as many tokens as the expected answer has.</summary>
    private string Say(string prompt, string expected)
    {
        cancellation.ThrowIfCancellationRequested();
        return session.Generate(prompt, session.Tokenizer.EncodeContinuation(" " + expected).Length, cancellation: cancellation).Text.Trim();
    }

    private string SayUnrelated(EditRecord fact) => Say(fact.LocalityPrompt(" Answer:")!, fact.LocAns!);

    private static IRenderable Judged(string said, string expected) =>
        Terminal.Cell(said, said == expected ? Color.Green : Color.Red);

    private static string Number(double value) => Terminal.Number(value, "0.0");
}
