using System.Diagnostics.CodeAnalysis;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Methods.Prefix;

/// <summary>
/// Prefix-tuning (Li and Liang 2021, "Prefix-Tuning: Optimizing Continuous Prompts for Generation") as an editor: keys and values of some
/// positions before every prompt are learnt, in all blocks, so that the edits' targets are said. A control: it has no scope.
/// </summary>
public sealed class PrefixEditor : IEditor
{
    /// <inheritdoc/>
    public string Name => PrefixSettings.Name;

    /// <inheritdoc/>
    public string Description => "Learns keys and values of some positions before every prompt; edits taught together share them.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.WholeBatch;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(PrefixSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) =>
        PrefixSettings.For(config, variant ?? PrefixSettings.Name);

    /// <inheritdoc/>
    public string? Refusal(EditRequest request, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var how = (PrefixSettings)settings;
        if (how.Length < 1 || how.Chunk < 1) return $"Settings length and chunk are {how.Length} and {how.Chunk}, expected 1 or more.";
        return string.IsNullOrWhiteSpace(how.Text) ? "Setting text is blank, expected a text to begin with." : null;
    }

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return Portions.Of(requests, ((PrefixSettings)settings).Batch);
    }

    /// <summary>Passes there and back through all blocks, each text longer by the prefix.</summary>
    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        var how = (PrefixSettings)settings;
        var model = new ModelCosts(config);
        (int together, double batches) = Portions.Of(requests.Count, how.Batch);
        double tokens = requests.Sum(request => (double)request.Tokens.Input.Length + how.Length);
        double rows = requests.Sum(request => (double)request.Tokens.Target.Length), share = Math.Min(1.0, (double)how.Chunk / together);
        double numbers = 2.0 * config.NLayer * how.Length * config.NEmbd;
        double most = tokens / batches * share;
        return new EditorCosts((int)batches, how.Epochs * model.ThereAndBack(tokens, config.NLayer, rows), (int)most)
        {
            Memory = model.Tape(most, config.NLayer, rows / batches * share) + (6 * sizeof(float) * numbers),
            Stored = batches * numbers,
            IsAtMost = true,
        };
    }

    /// <inheritdoc/>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(context);
        if (requests.Count == 0) return [];
        var how = (PrefixSettings)settings;
        Refusals.Require(this, requests, settings);
        Tokenizer tokenizer = context.TokenizerFor(soFar, Name);
        PrefixRouter? earlier = RouterOf(soFar);
        RequireRoom(requests, (earlier?.Length ?? 0) + how.Length, soFar.Base.Config.NPositions);
        int[] said = tokenizer.Encode(how.Text);
        int[] text = [.. Enumerable.Range(0, how.Length).Select(i => said[i % said.Length])];
        using BufferScope scope = soFar.Model.Device.Scope();
        var run = new PrefixRun(soFar.Model, how, earlier, text, context);
        EditTokens[] edits = [.. requests.Select(request => request.Tokens)];
        run.Train(edits, context.Cancellation);
        double[] losses = run.Losses(edits);
        return [.. requests.Select((request, i) => new Edit
        {
            Request = request.Request,
            PromptTokens = request.Tokens.Prompt,
            TargetTokens = request.Tokens.Target,
            Settings = how,
            Parts = i > 0 ? [] : run.Parts(requests.Count),
            FinalLoss = losses[i],
        })];
    }

    /// <summary>Puts the prefix of every batch that is whole behind those that are there, see <see cref="WholeBatches"/>.</summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(edits);
        (EditPart Prefix, long[] Edits, int Token)[] more = [.. WholeBatches.Of(edits, PrefixParts.Edits).Select(batch =>
            (batch[0].Part(PrefixParts.Prefix) ?? throw new ArgumentException($"Prefix: edit {batch[0].Id} has no prefix."),
                (long[])[.. batch.Select(edit => edit.Id)], batch[0].TargetTokens[0]))];
        if (more.Length == 0) return soFar;
        PrefixRouter? earlier = RouterOf(soFar);
        PrefixRouter router = earlier?.With(more) ?? new PrefixRouter(more, soFar.Base.Device);
        return soFar with { Routers = [.. soFar.Routers.Where(other => other != earlier), router] };
    }

    private static PrefixRouter? RouterOf(EditedModel model) => model.Routers.OfType<PrefixRouter>().FirstOrDefault();

    private static void RequireRoom(IReadOnlyList<TokenizedRequest> requests, int length, int positions)
    {
        TokenizedRequest longest = requests.MaxBy(request => request.Tokens.Input.Length)!;
        if (longest.Tokens.Input.Length + length <= positions) return;
        throw new InputException(
            $"The prompt {Quoted.Text(longest.Request.Prompt)} and its target take {longest.Tokens.Input.Length} tokens and the prefix "
                + $"{length}, the model's positions are {positions}.",
            "--set length=N makes the prefix shorter.");
    }
}
