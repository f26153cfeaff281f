using System.CommandLine;
using Sharpformer.Editing;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Reports;

namespace Sharpformer.Cli;

/// <summary><c>edits why</c>: which neuron answers a prompt or speaks at each token of a text, and what it changes.</summary>
internal static class EditsWhyCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "why",
            "Say which neuron answers a prompt, how clearly it wins, what it changes in the next token and where in the model; "
                + "with --generate which edit speaks at each token of a text.");
        ModelOptions model = ModelOptions.AddTo(command);
        Option<string> edits = CommonOptions.Edits(), prompt = CommonOptions.Prompt("The prompt to explain.", required: true);
        Option<string> target = CommonOptions.Text(
            "--target", "The answer whose first token is followed through the blocks. [default: the winning neuron's, or what is said]");
        Option<int?> generate = CommonOptions.OptionalNumber<int>(
            "--generate", "Write on for so many tokens, the most likely each time, and explain every one.", n => n >= 1,
            "1 or more, as a whole number");
        Option<string> html = CommonOptions.Output("--html", "Write the explanation of --generate as one page.");
        Option<string> svg = CommonOptions.Output("--svg", "Write the picture of --generate, tokens by edits.");
        foreach (Option option in (Option[])[edits, prompt, target, generate, html, svg]) command.Add(option);
        command.Validators.Add(result =>
        {
            bool generates = result.GetResult(generate) is not null;
            if (generates && result.GetResult(target) is not null) result.AddError("--generate and --target exclude each other.");
            foreach (Option option in (Option[])[html, svg])
                if (!generates && result.GetResult(option) is not null) result.AddError($"{option.Name} needs --generate.");
        });
        MomentOption at = MomentOption.AddTo(command, edits);
        command.SetAction(parse =>
        {
            string asked = CommonOptions.PromptOf(parse, prompt);
            using Session session = model.Open(parse);
            int[] tokens = session.PromptTokens(asked);
            string store = parse.GetRequiredValue(edits);
            session.OpenStore(store, StoreAccess.Read, at.Of(parse, store));
            Terminal terminal = Terminal.Of(parse);
            if (parse.GetValue(generate) is not { } length)
            {
                WhyView.Render(terminal, session, asked, tokens, session.Explain(asked, parse.GetValue(target)));
                return 0;
            }

            ExplainedGeneration text = Measurement.Run(
                terminal, (_, cancellation) => session.ExplainGeneration(asked, length, cancellation));
            DiffSide side = session.EditedSide;
            if (parse.GetValue(html) is { } page)
                OutputFile.Write(page, writer => writer.Write(GenerationPage.Of(session.Origin(), side, text)));
            if (parse.GetValue(svg) is { } picture)
                OutputFile.Write(picture, writer => writer.Write(GenerationPicture.Of(text, side.Edits.ToDictionary(edit => edit.Id))));
            WhyGenerationView.Render(terminal, session.Origin(), side, text);
            return 0;
        });
        return command;
    }
}
