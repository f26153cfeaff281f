using System.Diagnostics.CodeAnalysis;
using Sharpformer.Editing.Methods.Retrieval;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Editing.Routing;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Serac;

/// <summary>
/// SERAC (Mitchell et al. 2022, "Memory-Based Model Editing at Scale"): a scope classifier finds the edit that a prompt is about, and a
/// counterfactual model, here the base model itself, answers with the edit before the prompt. Out of all scopes the base model answers.
/// </summary>
public sealed class SeracEditor : IEditor
{
    /// <inheritdoc/>
    public string Name => SeracSettings.Name;

    /// <inheritdoc/>
    public string Description => "A trained scope classifier finds the edit that a prompt is about; the edit is put before it, as text.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.Exact;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(SeracSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) =>
        SeracSettings.For(config, variant ?? SeracSettings.Name);

    /// <inheritdoc/>
    public string? Refusal(EditRequest request, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var how = (SeracSettings)settings;
        return how.Scope is > 0 and < 1
            ? ContextText.Refusal("template", how.Template)
            : FormattableString.Invariant($"Setting scope is {how.Scope}, expected a number between 0 and 1, both exclusive.");
    }

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(context);
        var how = (SeracSettings)settings;
        if (requests.Count > 0 && how.NeedsNet) NetTeaching.FileOf(how, context);
        return Portions.Of(requests, ContextText.Together);
    }

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        var how = (SeracSettings)settings;
        EditorCosts costs = ContextText.Costs(requests, config, how.Layer, makesEmbedding: !how.NeedsNet);
        return how.NeedsNet ? costs with { Stored = costs.Stored + ((double)requests.Count * config.NEmbd) } : costs;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(context);
        var how = (SeracSettings)settings;
        Refusals.Require(this, requests, settings);
        ScopeNet? net = how.NeedsNet ? (ScopeNet)context.Once(() => NetTeaching.FileOf(how, context).Load(soFar.Base)) : null;
        PromptEmbedding embedding = net?.Embedding
            ?? EmbeddedKeys.Embedding(TextRouter.In(soFar, Name)?.Embedding, how.Layer, how.Seed, soFar.Base, context);
        EditPart[] weights = net is null ? [] : [new EditPart(TextRouter.WeightsName, [soFar.Base.Config.NEmbd], net.Channels)];
        EditPart[][] parts = EmbeddedKeys.Parts(embedding, soFar.Base, requests, context.Cancellation);
        var texts = new ContextText(context.TokenizerFor(soFar, Name), soFar.Base.Config.NPositions);
        return [.. requests.Select((request, i) => new Edit
        {
            Request = request.Request,
            PromptTokens = request.Tokens.Prompt,
            TargetTokens = request.Tokens.Target,
            Settings = how,
            Parts = [.. parts[i], .. weights, TextRouter.PartOf(texts.Of(request, how.Template, []))],
        })];
    }

    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(edits);
        return TextRouter.With(soFar, KeyMetric.Distance, edits, (edit, key) =>
            new EditKey(edit.Id, 0, edit.TargetTokens[0], key, ((SeracSettings)edit.Settings).Threshold));
    }
}
