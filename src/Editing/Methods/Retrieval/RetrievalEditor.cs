using System.Diagnostics.CodeAnalysis;
using Sharpformer.Editing.Routing;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Methods.Retrieval;

/// <summary>
/// Retrieval in context: the fact whose prompt is most like the one that is asked is put before it, as text, if it is like enough. Its
/// variant <c>ike</c> shows demonstrations besides, as IKE does (Zheng et al. 2023, "Can We Edit Factual Knowledge by In-Context
/// Learning?"), which itself retrieves nothing: it gives each question its own fact.
/// </summary>
public sealed class RetrievalEditor : IEditor
{
    /// <inheritdoc/>
    public string Name => RetrievalSettings.Name;

    /// <inheritdoc/>
    public string Description => "Puts the fact that a prompt asks for before it, as text; nothing is trained.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.Exact;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(RetrievalSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) =>
        RetrievalSettings.For(config, variant ?? RetrievalSettings.Name);

    /// <inheritdoc/>
    public string? Refusal(EditRequest request, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var how = (RetrievalSettings)settings;
        return ContextText.Refusal("template", how.Template)
            ?? (how.Demonstrations > 0 ? ContextText.Refusal("demonstration", how.Demonstration) : null);
    }

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context) =>
        Portions.Of(requests, ContextText.Together);

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings) =>
        ContextText.Costs(requests, config, ((RetrievalSettings)settings).Layer, makesEmbedding: true);

    /// <inheritdoc/>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(context);
        var how = (RetrievalSettings)settings;
        Refusals.Require(this, requests, settings);
        Tokenizer tokenizer = context.TokenizerFor(soFar, Name);
        PromptEmbedding embedding =
            EmbeddedKeys.Embedding(TextRouter.In(soFar, Name)?.Embedding, how.Layer, how.Seed, soFar.Base, context);
        EditPart[][] parts = EmbeddedKeys.Parts(embedding, soFar.Base, requests, context.Cancellation);
        var demonstrations = how.Demonstrations == 0 ? null
            : context.Once(() => new Demonstrations(soFar.Base, embedding, tokenizer, context));
        var texts = new ContextText(tokenizer, soFar.Base.Config.NPositions);
        return [.. requests.Select((request, i) => new Edit
        {
            Request = request.Request,
            PromptTokens = request.Tokens.Prompt,
            TargetTokens = request.Tokens.Target,
            Settings = how,
            Parts = [.. parts[i], TextRouter.PartOf(texts.Of(request, how.Template, demonstrations?.For(request, how) ?? []))],
        })];
    }

    /// <summary>The facts behind those that are there.</summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(edits);
        return TextRouter.With(soFar, KeyMetric.Cosine, edits, (edit, key) =>
            new EditKey(edit.Id, 0, edit.TargetTokens[0], key, ((RetrievalSettings)edit.Settings).Threshold));
    }
}
