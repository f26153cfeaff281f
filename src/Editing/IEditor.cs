using System.Diagnostics.CodeAnalysis;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing;

/// <summary>
/// A method of model editing. It makes edits, which are data, and says what edits do together. It keeps no state: all that an
/// application needs is in the edits, so a store, a withdrawal, a point in history and a subset are the same fold over other edits.
/// </summary>
public interface IEditor
{
    /// <summary>The method's name, as commands and stores say it.</summary>
    string Name { get; }

    /// <summary>One sentence about it.</summary>
    string Description { get; }

    /// <summary>What withdrawing one edit means.</summary>
    Reversal Reversal { get; }

    /// <summary>The record of its settings.</summary>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    Type SettingsType { get; }

    /// <summary>Whether edits need their subject, and one that is not given is looked for among the prompts at hand.</summary>
    bool FindsSubjects => false;

    /// <summary>Whether changed weights have the base model's shapes, without which no model folder can hold them.</summary>
    bool KeepsShapes => true;

    /// <summary>Why the method cannot teach a request, as a sentence; null where it can, or only teaching shows.</summary>
    /// <param name="request">The request.</param>
    /// <param name="settings">How it would be taught, a <see cref="SettingsType"/>.</param>
    string? Refusal(EditRequest request, EditSettings settings) => null;

    /// <summary>The settings for a model unless there is reason for others: those published for it, or scaled from them.</summary>
    /// <param name="config">The model's architecture.</param>
    /// <param name="variant">A variant of the method, as its presets name it; null for the usual one.</param>
    /// <exception cref="InputException">The method has no such variant.</exception>
    EditSettings SettingsFor(ModelConfig config, string? variant = null);

    /// <summary>The requests in the portions in which they are taught: an edit depends on those of earlier portions.</summary>
    IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context);

    /// <summary>What it takes to teach all of some requests; nothing is computed for it. Null where the method does not say.</summary>
    /// <param name="requests">The requests, at least one.</param>
    /// <param name="config">The model's architecture.</param>
    /// <param name="settings">How to make them, a <see cref="SettingsType"/>.</param>
    EditorCosts? Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings) => null;

    /// <summary>Makes one portion's edits. Nothing is changed by it: <see cref="Apply"/> puts them to work.</summary>
    /// <param name="requests">One of <see cref="Batches"/>.</param>
    /// <param name="soFar">The model with all edits before them.</param>
    /// <param name="settings">How to make them, a <see cref="SettingsType"/>.</param>
    /// <param name="context">What else there is.</param>
    /// <returns>One edit per request, in order.</returns>
    /// <exception cref="InputException">A request lacks what the method needs, for example a subject.</exception>
    /// <exception cref="OperationCanceledException">The context's cancellation was asked for.</exception>
    IReadOnlyList<Edit> Teach(IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context);

    /// <summary>
    /// One step of the fold: the model with more edits of this method on top. It depends on nothing else; to apply edits at once or one
    /// after the other is the same, bit for bit.
    /// </summary>
    /// <param name="soFar">The base model, or one with earlier edits.</param>
    /// <param name="edits">Edits with their parts, in order; withdrawn ones among them, removed ones not.</param>
    EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits);
}
