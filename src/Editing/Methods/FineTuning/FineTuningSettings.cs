using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.FineTuning;

/// <summary>Every number that decides what fine-tuning makes of edits; published ones are in <c>presets/</c>.</summary>
public sealed record FineTuningSettings() : EditSettings(Name)
{
    /// <summary>The method's name.</summary>
    public const string Name = "ft";

    /// <summary>How the iReVa paper ran it, how ROME's authors did (FT-L), and the same with the whole target (FT-M).</summary>
    public const string Paper = "paper", FtL = "ft-l", FtM = "ft-m";

    /// <summary>The block whose MLP is trained, 0-based.</summary>
    public required int Layer { get; init; }

    /// <summary>Trains the MLP's first matrix with its bias too, not the second alone.</summary>
    public bool Up { get; init; }

    /// <summary>
    /// Whether each target token is asked of the prompt's last position alone (FT-L's "prompt_last"), not of the prompt and the target
    /// tokens before it.
    /// </summary>
    public bool PromptLast { get; init; }

    /// <summary>Adam's learning rate.</summary>
    public float LearningRate { get; init; } = 1e-4f;

    /// <summary>How often the edits of a batch are gone through at most.</summary>
    public int Epochs { get; init; } = 20;

    /// <summary>Edits per step.</summary>
    public int Chunk { get; init; } = 32;

    /// <summary>Edits that are trained together and share one change; 0 for all that are asked for at once.</summary>
    public int Batch { get; init; }

    /// <summary>ε: no number of a weight moves farther than this in one batch.</summary>
    public float Clamp { get; init; } = 5e-2f;

    /// <summary>A chunk whose loss is below it takes no step; once an epoch's mean is, training ends.</summary>
    public float StopLoss { get; init; } = 1e-2f;

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static FineTuningSettings For(ModelConfig config, string variant = Paper) => SettingsPreset.For<FineTuningSettings>(
        Name, variant, config, settings => settings.Layer, (settings, layer) => settings with { Layer = layer });

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd) => FineTunedWeights.Misfit(edit, this, nEmbd);
}
