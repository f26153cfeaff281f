using Sharpformer.Autograd;

namespace Sharpformer.Transformer;

/// <summary>The rest of the model above an edited block, for N positions against their frozen contexts.</summary>
public sealed class Tail
{
    private readonly CausalLm model;
    private readonly int layer;
    private readonly KvCache context;
    private readonly int[] positions;

    internal Tail(CausalLm model, int layer, KvCache context, int[] positions) =>
        (this.model, this.layer, this.context, this.positions) = (model, layer, context, positions);

    /// <summary>
    /// From the edited block's output <c>[N,C]</c> to logits <c>[N,V]</c>. May be called again and again; a tape must
    /// be played before the next call.
    /// </summary>
    public Variable Logits(Variable hidden) => model.TailLogits(hidden, layer, context, positions);
}
