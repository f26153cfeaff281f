namespace Sharpformer.Autograd;

/// <summary>
/// The differentiable operations, one per file under <c>Ops/</c>: what it computes and its shapes, the forward pass,
/// then the backward pass. All of them run on any device; import them with <c>using static</c> and they read like
/// the formulas.
/// </summary>
public static partial class Ops;
