using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Memoir;

/// <summary>Every number that decides what MEMOIR makes of an edit; published ones are in <c>presets/</c>.</summary>
public sealed record MemoirSettings() : EditSettings(Name)
{
    /// <summary>The method's name.</summary>
    public const string Name = "memoir";

    /// <summary>As the released program does it, defects and all.</summary>
    public const string Published = "published";

    /// <summary>The block beside whose second MLP matrix the memory stands, 0-based.</summary>
    public required int Layer { get; init; }

    /// <summary>The share of the memory's rows that an edit uses: k = this · m, rounded.</summary>
    public float ActiveShare { get; init; } = 0.285714f;

    /// <summary>τ: the share of an edit's rows that a prompt has to share, at least.</summary>
    public float Overlap { get; init; } = 0.4f;

    /// <summary>Texts that the base model writes and that the prompt is also taught behind.</summary>
    public int Contexts { get; init; } = 10;

    /// <summary>Texts that the base model writes whose mean feature is taken off.</summary>
    public int UnrelatedTexts { get; init; } = 100;

    /// <summary>The step size.</summary>
    public float LearningRate { get; init; } = 1;

    /// <summary>The gradient's length at most.</summary>
    public float ClipNorm { get; init; } = 1;

    /// <summary>Steps at most.</summary>
    public int Steps { get; init; } = 30;

    /// <summary>Training ends once the loss is no larger than this, and changes no more than by <see cref="StopChange"/>.</summary>
    public float StopLoss { get; init; } = 0.02f;

    /// <summary>See <see cref="StopLoss"/>.</summary>
    public float StopChange { get; init; } = 1e-4f;

    /// <summary>
    /// Share of the whole memory, times the step size, that each step takes off, that of other edits too; 0 for none. 1e-5 is published:
    /// after ten thousand edits the first has 5 % left.
    /// </summary>
    public float WeightDecay { get; init; }

    /// <summary>The rank with which an edit's rows are stored; 0 stores all of them.</summary>
    public int Rank { get; init; }

    /// <summary>Seeds the permutation and the texts.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Whether a prompt's first token is left out where an edit is made, and counted where it is asked, as in the released program: an
    /// edit's own prompt then has not quite its mask.
    /// </summary>
    public bool AsPublished { get; init; }

    /// <summary>k.</summary>
    /// <param name="m">Rows of the memory: the MLP's hidden channels.</param>
    public int Active(int m) => Math.Clamp((int)Math.Round((double)ActiveShare * m), 1, m);

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static MemoirSettings For(ModelConfig config, string variant = Name) => SettingsPreset.For<MemoirSettings>(
        Name, variant, config, settings => settings.Layer, (settings, layer) => settings with { Layer = layer });

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd) => MemoirParts.Misfit(edit, this, nEmbd);
}
