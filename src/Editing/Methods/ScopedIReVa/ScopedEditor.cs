using System.Diagnostics.CodeAnalysis;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.ScopedIReVa;

/// <summary>
/// iReVa whose neurons know what they are about: one speaks only where the text names its subject, and its key is what tells the edit's
/// prompt from other prompts about the same subject. The rest is iReVa's.
/// </summary>
public sealed class ScopedEditor : IEditor
{
    /// <inheritdoc/>
    public string Name => ScopedSettings.Name;

    /// <inheritdoc/>
    public string Description => "iReVa's neurons, each speaking only where the text names its subject; no weight changes.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.Exact;

    /// <inheritdoc/>
    public bool FindsSubjects => true;

    /// <summary>That it does not name what it is about.</summary>
    /// <inheritdoc/>
    public string? Refusal(EditRequest request, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(request);
        return SubjectTemplate.Refusal(request, ((ScopedSettings)settings).LockOf(request))?.Sentence;
    }

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(ScopedSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) => ScopedSettings.For(config);

    /// <summary>Some hundred requests at a time; before any is taught, all are known to name what they are about.</summary>
    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(context);
        SubjectTemplate.RequireAll(requests, (ScopedSettings)settings);
        return IReVaTeaching.Portions(requests, context);
    }

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        var how = (ScopedSettings)settings;
        EditorCosts plain = IReVaCosts.Of(requests, config, how.Training() with { IrrWeight = 0 });
        double read = requests.Sum(request => (how.Negatives + 2.0) * request.Tokens.Input.Length);
        return plain with
        {
            Flops = plain.Flops + (read * (how.Layer + 1) * new ModelCosts(config).Block),
            Stored = plain.Stored + (requests.Count * (double)config.NEmbd),
        };
    }

    /// <inheritdoc/>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(context);
        return new ScopedTeaching(soFar, (ScopedSettings)settings, context).Teach(requests);
    }

    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits) => IReVaEditor.WithNeurons(soFar, edits);
}
