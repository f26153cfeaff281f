using System.Diagnostics.CodeAnalysis;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>
/// iReVa ("Initializing and Retrofitting Key-Value Adaptors"; equations, algorithms and sections named in this folder are
/// that paper's): each target token of an edit becomes a knowledge neuron beside one frozen MLP.
/// </summary>
public sealed class IReVaEditor : IEditor
{
    /// <inheritdoc/>
    public string Name => IReVaSettings.Name;

    /// <inheritdoc/>
    public string Description => "Knowledge neurons beside one frozen MLP, one per target token; no weight changes.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.Exact;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(IReVaSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) => IReVaSettings.For(config);

    /// <summary>Some hundred requests at a time, or one where Algorithm 1 shall be followed literally.</summary>
    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return IReVaTeaching.Portions(requests, context);
    }

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        return IReVaCosts.Of(requests, config, (IReVaSettings)settings);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(context);
        var how = (IReVaSettings)settings;
        OutOfScopeSampler? sampler = how.UsesOutOfScope()
            ? context.Once(() => new OutOfScopeSampler(soFar.Base, how.Layer, context.BosId, context.EosId, context.Prompts, how.Seed))
            : null;
        var teaching = new IReVaTeaching(soFar.Base, AdaptorOf(soFar, how.Layer), how, context.Traces);
        return context.IsSequential
            ? [.. requests.Select(request =>
                teaching.Teach(request, sampler?.StatesFor([request], context.Cancellation), context.Cancellation))]
            : teaching.TeachTogether(requests, sampler, context.Cancellation);
    }

    /// <summary>The edits' neurons behind those that are there, in the adaptor of their block.</summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits) => WithNeurons(soFar, edits);

    /// <summary>The same for neurons of any method.</summary>
    internal static EditedModel WithNeurons(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        var memories = soFar.Memories.ToList();
        TokensToText? toText = soFar.Tokenizer is { } tokenizer ? tokenizer.TextOf : null;
        foreach (IGrouping<int, Edit> beside in edits.GroupBy(edit => ((INeuronSettings)edit.Settings).Layer))
        {
            KeyValueAdaptor before = AdaptorOf(soFar, beside.Key), after = before.With(beside, toText);
            int at = memories.IndexOf(before);
            if (at < 0) memories.Add(after);
            else memories[at] = after;
        }

        return soFar with { Memories = memories };
    }

    /// <summary>The adaptor beside a block; one without neurons where there is none yet.</summary>
    public static KeyValueAdaptor AdaptorOf(EditedModel model, int layer)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Memories.OfType<KeyValueAdaptor>().FirstOrDefault(adaptor => adaptor.Layer == layer)
            ?? KeyValueAdaptor.For(model.Base, layer);
    }
}
