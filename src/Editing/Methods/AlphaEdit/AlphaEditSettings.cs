using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.AlphaEdit;

/// <summary>Every number that decides what AlphaEdit makes of a batch; published ones are in <c>presets/</c>.</summary>
public sealed record AlphaEditSettings() : BatchSettings(Name)
{
    /// <summary>The method's name.</summary>
    public const string Name = "alphaedit";

    /// <summary>λ₂: how much the size of the change counts beside the edits.</summary>
    public float Lambda { get; init; } = 10;

    /// <summary>Directions whose eigenvalue of C is below it are free to change; 0 chooses them by <see cref="Energy"/>.</summary>
    public float Threshold { get; init; } = 2e-2f;

    /// <summary>The share of C's trace that the free directions may have together, the smallest eigenvalues first.</summary>
    public float Energy { get; init; } = 5e-2f;

    internal override double Ridge => Lambda;

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="InputException">There is no such variant.</exception>
    public static AlphaEditSettings For(ModelConfig config, string variant = Name) => For<AlphaEditSettings>(Name, variant, config);

    /// <summary>Later edits leave the answers of earlier ones alone only within the same free directions.</summary>
    /// <inheritdoc/>
    public override void RequireBeside(EditSettings first, string store)
    {
        if (first is not AlphaEditSettings before || Free(before) == Free(this)) return;
        throw new InputException(
            $"Edit store '{store}' has edits of method {Name} with {Said(before)}, these are to have {Said(this)}.",
            "teach them with the same blocks and directions, or into another store.");
    }

    private static (int Layer, int Layers, float Threshold, float Energy) Free(AlphaEditSettings settings) =>
        (settings.Layer, settings.Layers, settings.Threshold, settings.Threshold > 0 ? 0 : settings.Energy);

    private static string Said(AlphaEditSettings settings)
    {
        string directions = settings.Threshold > 0 ? $"threshold {settings.Threshold}" : $"energy {settings.Energy}";
        return FormattableString.Invariant($"blocks {settings.FirstLayer} to {settings.Layer} and {directions}");
    }
}
