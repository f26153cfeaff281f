using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Malmen;

/// <summary>Every number that decides what MALMEN makes of a batch, beside its network; published ones are in <c>presets/</c>.</summary>
public sealed record MalmenSettings() : TrainedSettings(Name)
{
    /// <summary>The method's name, and that of how its authors run it.</summary>
    public const string Name = "malmen";

    /// <summary>Width of the network between its input and output, at most that of both.</summary>
    public int Rank { get; init; } = 1920;

    /// <summary>η: what a matrix's output shall move by is multiplied with it, before training changes it.</summary>
    public float Rate { get; init; } = 1e-6f;

    /// <summary>Edits that are solved together; 0 for all that are asked for at once.</summary>
    public int BatchSize { get; init; }

    internal override bool ReadsWholeText => false;

    /// <summary>The second MLP matrices alone.</summary>
    internal override IReadOnlyList<MlpMatrix> Matrices => MlpMatrix.Down(Layer, Layers);

    internal override double FlopsPerRow(ModelConfig config) => RowLayers.FlopsPerRow(Rank, config);

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd) => MalmenParts.Misfit(edit, this, nEmbd);

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static MalmenSettings For(ModelConfig config, string variant = Name) => For<MalmenSettings>(Name, variant, config);
}
