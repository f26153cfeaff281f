using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Routing;

/// <summary>
/// Edits that decide once, by the prompt and by what the base model makes of it, how the prompt and all that follows are read. The
/// decision is held while the answer is written or scored, so that cached decoding, batches and teacher forcing agree. A value.
/// </summary>
public interface IPromptRouter : IKeyedEdits
{
    /// <summary>The numbers that prompts are known by.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="prompts">Their tokens.</param>
    /// <param name="cancellation">Checked between batches of prompts.</param>
    /// <returns>A row each, <c>[prompts,…]</c>; it belongs to the device's current scope and depends on no other prompt.</returns>
    Tensor Read(CausalLm model, IReadOnlyList<int[]> prompts, CancellationToken cancellation = default);

    /// <summary>How prompts are read that an edit answers. Tensors that are made for it are no scope's.</summary>
    /// <param name="soFar">How they are read otherwise.</param>
    /// <param name="firing">The edit that answers, as <see cref="IKeyedEdits.Fire"/> has it.</param>
    Route Take(Route soFar, Firing firing);
}
