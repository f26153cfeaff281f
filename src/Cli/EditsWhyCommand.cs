using System.CommandLine;
using System.Globalization;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Spectre.Console;

namespace Sharpformer.Cli;

/// <summary><c>edits why</c>: which neuron answers a prompt, and what it changes.</summary>
internal static class EditsWhyCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command("why", "Say which neuron answers a prompt, how clearly it wins, and what it changes in the next token.");
        ModelOptions model = ModelOptions.AddTo(command);
        Option<string> edits = CommonOptions.Edits(), prompt = CommonOptions.Text("--prompt", "The prompt to explain.", required: true);
        command.Add(edits);
        command.Add(prompt);
        command.SetAction(parse =>
        {
            using Session session = model.Open(parse);
            int[] tokens = session.PromptTokens(parse.GetRequiredValue(prompt));
            session.OpenStore(parse.GetRequiredValue(edits), StoreAccess.Read);
            Explanation why = session.Explain(parse.GetRequiredValue(prompt));
            Dictionary<long, Edit> byId = session.Edits().ToDictionary(e => e.Id);
            Terminal terminal = Terminal.Of(parse);
            if (terminal.Json) terminal.Document(Json(session, parse.GetRequiredValue(prompt), tokens, why, byId));
            else Tell(terminal, session, why, byId);
            return 0;
        });
        return command;
    }

    private static object Json(Session session, string prompt, int[] tokens, Explanation why, Dictionary<long, Edit> byId)
    {
        object[] readings = [.. why.Nearest.Select(f => (object)new
        {
            neuron = f.Part,
            f.Edit,
            prompt = byId[f.Edit].Request.Prompt,
            target = byId[f.Edit].Request.Target,
            f.Token,
            text = session.TokenText(f.Token),
            f.Score,
            f.Threshold,
            f.Margin,
            alpha = (byId[f.Edit].Settings as IReVaSettings)?.Alpha,
            withdrawn = f.IsWithdrawn,
        })];
        bool isWon = why.First.State is FiringState.Answers or FiringState.Withdrawn;
        return new
        {
            prompt,
            tokens,
            fires = why.First.State == FiringState.Answers,
            strength = why.First.Strength + 0, // -0 would only puzzle
            winner = isWon ? readings[0] : null,
            runnersUp = isWon ? readings[1..] : readings,
            changes = why.Changes.Select(c => new
            {
                c.Token,
                text = session.TokenText(c.Token),
                c.LogitBefore,
                c.LogitAfter,
                c.ProbabilityBefore,
                c.ProbabilityAfter,
            }),
        };
    }

    private static void Tell(Terminal terminal, Session session, Explanation why, Dictionary<long, Edit> byId)
    {
        terminal.Line(Verdict(why, byId));
        if (why.Nearest.Count > 0)
        {
            Table neurons = Terminal.NewTable("neuron", "edit", "of the prompt", "answers with", "score", "threshold", "margin", "");
            foreach (Firing f in why.Nearest)
            {
                Terminal.AddRow(
                    neurons, Terminal.Number(f.Part), Terminal.Number(f.Edit), byId[f.Edit].Request.Prompt,
                    Terminal.Quoted(session.TokenText(f.Token)),
                    Number(f.Score), Number(f.Threshold), Number(f.Margin), f.IsWithdrawn ? "withdrawn" : "");
            }

            terminal.Show(neurons);
        }

        Table changes = Terminal.NewTable("next token", "before", "after", "logit before", "logit after");
        foreach (TokenChange c in why.Changes)
        {
            Terminal.AddRow(
                changes, Terminal.Quoted(session.TokenText(c.Token)), Percent(c.ProbabilityBefore), Percent(c.ProbabilityAfter),
                Number(c.LogitBefore), Number(c.LogitAfter));
        }

        terminal.Show(changes);
    }

    private static string Verdict(Explanation why, Dictionary<long, Edit> byId)
    {
        if (why.Nearest.Count == 0)
        {
            return byId.Values.Any(edit => edit.Status == EditStatus.Active)
                ? "The store's edits change weights: none of them answers for itself, the table shows what they do together."
                : "The store holds no neurons: this is the base model's answer.";
        }

        Firing first = why.First;
        switch (first.State)
        {
            case FiringState.Withdrawn: return Won(first, "wins but is withdrawn, so this is the base model's answer");
            case FiringState.Answers: return Won(first, $"answers with strength {Number(first.Strength)}");
        }

        // Below all thresholds the activation is flat, so the strongest need not be the nearest.
        Firing nearest = why.Nearest.MaxBy(f => f.Margin);
        string leak = first.Adds
            ? " Just below it the activation is not quite 0 and still adds "
                + $"{first.Strength.ToString("0.###E+0", CultureInfo.InvariantCulture)} times a value."
            : "";
        return $"No neuron fires. The nearest is neuron {Name(nearest)}: score {Number(nearest.Score)}, "
            + $"{Number(-nearest.Margin)} below its threshold of {Number(nearest.Threshold)}.{leak}";

        string Won(Firing f, string said) =>
            $"Neuron {Name(f)} {said}: score {Number(f.Score)}, {Number(f.Margin)} above its threshold of {Number(f.Threshold)}.";

        string Name(Firing f) => $"{f.Part} of edit {f.Edit} ({Terminal.Quoted(byId[f.Edit].Request.Prompt)})";
    }

    private static string Number(double value) => Terminal.Number(value, "0.00");

    private static string Percent(double share) => Terminal.Number(100 * share, "0.00") + " %";
}
