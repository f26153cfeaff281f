using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Memit;

/// <summary>Every number that decides what MEMIT makes of a batch; published ones are in <c>presets/</c>.</summary>
public sealed record MemitSettings() : BatchSettings(Name)
{
    /// <summary>The method's name, and that of how its authors ran it.</summary>
    public const string Name = "memit";

    /// <summary>How the iReVa paper ran it.</summary>
    public const string Paper = "paper";

    /// <summary>λ: how much what the matrix knows counts beside the edits.</summary>
    public float Lambda { get; init; } = 15000;

    internal override double Ridge => Lambda;

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static MemitSettings For(ModelConfig config, string variant = Name) => For<MemitSettings>(Name, variant, config);
}
