using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.UltraEdit;

/// <summary>Every number that decides what UltraEdit makes of a turn; published ones are in <c>presets/</c>.</summary>
public sealed record UltraEditSettings() : EditSettings(Name)
{
    /// <summary>The method's name.</summary>
    public const string Name = "ultraedit";

    /// <summary>The released program's way of averaging.</summary>
    public const string Published = "published";

    /// <summary>The last of the edited blocks, 0-based.</summary>
    public required int Layer { get; init; }

    /// <summary>How many blocks are edited: this one and those right below.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>Edits of a turn, which are one solution; 0 for all that are asked for at once.</summary>
    public int BatchSize { get; init; } = 100;

    /// <summary>η: how far the matrix's output shall move down its gradient. It belongs to the widths C and NInner.</summary>
    public float LearningRate { get; init; } = 1e-6f;

    /// <summary>λ: how much the size of the change counts beside the edits.</summary>
    public float Ridge { get; init; } = 1;

    /// <summary>Edits that enter the moments together.</summary>
    public int MiniBatch { get; init; } = 10;

    /// <summary>
    /// Rows of texts that the base model makes up which enter the moments before the first edit does; 0 for none, as published: the moments
    /// of few edits are then noise.
    /// </summary>
    public int WarmUp { get; init; }

    /// <summary>
    /// Whether an edit's gradient is divided by the target tokens of its mini-batch, and the variance of a mini-batch counts B / (B - 1)
    /// times, as in the released program: the same edit then becomes another in other company.
    /// </summary>
    public bool AveragesMiniBatch { get; init; }

    /// <summary>Seeds the texts of the warm-up.</summary>
    public ulong Seed { get; init; }

    /// <summary>The edited matrices.</summary>
    internal IReadOnlyList<Gradients.MlpMatrix> Matrices => Gradients.MlpMatrix.Down(Layer, Layers);

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static UltraEditSettings For(ModelConfig config, string variant = Name) => SettingsPreset.For<UltraEditSettings>(
        Name, variant, config, settings => settings.Layer, (settings, layer) => settings with
        {
            Layer = layer,
            Layers = Math.Max(1, settings.Layers * (layer + 1) / (settings.Layer + 1)),
        });

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd) => UltraEditParts.Misfit(edit, this, nEmbd);
}
