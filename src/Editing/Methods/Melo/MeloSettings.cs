using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Melo;

/// <summary>Every number that decides what MELO makes of edits; published ones are in <c>presets/</c>.</summary>
public sealed record MeloSettings() : EditSettings(Name)
{
    /// <summary>The method's name.</summary>
    public const string Name = "melo";

    /// <summary>The last block, 0-based, whose first MLP matrix is adapted.</summary>
    public required int Layer { get; init; }

    /// <summary>How many blocks in a row are; what prompts are known by comes from the block below them.</summary>
    public int Layers { get; init; } = 2;

    /// <summary>Ranks of a batch's block of LoRA in each matrix.</summary>
    public int Rank { get; init; } = 2;

    /// <summary>What the product of both halves is multiplied with.</summary>
    public float Scale { get; init; } = 100;

    /// <summary>The radius that a cluster begins with.</summary>
    public float Radius { get; init; } = 750;

    /// <summary>Adam's learning rate at the beginning.</summary>
    public float LearningRate { get; init; } = 2e-3f;

    /// <summary>Steps that a batch is trained for.</summary>
    public int Steps { get; init; } = 50;

    /// <summary>After so many steps each the learning rate is halved; 0 for never.</summary>
    public int HalveEvery { get; init; } = 20;

    /// <summary>Edits that are trained together and share a block; 0 for all that are asked for at once.</summary>
    public int Batch { get; init; } = 100;

    /// <summary>Seeds what blocks begin with.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// As the released program keeps its index: targets are alike where their ids have one sum, points that a split leaves outside are
    /// forgotten, and a prompt is answered by the nearest cluster or by none.
    /// </summary>
    public bool AsPublished { get; init; }

    /// <summary>The block that prompts are known by.</summary>
    internal int KeyLayer => Layer - Layers;

    /// <summary>The matrices that are adapted.</summary>
    internal IReadOnlyList<MlpMatrix> Matrices =>
        [.. Enumerable.Range(KeyLayer + 1, Layers).Select(layer => new MlpMatrix(layer, IsUp: true))];

    /// <summary>The settings for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static MeloSettings For(ModelConfig config, string variant = Name) => SettingsPreset.For<MeloSettings>(
        Name, variant, config, settings => settings.Layer,
        (settings, layer) => settings with { Layer = Math.Min(Math.Max(layer, settings.Layers), config.NLayer - 1) });

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd)
    {
        if (edit.Part(MeloPoint.KeyName) is not { Shape: [> 0 and var inner] })
            return $"it has no part '{MeloPoint.KeyName}' of one dimension";
        foreach (MlpMatrix matrix in Matrices)
        {
            (string a, string b) = MeloBlock.NamesOf(matrix);
            if (Lacks(a, nEmbd)) return $"it has no part '{a}' of [{Rank},{nEmbd}]";
            if (Lacks(b, inner)) return $"it has no part '{b}' of [{Rank},{inner}]";
        }

        return null;

        bool Lacks(string name, int width) =>
            edit.Part(name) is not { Shape: [var rows, var columns] } || rows != Rank || columns != width;
    }
}
