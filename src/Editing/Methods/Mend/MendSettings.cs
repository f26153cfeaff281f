using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Mend;

/// <summary>Every number that decides what MEND makes of an edit, beside its network; published ones are in <c>presets/</c>.</summary>
public sealed record MendSettings() : TrainedSettings(Name)
{
    /// <summary>The method's name, and that of how its authors run it.</summary>
    public const string Name = "mend";

    /// <summary>How the iReVa authors' program ran it: without loading what was trained.</summary>
    public const string Untrained = "untrained";

    /// <summary>Width of the network between its input and output, at most that of both.</summary>
    public int Rank { get; init; } = 1920;

    /// <summary>What a matrix's change is multiplied with, before training changes it.</summary>
    public float Rate { get; init; } = 1e-4f;

    /// <summary>Whether edits are made without a network: gradients are normalised only, and added as they are.</summary>
    public bool IsUntrained { get; init; }

    internal override bool NeedsNet => !IsUntrained;

    internal override double MoreStored(ModelConfig config) => !IsUntrained ? 0
        : new MatrixShapes(Matrices, config).All.Sum(shape => (double)RowStatistics.Parts * (shape.Inputs + shape.Outputs));

    internal override double FlopsPerRow(ModelConfig config) => IsUntrained ? 0 : RowLayers.FlopsPerRow(Rank, config);

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static MendSettings For(ModelConfig config, string variant = Name) => For<MendSettings>(Name, variant, config);
}
