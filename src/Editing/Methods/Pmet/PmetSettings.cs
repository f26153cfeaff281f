using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Pmet;

/// <summary>Every number that decides what PMET makes of a batch; published ones are in <c>presets/</c>.</summary>
public sealed record PmetSettings() : BatchSettings(Name)
{
    /// <summary>The method's name.</summary>
    public const string Name = "pmet";

    /// <summary>λ: how much what the matrix knows counts beside the edits.</summary>
    public float Lambda { get; init; } = 6000;

    /// <summary>
    /// Whether a δ of the attention's output is searched along, which is then thrown away. Where the MLP reads what the attention has
    /// given, its value is thus found for an input that it will not have.
    /// </summary>
    public bool AttentionDelta { get; init; } = true;

    internal override double Ridge => Lambda;

    internal override ValueSearchSettings Search => base.Search with { EasesOffOnceSaid = true };

    internal override Site Target => Site.MlpOutput;

    internal override bool SearchesAttention => AttentionDelta;

    internal override double Share(int left) => Math.Sqrt(left);

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static PmetSettings For(ModelConfig config, string variant = Name) => For<PmetSettings>(Name, variant, config);
}
