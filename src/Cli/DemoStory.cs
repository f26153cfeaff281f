using System.Diagnostics;
using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Transformer;

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
    public JsonObject Tell(IReadOnlyList<EditRecord> facts)
    {
        ModelConfig config = session.Model.Config;
        terminal.Line($"A GPT-2 of {config.NLayer} blocks, width {config.NEmbd}, {Terminal.Counted(config.VocabSize, "token")}. "
            + $"It was trained on 9,242 facts; these {facts.Count} are none of them.");

        string[] before = [.. facts.Select(f => Say(f.Prompt, f.Target))];
        string[] unrelatedBefore = [.. facts.Select(SayUnrelated)];
        Edit[] edits = Teach(facts);
        return new JsonObject
        {
            ["facts"] = ShowFacts(facts, before),
            ["unrelated"] = ShowUnrelated(facts, unrelatedBefore),
            ["why"] = ShowWhy(facts[0], edits[0]),
            ["withdrawal"] = WithdrawAndRestore(facts[1], edits[1]),
        };
    }

    private Edit[] Teach(IReadOnlyList<EditRecord> facts)
    {
        long start = Stopwatch.GetTimestamp();
        IReadOnlyList<TokenizedRequest> requests = session.Tokenize(
            [.. facts.Select(f => f.ToRequest(answerTrigger: ""))]);
        TeachingReport report = session.Teach(requests, settings, cancellation: cancellation);
        cancellation.ThrowIfCancellationRequested();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        terminal.Line($"Taught: one new neuron each beside block {settings.Layer}, trained for {settings.Epochs} steps, "
            + $"{Terminal.Duration(seconds / facts.Count)} per fact. Not one weight of the model has changed.");
        return [.. report.Added];
    }

    private JsonArray ShowFacts(IReadOnlyList<EditRecord> facts, string[] before)
    {
        terminal.Line("\nAsked before, and asked again in other words:");
        Table table = Terminal.NewTable("prompt", "before", "in other words", "now");
        var said = new JsonArray();
        for (int i = 0; i < facts.Count; i++)
        {
            EditRecord fact = facts[i];
            string now = Say(fact.Paraphrases[0], fact.Target);
            table.Add(
                Terminal.Cell(fact.Prompt + " …"), Judged(before[i], fact.Target),
                Terminal.Cell(fact.Paraphrases[0] + " …"), Judged(now, fact.Target));
            said.Add((JsonNode)new JsonObject
            {
                ["prompt"] = fact.Prompt,
                ["target"] = fact.Target,
                ["before"] = before[i],
                ["rephrase"] = fact.Paraphrases[0],
                ["now"] = now,
            });
        }

        terminal.Show(table);
        return said;
    }

    private JsonArray ShowUnrelated(IReadOnlyList<EditRecord> facts, string[] before)
    {
        terminal.Line("\nQuestions about anything else:");
        Table table = Terminal.NewTable("question", "before", "now");
        var said = new JsonArray();
        for (int i = 0; i < facts.Count; i++)
        {
            string now = SayUnrelated(facts[i]);
            string question = facts[i].Probes[0].Prompt.Replace("nq question: ", "", StringComparison.Ordinal);
            table.Add(Terminal.Cell(question), Terminal.Cell(before[i]), Judged(now, before[i]));
            said.Add((JsonNode)new JsonObject { ["question"] = question, ["before"] = before[i], ["now"] = now });
        }

        terminal.Show(table);
        return said;
    }

    private JsonObject ShowWhy(EditRecord fact, Edit edit)
    {
        Firing[] nearest = [.. session.Explain(fact.Paraphrases[0]).Nearest];
        Firing winner = nearest[0], runnerUp = nearest[1];
        terminal.Line($"\nWhy {Terminal.Quoted(fact.Target)}? Asked {Terminal.Quoted(fact.Paraphrases[0] + " …")}, "
            + $"neuron {winner.Part} of edit {winner.Edit} ({Terminal.Quoted(edit.Request.Prompt + " …")}) scores "
            + $"{Terminal.Score(winner.Score)}, which is {Terminal.Score(winner.Margin)} above its threshold of "
            + $"{Terminal.Score(winner.Threshold)}; "
            + $"the runner-up, of edit {runnerUp.Edit}, stays {Terminal.Score(-runnerUp.Margin)} below its own.");
        return new JsonObject
        {
            ["prompt"] = fact.Paraphrases[0],
            ["edit"] = edit.Id,
            ["score"] = winner.Score,
            ["threshold"] = winner.Threshold,
            ["margin"] = winner.Margin,
            ["runnerUp"] = new JsonObject { ["edit"] = runnerUp.Edit, ["margin"] = runnerUp.Margin },
        };
    }

    private JsonObject WithdrawAndRestore(EditRecord fact, Edit edit)
    {
        string taught = Say(fact.Prompt, fact.Target);
        float[] logits = session.NextTokenLogits(fact.Prompt);
        session.Withdraw(edit.Id);
        string withdrawn = Say(fact.Prompt, fact.Target);
        session.Restore(edit.Id);
        string restored = Say(fact.Prompt, fact.Target);
        bool isSame = logits.AsSpan().SequenceEqual(session.NextTokenLogits(fact.Prompt));
        terminal.Line($"\nTake edit {edit.Id} back, then restore it: {Terminal.Quoted(fact.Prompt + " …")}");
        terminal.Line($"  taught {taught}   withdrawn {withdrawn}   restored {restored} "
            + $"({(isSame ? "all" : "NOT all")} {Terminal.Count(logits.Length)} logits the same, bit for bit)");
        return new JsonObject
        {
            ["prompt"] = fact.Prompt,
            ["edit"] = edit.Id,
            ["taught"] = taught,
            ["withdrawn"] = withdrawn,
            ["restored"] = restored,
            ["isSame"] = isSame,
        };
    }

    /// <summary>What the model, with its edits, goes on with: as many tokens as the expected answer has.</summary>
    private string Say(string prompt, string expected)
    {
        cancellation.ThrowIfCancellationRequested();
        int length = session.Tokenizer.EncodeContinuation(" " + expected).Length;
        return session.Generate(prompt, length, cancellation: cancellation).Text.Trim();
    }

    private string SayUnrelated(EditRecord fact) => Say(fact.Probes[0].Prompt + " Answer:", fact.Probes[0].Answers[0]);

    private static Cell Judged(string said, string expected) =>
        Terminal.Cell(said, said == expected ? Paint.Green : Paint.Red);
}
