using System.CommandLine;
using Sharpformer.Editing.Adaptor;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Cli;

/// <summary><c>generate</c>: lets the model, edited or not, write on from a prompt.</summary>
internal static class GenerateCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command("generate", "Write on from a prompt, with or without edits; the text appears as it is made.");
        ModelOptions model = ModelOptions.AddTo(command);
        Option<string> edits = CommonOptions.Edits(required: false), prompt = CommonOptions.Text("--prompt", "The text to continue.", required: true);
        Option<int> length = CommonOptions.Number("--max-new-tokens", "Stop after so many tokens.", 40, n => n >= 0, $"a whole number from 0 to {int.MaxValue}");
        Option<float> temperature = CommonOptions.Number(
            "--temperature", "0 takes the most likely token each time; higher values draw more freely.", 0f, t => t >= 0, "a number from 0");
        Option<float> topP = CommonOptions.Number(
            "--top-p", "Draw only from the likeliest tokens that have this probability together.", 1f, p => p is > 0 and <= 1, "a number above 0, at most 1");
        Option<ulong> seed = CommonOptions.Number("--seed", "Seeds the draws; the same seed gives the same text.", 0ul, _ => true, "a whole number from 0");
        foreach (Option option in (Option[])[edits, prompt, length, temperature, topP, seed]) command.Add(option);

        command.SetAction(parse =>
        {
            using LoadedModel loaded = model.Load(parse);
            using EditStore? store = parse.GetValue(edits) is { } path ? loaded.OpenStore(path) : null;
            var sampling = new SamplingOptions(parse.GetValue(temperature), parse.GetValue(topP), parse.GetValue(seed));
            return Run(Terminal.Of(parse), loaded, store, parse.GetRequiredValue(prompt), parse.GetValue(length), sampling);
        });
        return command;
    }

    private static int Run(Terminal terminal, LoadedModel model, EditStore? store, string prompt, int length, SamplingOptions sampling)
    {
        int[] promptTokens = model.Prompt(prompt);
        var answered = new SortedSet<long>();
        IReadOnlyList<Opening> openings = store is null ? [] : Watched(model.Adaptor(store), answered);
        var decoder = new StreamDecoder(model.Tokenizer);
        var tokens = new List<int>();
        string text = "";
        foreach (int token in Generator.Generate(model.Lm, promptTokens, length, model.Tokenizer.EosId, sampling, openings))
        {
            if (token >= model.Tokenizer.VocabularySize)
                throw new InputException($"The model chose token {token}, its tokenizer knows only {model.Tokenizer.VocabularySize}.", "do they belong together?");
            tokens.Add(token);
            Say(decoder.Push(token));
        }

        Say(decoder.Flush());
        if (!terminal.Json) terminal.Line("");
        if (tokens.Count < length && promptTokens.Length + tokens.Count > model.Lm.Config.NPositions)
            terminal.Note($"note: Stopped after {Terminal.Counted(tokens.Count, "token")}: the model's {model.Lm.Config.NPositions} positions are used up.");
        if (!terminal.Json) return 0;

        EditCounts? counts = store?.Count();
        terminal.Document(new
        {
            prompt,
            text,
            tokens,
            edits = store is null ? null : new { store = store.Path, active = counts?.Active, withdrawn = counts?.Withdrawn, neurons = counts?.TargetTokens, answered },
        });
        return 0;

        void Say(string piece)
        {
            text += piece;
            if (!terminal.Json) terminal.Piece(piece);
        }
    }

    /// <summary>The adaptor's openings, which also notes whose neurons were above their threshold and answered.</summary>
    private static IReadOnlyList<Opening> Watched(KeyValueAdaptor adaptor, SortedSet<long> answered) => adaptor.WatchedOpenings(response =>
    {
        for (int r = 0; r < response.Winners.Length; r++)
        {
            // Below the threshold an activation may leave a little of the opposite sign.
            if (response.Strengths[r] != 0 && adaptor[response.Winners[r]] is var winner && response.Strengths[r] / winner.Alpha > 0) answered.Add(winner.Edit);
        }
    });
}
