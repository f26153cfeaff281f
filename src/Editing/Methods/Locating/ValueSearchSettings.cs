namespace Sharpformer.Editing.Methods.Locating;

/// <summary>How the value is searched that an edited MLP, or block, shall give at the subject.</summary>
/// <param name="Layer">The block whose output is moved, 0-based.</param>
/// <param name="Steps">How often the loss is looked at, so one step more than Adam takes at most.</param>
/// <param name="LearningRate">Adam's.</param>
/// <param name="LossLayer">The block behind which the logits are taken; null for the last.</param>
/// <param name="StopLoss">A loss below it ends the search.</param>
/// <param name="WeightDecay">Weight of ‖δ‖ / ‖v₀‖² in the loss.</param>
/// <param name="Clamp">‖δ‖ is at most so many times ‖v₀‖.</param>
/// <param name="KlWeight">Weight of the loss that keeps what the model says the subject is.</param>
internal sealed record ValueSearchSettings(
    int Layer, int Steps, float LearningRate, int? LossLayer, float StopLoss, float WeightDecay, float Clamp, float KlWeight)
{
    /// <summary>
    /// Whether the target's loss counts a tenth once the target is the most likely token everywhere, and the search then ends as soon as
    /// the weighted divergence is small (PMET).
    /// </summary>
    public bool EasesOffOnceSaid { get; init; }

    /// <summary>What the target's loss counts then.</summary>
    public const float EasedOff = 0.1f;

    /// <summary>The weighted divergence that is small enough then.</summary>
    public const double SmallDivergence = 0.01;
}
