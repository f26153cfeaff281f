using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Emmet;

/// <summary>Every number that decides what EMMET makes of a batch; published ones are in <c>presets/</c>.</summary>
public sealed record EmmetSettings() : BatchSettings(Name)
{
    /// <summary>The method's name, and that of how its authors ran it.</summary>
    public const string Name = "emmet";

    /// <summary>How EasyEdit runs it.</summary>
    public const string EasyEdit = "easyedit";

    /// <summary>α: how far the new associations may be missed; 0 for not at all.</summary>
    public float Lambda { get; init; } = 0.1f;

    /// <summary>w: how much the covariance counts. It has no part in it where <see cref="Lambda"/> is 0.</summary>
    public float CovarianceWeight { get; init; } = 1000;

    internal override double Ridge => (double)Lambda * CovarianceWeight;

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static EmmetSettings For(ModelConfig config, string variant = Name) => For<EmmetSettings>(Name, variant, config);
}
