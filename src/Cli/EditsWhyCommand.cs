using System.CommandLine;
using System.Globalization;
using Sharpformer.Editing;
using Sharpformer.Editing.Adaptor;
using Sharpformer.Editing.Store;
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
            using LoadedModel loaded = model.Load(parse);
            int[] tokens = loaded.Prompt(parse.GetRequiredValue(prompt));
            using EditStore store = loaded.OpenStore(parse.GetRequiredValue(edits));
            Explanation why = Explanation.Of(loaded.Lm, loaded.Adaptor(store), tokens);
            Dictionary<long, Edit> byId = store.List(withParts: false, includeRemoved: false).ToDictionary(e => e.Id);
            Terminal terminal = Terminal.Of(parse);
            if (terminal.Json) terminal.Document(Json(loaded, parse.GetRequiredValue(prompt), tokens, why, byId));
            else Tell(terminal, loaded, why, byId);
            return 0;
        });
        return command;
    }

    /// <summary>Whether the strongest neuron is above its threshold and may speak.</summary>
    private static bool Answers(Explanation why) => why.Strongest is [{ Margin: > 0, Neuron.Withdrawn: false }, ..];

    private static object Json(LoadedModel model, string prompt, int[] tokens, Explanation why, Dictionary<long, Edit> byId)
    {
        object[] readings = [.. why.Strongest.Select(r => (object)new
        {
            neuron = r.PlaceInEdit,
            edit = r.Neuron.Edit,
            prompt = byId[r.Neuron.Edit].Request.Prompt,
            target = byId[r.Neuron.Edit].Request.Target,
            token = r.Neuron.TargetToken,
            text = model.TokenText(r.Neuron.TargetToken),
            r.Score,
            r.Neuron.Threshold,
            r.Margin,
            r.Neuron.Alpha,
            r.Neuron.Withdrawn,
        })];
        bool isWon = why.Strongest is [{ Margin: > 0 }, ..];
        return new
        {
            prompt,
            tokens,
            fires = Answers(why),
            strength = why.Strength + 0, // -0 would only puzzle
            winner = isWon ? readings[0] : null,
            runnersUp = isWon ? readings[1..] : readings,
            changes = why.Changes.Select(c => new
            {
                c.Token,
                text = model.TokenText(c.Token),
                c.LogitBefore,
                c.LogitAfter,
                c.ProbabilityBefore,
                c.ProbabilityAfter,
            }),
        };
    }

    private static void Tell(Terminal terminal, LoadedModel model, Explanation why, Dictionary<long, Edit> byId)
    {
        terminal.Line(Verdict(why, byId));
        if (why.Strongest.Count > 0)
        {
            Table neurons = Terminal.NewTable("neuron", "edit", "of the prompt", "answers with", "score", "threshold", "margin", "");
            foreach (NeuronReading r in why.Strongest)
            {
                Terminal.AddRow(
                    neurons, Terminal.Number(r.PlaceInEdit), Terminal.Number(r.Neuron.Edit), byId[r.Neuron.Edit].Request.Prompt, Terminal.Quoted(model.TokenText(r.Neuron.TargetToken)),
                    Number(r.Score), Number(r.Neuron.Threshold), Number(r.Margin), r.Neuron.Withdrawn ? "withdrawn" : "");
            }

            terminal.Show(neurons);
        }

        Table changes = Terminal.NewTable("next token", "before", "after", "logit before", "logit after");
        foreach (TokenChange c in why.Changes)
        {
            Terminal.AddRow(
                changes, Terminal.Quoted(model.TokenText(c.Token)), Percent(c.ProbabilityBefore), Percent(c.ProbabilityAfter), Number(c.LogitBefore), Number(c.LogitAfter));
        }

        terminal.Show(changes);
    }

    private static string Verdict(Explanation why, Dictionary<long, Edit> byId)
    {
        if (why.Strongest.Count == 0) return "The store holds no neurons: this is the base model's answer.";
        NeuronReading first = why.Strongest[0];
        if (first.Margin > 0)
        {
            string said = first.Neuron.Withdrawn
                ? "wins but is withdrawn, so this is the base model's answer"
                : $"answers with strength {Number(why.Strength)}";
            return $"Neuron {Name(first)} {said}: score {Number(first.Score)}, {Number(first.Margin)} above its threshold of {Number(first.Neuron.Threshold)}.";
        }

        // Below all thresholds the activation is flat, so the strongest need not be the nearest.
        NeuronReading nearest = why.Strongest.MaxBy(r => r.Margin);
        string leak = why.Fires ? $" Just below it the activation is not quite 0 and still adds {why.Strength.ToString("0.###E+0", CultureInfo.InvariantCulture)} times a value." : "";
        return $"No neuron fires. The nearest is neuron {Name(nearest)}: score {Number(nearest.Score)}, {Number(-nearest.Margin)} below its threshold of {Number(nearest.Neuron.Threshold)}.{leak}";

        string Name(NeuronReading r) => $"{r.PlaceInEdit} of edit {r.Neuron.Edit} ({Terminal.Quoted(byId[r.Neuron.Edit].Request.Prompt)})";
    }

    private static string Number(double value) => Terminal.Number(value, "0.00");

    private static string Percent(double share) => Terminal.Number(100 * share, "0.00") + " %";
}
