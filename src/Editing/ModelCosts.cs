using Sharpformer.Transformer;

namespace Sharpformer.Editing;

/// <summary>What passes through a model cost, from its architecture alone; a sum of products counts two operations for each.</summary>
/// <param name="config">The model.</param>
internal readonly struct ModelCosts(ModelConfig config)
{
    private readonly long C = config.NEmbd, inner = config.NInner, V = config.VocabSize;

    /// <summary>Operations of one token in one block; what it looks back at is little beside the matrices.</summary>
    public double Block => 2.0 * ((4 * C * C) + (2 * C * inner));

    /// <summary>Operations of one row of logits.</summary>
    public double Head => 2.0 * C * V;

    /// <summary>Operations of a pass and back to what it began with, in which no weight has a gradient.</summary>
    /// <param name="tokens">Tokens.</param>
    /// <param name="blocks">Blocks.</param>
    /// <param name="rows">Rows of logits.</param>
    public double ThereAndBack(double tokens, int blocks, double rows) => 2 * ((tokens * blocks * Block) + (rows * Head));

    /// <summary>Bytes that such a pass holds at most: what the way back needs, and its gradients.</summary>
    /// <inheritdoc cref="ThereAndBack"/>
    public double Tape(double tokens, int blocks, double rows) =>
        sizeof(float) * ((tokens * (blocks + 1) * ((10 * C) + (2 * inner))) + (rows * 4 * V));
}
