using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Wise;

/// <summary>Every number that decides what WISE makes of a shard of edits; published ones are in <c>presets/</c>.</summary>
public sealed record WiseSettings() : EditSettings(Name)
{
    /// <summary>The method's name.</summary>
    public const string Name = "wise";

    /// <summary>With the weight decay of the released program.</summary>
    public const string Published = "published";

    /// <summary>The block beside whose second MLP matrix the memories stand, 0-based.</summary>
    public required int Layer { get; init; }

    /// <summary>ρ: the share of a memory's numbers that a shard may move.</summary>
    public float MaskShare { get; init; } = 0.2f;

    /// <summary>Edits of a shard at most; those that are taught at once and no more are one.</summary>
    public int SaveEvery { get; init; } = 500;

    /// <summary>Shards of so many edits are merged into one memory.</summary>
    public int MergeEvery { get; init; } = 1000;

    /// <summary>The share of a shard's numbers, the largest, that a merge keeps.</summary>
    public float MergeDensity { get; init; } = 0.53f;

    /// <summary>α: how far an unrelated text's output may move.</summary>
    public float Alpha { get; init; } = 15;

    /// <summary>β: how far an edit's output has to move.</summary>
    public float Beta { get; init; } = 40;

    /// <summary>γ: by how much farther it has to move than that of an unrelated text.</summary>
    public float Gamma { get; init; } = 20;

    /// <summary>What the three margins count beside the loss of the target.</summary>
    public float MarginWeight { get; init; } = 1;

    /// <summary>The share of the shard's least movement for its own edits that a prompt has to exceed.</summary>
    public float ActRatio { get; init; } = 0.88f;

    /// <summary>Texts that the base model writes and that a prompt is also taught behind.</summary>
    public int Contexts { get; init; } = 10;

    /// <summary>Unrelated texts that the base model writes; edits take them in turn.</summary>
    public int UnrelatedTexts { get; init; } = 100;

    /// <summary>The step size.</summary>
    public float LearningRate { get; init; } = 1;

    /// <summary>Steps for each edit at most.</summary>
    public int Steps { get; init; } = 70;

    /// <summary>Training an edit ends once its loss is no larger than this, and changes by no more than <see cref="StopChange"/>.</summary>
    public float StopLoss { get; init; } = 0.02f;

    /// <summary>See <see cref="StopLoss"/>.</summary>
    public float StopChange { get; init; } = 1e-4f;

    /// <summary>No number of the matrix moves farther than this.</summary>
    public float Clamp { get; init; } = 1;

    /// <summary>
    /// Share of the memory, times the step size, that each step takes off, towards 0 and whether masked or not; 0 for none. 1e-5 is
    /// published.
    /// </summary>
    public float WeightDecay { get; init; }

    /// <summary>Seeds masks and texts.</summary>
    public ulong Seed { get; init; }

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static WiseSettings For(ModelConfig config, string variant = Name) => SettingsPreset.For<WiseSettings>(
        Name, variant, config, settings => settings.Layer, (settings, layer) => settings with { Layer = layer });

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd) => WiseParts.Misfit(edit, this, nEmbd);
}
