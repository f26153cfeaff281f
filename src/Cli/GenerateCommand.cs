using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Cli;

/// <summary><c>generate</c>: lets the model, edited or not, write on from a prompt.</summary>
internal static class GenerateCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command("generate", "Write on from a prompt, with or without edits; the text appears as it is made.");
        ModelOptions model = ModelOptions.AddTo(command);
        Option<string> edits = CommonOptions.Edits(required: false);
        Option<string> prompt = CommonOptions.Prompt("The text to continue.", required: true);
        Option<int> length = CommonOptions.Number(
            "--max-new-tokens", "Stop after so many tokens.", 40, n => n >= 0, $"a whole number from 0 to {int.MaxValue}");
        Option<float> temperature = CommonOptions.Number(
            "--temperature", "0 takes the most likely token each time; higher values draw more freely.", 0f, t => t >= 0,
            "a number from 0");
        Option<float> topP = CommonOptions.Number(
            "--top-p", "Draw only from the likeliest tokens that have this probability together.", 1f, p => p is > 0 and <= 1,
            "a number above 0, at most 1");
        Option<ulong> seed = CommonOptions.Number(
            "--seed", "Seeds the draws; the same seed gives the same text.", 0ul, _ => true, "a whole number from 0");
        Option<long[]> without = CommonOptions.EditIds("--without", "As if these edits of the store had never been taught.");
        foreach (Option option in (Option[])[edits, without, prompt, length, temperature, topP, seed]) command.Add(option);

        MomentOption at = MomentOption.AddTo(command, edits);
        command.Validators.Add(result =>
        {
            if (result.GetResult(without) is not null && result.GetResult(edits) is null) result.AddError("--without needs --edits.");
        });
        command.SetAction(parse =>
        {
            string asked = CommonOptions.PromptOf(parse, prompt);
            using Session session = model.Open(parse, parse.GetValue(edits), at);
            Terminal terminal = Terminal.Of(parse);
            var sampling = new SamplingOptions(parse.GetValue(temperature), parse.GetValue(topP), parse.GetValue(seed));
            DiffSide? side = parse.GetValue(without) is { Length: > 0 } ids ? session.SideWithout(ids)
                : session.HasStore ? session.EditedSide : null;
            Generation made = Made(terminal, (say, cancellation) => session.Generate(
                (side ?? session.BaseSide).Model, asked, parse.GetValue(length), sampling, say, cancellation));
            Render(terminal, session, made, side);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>The text, which appears as it is made; what there is of it stays where somebody stops it.</summary>
    private static Generation Made(Terminal terminal, Func<Action<string>?, CancellationToken, Generation> generate)
    {
        using var interruption = new Interruption();
        try
        {
            return generate(terminal.Json ? null : terminal.Piece, interruption.Token);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            if (!terminal.Json) terminal.Line("");
            throw new InputException("Interrupted: the text ends here.") { Kind = ErrorKind.Interrupted };
        }
    }

    private static void Render(Terminal terminal, Session session, Generation made, DiffSide? side)
    {
        if (!terminal.Json) terminal.Line("");
        if (made.IsFull)
        {
            terminal.Note($"note: Stopped after {Terminal.Counted(made.Tokens.Count, "token")}: "
                + $"the model's {session.Model.Config.NPositions} positions are used up.");
        }

        if (!terminal.Json) return;
        terminal.Document(new JsonObject
        {
            ["prompt"] = made.Prompt,
            ["text"] = made.Text,
            ["tokens"] = made.Tokens.AsJson(),
            ["edits"] = side is null
                ? null
                : new JsonObject
                {
                    ["store"] = session.Store.Path,
                    ["active"] = side.Edits.Count(edit => edit.Status == EditStatus.Active),
                    ["withdrawn"] = side.Edits.Count(edit => edit.Status == EditStatus.Withdrawn),
                    ["neurons"] = side.Edits.Where(edit => edit.Status.IsApplied())
                        .Sum(edit => EditView.NeuronsOf(edit) ?? 0),
                    ["answered"] = made.Answered.AsJson(),
                },
        });
    }
}
