using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Prefix;

/// <summary>Every number and text that decides what prefix-tuning makes of edits; presets are in <c>presets/</c>.</summary>
public sealed record PrefixSettings() : EditSettings(Name)
{
    /// <summary>The method's name, and that of its usual variant.</summary>
    public const string Name = "prefix";

    /// <summary>n: how many positions are learnt.</summary>
    public int Length { get; init; } = 20;

    /// <summary>
    /// The text whose keys and values training begins with, said again and again until it has <see cref="Length"/> tokens.
    /// </summary>
    public string Text { get; init; } = "Facts:";

    /// <summary>Adam's learning rate.</summary>
    public float LearningRate { get; init; } = 1e-3f;

    /// <summary>How often the edits of a batch are gone through at most.</summary>
    public int Epochs { get; init; } = 50;

    /// <summary>Edits per step, in an order of their own each epoch.</summary>
    public int Chunk { get; init; } = 32;

    /// <summary>Edits that are trained together and share one prefix; 0 for all that are asked for at once.</summary>
    public int Batch { get; init; }

    /// <summary>Once an epoch's mean loss of the targets is below it, training ends.</summary>
    public float StopLoss { get; init; } = 0.05f;

    /// <summary>What it counts that texts the model has written from nothing keep their next token, as KL(before ‖ after).</summary>
    public float KlWeight { get; init; } = 0.1f;

    /// <summary>Seeds the order of the edits, and those texts.</summary>
    public ulong Seed { get; init; }

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static PrefixSettings For(ModelConfig config, string variant = Name) =>
        SettingsPreset.For<PrefixSettings>(Name, variant, config, _ => 0, (settings, _) => settings);

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd) => PrefixParts.Misfit(edit, this, nEmbd);
}
