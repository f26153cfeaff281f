using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Grace;

/// <summary>Every number that decides what GRACE makes of edits; published ones are in <c>presets/</c>.</summary>
public sealed record GraceSettings() : EditSettings(Name)
{
    /// <summary>The method's name.</summary>
    public const string Name = "grace";

    /// <summary>The block, 0-based, whose first MLP matrix gives an edit's value where the edit answers.</summary>
    public required int Layer { get; init; }

    /// <summary>ε: how far from its key an edit answers at most.</summary>
    public float Radius { get; init; } = 1;

    /// <summary>Adam's learning rate.</summary>
    public float LearningRate { get; init; } = 1;

    /// <summary>Steps that each value is trained for.</summary>
    public int Steps { get; init; } = 100;

    /// <summary>Whether a value begins with what the matrix gives there, not with numbers from 0 to 1 by chance.</summary>
    public bool Warm { get; init; }

    /// <summary>Edits that are trained side by side; it makes no difference to any of them.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Seeds what values begin with.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// As the released program has it: edits whose targets look alike share an entry near them, whose value is trained on, and radii are
    /// split and widened in the order in which edits arrive. Then edits are taught one after the other, and one that is withdrawn leaves
    /// what it has done to the values of those that came later.
    /// </summary>
    public bool AsPublished { get; init; }

    /// <summary>The settings for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static GraceSettings For(ModelConfig config, string variant = Name) => SettingsPreset.For<GraceSettings>(
        Name, variant, config, settings => settings.Layer, (settings, layer) => settings with { Layer = layer });

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd)
    {
        if (edit.Part(GraceEntry.KeyName) is not { Shape: [var width] } || width != nEmbd)
            return $"it has no part '{GraceEntry.KeyName}' of [{nEmbd}]";
        return edit.Part(GraceEntry.ValueName) is { Shape: [> 0] } ? null : $"it has no part '{GraceEntry.ValueName}' of one dimension";
    }
}
