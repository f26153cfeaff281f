using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Methods.ScopedIReVa;
using Sharpformer.Editing.Store;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Cli;

/// <summary><c>edits show</c>: everything that is known of one edit.</summary>
internal static class EditsShowCommand
{
    // What the table of an edit says, so that what its file said under such a name is told apart.
    private static readonly string[] OfThisTable =
    [
        "id", "edit", "status", "prompt", "target", "subject", "source", "paraphrase", "prompt tokens", "target tokens", "method",
        "settings", "training", "created", "withdrawn", "removed",
    ];

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "show", "Show everything about edits: their settings, their neurons and how they were trained, their history.");
        Argument<long[]> ids = CommonOptions.EditIds();
        Option<string> edits = CommonOptions.Edits(), model = ModelOptions.Model(required: false);
        model.Description = "The model folder; with it tokens are shown as text.";
        command.Add(ids);
        command.Add(edits);
        command.Add(model);
        WeightsOption weights = WeightsOption.AddTo(command);
        AdapterOption adapter = AdapterOption.AddTo(command, model);
        MomentOption at = MomentOption.AddTo(command, edits);
        command.SetAction(parse =>
        {
            string path = parse.GetRequiredValue(edits);
            StoreMoment? moment = at.Of(parse, path);
            using EditStore store = EditStore.Open(path, readOnly: true);
            Tokenizer? tokenizer = parse.GetValue(model) is { } folder
                ? TokenizerOf(folder, weights.Of(parse), adapter.Of(parse), store)
                : null;
            Edit[] shown = [.. parse.GetRequiredValue(ids).Select(id => store.Get(id, moment))];
            ILookup<long, EditEvent> events = store.Events().ToLookup(line => line.EditId);
            Terminal terminal = Terminal.Of(parse);
            if (terminal.Json)
            {
                JsonNode[] documents = [.. shown.Select(edit => Document(edit, events[edit.Id], tokenizer))];
                terminal.Document(documents is [var only] ? only : documents.AsJson());
                return 0;
            }

            foreach (Edit edit in shown) Show(terminal, edit, events[edit.Id], tokenizer);
            return 0;
        });
        return command;
    }

    private static Tokenizer TokenizerOf(string folder, WeightForm form, string? adapter, EditStore store)
    {
        ModelConfig config = ModelConfig.Load(folder);
        Tokenizer tokenizer = Tokenizer.Load(folder);
        store.Bind(
            ModelFingerprinter.Compute(folder, form, adapter), config.NEmbd,
            config: ModelConfiguration.OfWeights(ModelFingerprinter.AreQ8(folder, form), ModelFingerprinter.OfAdapter(adapter)));
        return tokenizer;
    }

    private static JsonObject Document(Edit edit, IEnumerable<EditEvent> events, Tokenizer? tokenizer) => new JsonObject
    {
        ["id"] = edit.Id,
        ["status"] = edit.Status.AsJson(),
        ["prompt"] = edit.Request.Prompt,
        ["target"] = edit.Request.Target,
        ["subject"] = edit.Request.Subject,
        ["source"] = edit.Request.Source,
        ["provenance"] = edit.Request.Provenance.ToDictionary().AsJson(),
        ["promptTokens"] = edit.PromptTokens.AsJson(),
        ["targetTokens"] = edit.TargetTokens.AsJson(),
        ["settings"] = edit.Settings.AsJson(),
        ["neurons"] = NeuronsOf(edit).Select(n => new JsonObject
        {
            ["token"] = n.TargetToken,
            ["text"] = tokenizer?.Decode([n.TargetToken]),
            ["threshold"] = n.Threshold,
            ["keyNorm"] = EditView.Norm(n.Key),
            ["valueNorm"] = EditView.Norm(n.Value),
            ["losses"] = n.Losses.Select(l => new JsonObject
            {
                ["edit"] = l.Edit,
                ["rec"] = l.Rec,
                ["irr"] = l.Irr,
                ["total"] = l.Total,
            }).AsJson(),
        }).AsJson(),
        ["method"] = edit.Method,
        ["negatives"] = ScopedSettings.NegativesOf(edit).Select(tokens => tokenizer?.Decode(tokens)).AsJson(),
        ["parts"] = edit.Parts.Select(part => new JsonObject
        {
            ["name"] = part.Name,
            ["shape"] = part.Shape.AsJson(),
            ["norm"] = EditView.Norm(part.Values),
        }).AsJson(),
        ["finalLoss"] = edit.FinalLoss,
        ["events"] = events.Select(e => new JsonObject
        {
            ["at"] = e.At,
            ["action"] = e.Action.AsJson(),
            ["user"] = e.User,
            ["reason"] = e.Reason,
            ["version"] = e.Version,
            ["seq"] = e.Seq,
            ["change"] = e.Change,
            ["supersededBy"] = e.Detail?.SupersededBy,
            ["undoes"] = e.Detail?.Undoes,
        }).AsJson(),
        ["createdAt"] = edit.CreatedAt,
        ["withdrawnAt"] = edit.WithdrawnAt,
        ["removedAt"] = edit.RemovedAt,
        ["supersededBy"] = edit.SupersededBy,
        ["paraphrases"] = edit.Request.Paraphrases.AsJson(),
        ["batch"] = edit.Batch,
    };

    private static IReadOnlyList<Neuron> NeuronsOf(Edit edit) => edit.Settings is INeuronSettings ? IReVaParts.Neurons(edit) : [];

    private static void Show(Terminal terminal, Edit edit, IEnumerable<EditEvent> events, Tokenizer? tokenizer)
    {
        terminal.Show(Facts(edit, tokenizer));
        terminal.Show(History(events));
        if (edit.Settings is not INeuronSettings)
        {
            ShowParts(terminal, edit);
            return;
        }

        IReadOnlyList<Neuron> trained = NeuronsOf(edit);
        if (trained.Count == 0)
        {
            terminal.Line("Its neurons are gone.");
            return;
        }

        Table neurons = Terminal.NewTable("neuron", "answers with", "threshold", "key norm", "value norm", "L_edit per epoch")
            .Sparing(4, 3, 0);
        for (int i = 0; i < trained.Count; i++)
        {
            Neuron n = trained[i];
            string losses = n.Losses.Count == 0 ? "not trained" : string.Join(' ', n.Losses.Select(l => Terminal.Nats(l.Edit)));
            Terminal.AddRow(
                neurons, Terminal.Number(i), Token(n.TargetToken, tokenizer), Terminal.Score(n.Threshold),
                Terminal.Score(EditView.Norm(n.Key)), Terminal.Score(EditView.Norm(n.Value)), losses);
        }

        terminal.Show(neurons);
        if (tokenizer is null || ScopedSettings.NegativesOf(edit) is not { Count: > 0 } negatives) return;
        Table asides = Terminal.NewTable("told from");
        foreach (int[] tokens in negatives) Terminal.AddRow(asides, tokenizer.Decode(tokens));
        terminal.Show(asides);
    }

    private static void ShowParts(Terminal terminal, Edit edit)
    {
        if (edit.Parts.Count == 0)
        {
            terminal.Line(edit.Status == EditStatus.Removed ? "Its parts are gone." : "The first edit of its batch holds what they share.");
            return;
        }

        Table parts = Terminal.NewTable("part", "shape", "norm");
        foreach (EditPart part in edit.Parts)
            Terminal.AddRow(parts, part.Name, $"[{string.Join(',', part.Shape)}]", Terminal.Score(EditView.Norm(part.Values)));
        terminal.Show(parts);
    }

    private static Table History(IEnumerable<EditEvent> events)
    {
        Table history = Terminal.NewTable("event", "change", "when", "what", "who", "why", "version").Sparing(6, 0, 5);
        foreach (EditEvent e in events)
        {
            Terminal.AddRow(
                history, Terminal.Number(e.Seq), Terminal.Number(e.Change), Terminal.Time(e.At), What(e), e.User, e.Reason ?? "",
                e.Version);
        }

        return history;
    }

    private static string What(EditEvent line)
    {
        string by = line.Detail?.SupersededBy is { } other ? $" by edit {other}" : "";
        string undoing = line.Detail?.Undoes is { } change ? $", undoing change {change}" : "";
        return $"{line.Action.ToString().ToLowerInvariant()}{by}{undoing}";
    }

    private static Table Facts(Edit edit, Tokenizer? tokenizer)
    {
        Table table = Terminal.NewTable("edit", Terminal.Number(edit.Id));
        Terminal.AddRow(table, "status", EditView.StatusText(edit));
        Terminal.AddRow(table, "prompt", edit.Request.Prompt);
        Terminal.AddRow(table, "target", edit.Request.Target);
        if (edit.Request.Subject is { } subject) Terminal.AddRow(table, "subject", subject);
        if (edit.Request.Source.Length > 0) Terminal.AddRow(table, "source", edit.Request.Source);
        foreach (string paraphrase in edit.Request.Paraphrases) Terminal.AddRow(table, "paraphrase", paraphrase);
        foreach ((string name, string text) in edit.Request.Provenance)
            Terminal.AddRow(table, OfThisTable.Contains(name) ? $"{name} in its file" : name, text);
        Terminal.AddRow(table, "prompt tokens", string.Join(' ', edit.PromptTokens.Select(t => Token(t, tokenizer))));
        Terminal.AddRow(table, "target tokens", string.Join(' ', edit.TargetTokens.Select(t => Token(t, tokenizer))));
        Terminal.AddRow(table, "method", edit.Method);
        AddSettings(table, edit.Settings);
        Terminal.AddRow(table, "created", Terminal.Time(edit.CreatedAt));
        if (edit.WithdrawnAt is { } withdrawn) Terminal.AddRow(table, "withdrawn", Terminal.Time(withdrawn));
        if (edit.RemovedAt is { } removed) Terminal.AddRow(table, "removed", Terminal.Time(removed));
        return table;
    }

    private static void AddSettings(Table table, EditSettings settings)
    {
        if (settings is not IReVaSettings s)
        {
            Terminal.AddRow(table, "settings", settings.ToJson().Trim('{', '}').Replace("\"", "").Replace(",", ", ").Replace(":", " "));
            return;
        }

        Terminal.AddRow(table, "settings", FormattableString.Invariant($"layer {s.Layer}, theta {s.Theta}, alpha {s.Alpha}")
            + (s.AsPublished ? ", as published" : ""));
        Terminal.AddRow(table, "training", !s.Retrofit
            ? "none (no retrofit)"
            : FormattableString.Invariant($"{s.Epochs} epochs, learning rate {s.LearningRate}, betas {s.Beta1} {s.Beta2}, ")
                + FormattableString.Invariant($"epsilon {s.Epsilon}, weight decay {s.WeightDecay}, rec weight {s.RecWeight}, ")
                + FormattableString.Invariant($"irr weight {s.IrrWeight}, label smoothing {s.LabelSmoothing}, seed {s.Seed}"));
    }

    private static string Token(int id, Tokenizer? tokenizer) =>
        tokenizer is null ? Terminal.Number(id) : $"{Terminal.Number(id)} {Terminal.Quoted(tokenizer.Decode([id]))}";
}
