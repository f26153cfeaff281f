namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>One knowledge neuron: it answers with one token when the state at the edited block resembles its key.</summary>
/// <param name="TargetToken">The token it was born to produce.</param>
/// <param name="Key">k, <c>[C]</c>: compared with the standardised MLP input x̂.</param>
/// <param name="Value">v, <c>[C]</c>: added to the hidden state when the neuron fires.</param>
/// <param name="Threshold">b = θ·(k⁰·k⁰), fixed at birth.</param>
/// <param name="Losses">One entry per retrofit epoch, before that epoch's step; empty without retrofit.</param>
public sealed record Neuron(int TargetToken, float[] Key, float[] Value, float Threshold, IReadOnlyList<EpochLoss> Losses)
{
    /// <summary>L before the last training step; null without training.</summary>
    public double? FinalLoss => Losses is [.., var last] ? last.Total : null;
}

/// <summary>The three terms of L (Eq. 11) at one epoch, weights included: their sum is the loss.</summary>
/// <param name="Edit">L_edit: cross-entropy of the target token (Eq. 8).</param>
/// <param name="Rec">a·L_rec (Eq. 9).</param>
/// <param name="Irr">b·L_irr (Eq. 10).</param>
public readonly record struct EpochLoss(float Edit, float Rec, float Irr)
{
    /// <summary>L: the sum of the three.</summary>
    public double Total => (double)Edit + Rec + Irr;
}
