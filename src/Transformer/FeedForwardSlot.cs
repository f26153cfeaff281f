using Sharpformer.Autograd;

namespace Sharpformer.Transformer;

/// <summary>
/// The one opening in a block: it sees the MLP's input x <c>[rows,C]</c> and may return something of the same
/// shape to add to the block's output, or null to leave it alone. Tracing looks through it; an editor's adaptor
/// sits in it.
/// </summary>
/// <param name="Layer">The block it belongs to, 0-based.</param>
/// <param name="Output">What to add beside the MLP.</param>
public sealed record FeedForwardSlot(int Layer, Func<Variable, Variable?> Output);
