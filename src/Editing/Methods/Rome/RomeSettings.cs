using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Rome;

/// <summary>Every number that decides what a ROME edit becomes; published ones are in <c>presets/</c>.</summary>
public sealed record RomeSettings() : EditSettings(Name)
{
    /// <summary>The method's name, which is also that of its variant as it was published.</summary>
    public const string Name = "rome";

    /// <summary>The block whose MLP is edited, 0-based.</summary>
    public required int Layer { get; init; }

    /// <summary>How often the loss of the new value is looked at, so one step more than Adam takes at most.</summary>
    public int Steps { get; init; } = 20;

    /// <summary>Adam's learning rate.</summary>
    public float LearningRate { get; init; } = 0.5f;

    /// <summary>The block behind which the logits are taken; null for the last.</summary>
    public int? LossLayer { get; init; }

    /// <summary>A loss below it ends the search.</summary>
    public float StopLoss { get; init; } = 5e-2f;

    /// <summary>Weight of ‖δ‖ / ‖v₀‖² in the loss.</summary>
    public float WeightDecay { get; init; } = 0.5f;

    /// <summary>‖δ‖ is at most so many times ‖v₀‖.</summary>
    public float Clamp { get; init; } = 4;

    /// <summary>Weight of the loss that keeps what the model says the subject is.</summary>
    public float KlWeight { get; init; } = 0.0625f;

    /// <summary>How many short texts the prompt is put behind.</summary>
    public int ShortTemplates { get; init; } = 10;

    /// <summary>Tokens of a short text at most.</summary>
    public int ShortLength { get; init; } = 5;

    /// <summary>How many longer texts the prompt is put behind.</summary>
    public int LongTemplates { get; init; } = 10;

    /// <summary>Tokens of a longer text at most.</summary>
    public int LongLength { get; init; } = 10;

    /// <summary>Whether u = C⁻¹·k̄; otherwise u = k̄, which needs no statistics.</summary>
    public bool Covariance { get; init; } = true;

    /// <summary>Whether the edited weight maps the mean key to the new value (R-ROME), not the key of the bare prompt.</summary>
    public bool MeanKey { get; init; }

    /// <summary>Seeds the sampling of texts.</summary>
    public ulong Seed { get; init; }

    /// <summary>How v* is searched.</summary>
    internal ValueSearchSettings Search => new(Layer, Steps, LearningRate, LossLayer, StopLoss, WeightDecay, Clamp, KlWeight);

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static RomeSettings For(ModelConfig config, string variant = Name) => SettingsPreset.For<RomeSettings>(
        Name, variant, config, settings => settings.Layer, (settings, layer) => settings with { Layer = layer });

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd)
    {
        ArgumentNullException.ThrowIfNull(edit);
        if (edit.Part(RomeEditor.Left(this)) is not { Shape: [_] }) return $"it has no part '{RomeEditor.Left(this)}'";
        if (edit.Part(RomeEditor.Right(this)) is not { } right) return $"it has no part '{RomeEditor.Right(this)}'";
        if (right.Shape is not [var columns] || columns != nEmbd)
            return $"part '{right.Name}' is [{string.Join(',', right.Shape)}], expected [{nEmbd}]";
        return edit.Parts.Count == 2 ? null : $"it has {edit.Parts.Count} parts, expected 2";
    }
}
