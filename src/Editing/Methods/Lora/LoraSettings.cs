using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Lora;

/// <summary>Every number that decides what an adapter for all edits of a batch becomes.</summary>
public sealed record LoraSettings() : EditSettings(Name)
{
    /// <summary>The method's name, and that of its variant.</summary>
    public const string Name = "lora";

    /// <summary>The last of the blocks whose two MLP matrices are adapted, 0-based.</summary>
    public required int Layer { get; init; }

    /// <summary>How many blocks are adapted.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>r.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>α: the adapter's product is multiplied with α/r.</summary>
    public float Alpha { get; init; } = 16;

    /// <summary>Adam's learning rate.</summary>
    public float LearningRate { get; init; } = 1e-3f;

    /// <summary>How often the edits of a batch are gone through at most.</summary>
    public int Epochs { get; init; } = 20;

    /// <summary>Edits per step, others in each epoch.</summary>
    public int Chunk { get; init; } = 32;

    /// <summary>Edits that are trained together and share one adapter; 0 for all that are asked for at once.</summary>
    public int Batch { get; init; }

    /// <summary>Training ends once an epoch's mean loss is below it.</summary>
    public float StopLoss { get; init; } = 0.05f;

    /// <summary>
    /// What the divergence from the model before counts, on texts that it has written itself; 0 leaves it out.
    /// </summary>
    public float Divergence { get; init; } = 0.1f;

    /// <summary>How many such texts are written for a batch.</summary>
    public int Texts { get; init; } = 256;

    /// <summary>Seeds A, the order of edits and the texts.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>What the adapter's product is multiplied with.</summary>
    internal float Scale => Alpha / Rank;

    /// <summary>The matrices that are adapted.</summary>
    internal IReadOnlyList<MlpMatrix> Matrices => AdapterPair.Matrices(Layer, Layers);

    /// <summary>The first block that is adapted.</summary>
    internal int First => Layer - Layers + 1;

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static LoraSettings For(ModelConfig config, string variant = Name) => SettingsPreset.For<LoraSettings>(
        Name, variant, config, settings => settings.Layer,
        (settings, layer) => settings with { Layer = layer, Layers = Math.Min(settings.Layers, layer + 1) });

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd)
    {
        ArgumentNullException.ThrowIfNull(edit);
        if (edit.Parts.Count == 0) return null;
        return edit.Part(LoraEditor.Edits) is { Shape: [1], Values: [>= 1] }
            ? AdapterPair.Misfit(edit, Matrices, Rank, nEmbd)
            : $"it has no part '{LoraEditor.Edits}' of [1]";
    }
}
