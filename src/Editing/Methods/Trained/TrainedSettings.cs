using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>
/// What methods have in common whose edits are made by a network that was trained to make them, of both MLP matrices of some blocks in a
/// row. It is no method itself.
/// </summary>
public abstract record TrainedSettings : NetSettings
{
    /// <summary>Settings of a method.</summary>
    private protected TrainedSettings(string method) : base(method)
    {
    }

    /// <summary>The last of the edited blocks, 0-based.</summary>
    public required int Layer { get; init; }

    /// <summary>How many blocks are edited: this one and those right below.</summary>
    public int Layers { get; init; } = 3;

    /// <summary>Terms of a matrix's change beside those of its gradient's rows.</summary>
    internal virtual int MoreTerms => 0;

    /// <summary>Numbers that an edit consists of beside its terms.</summary>
    internal virtual double MoreStored(ModelConfig config) => 0;

    /// <summary>Operations of the network for one row of a matrix's gradient.</summary>
    internal virtual double FlopsPerRow(ModelConfig config) => 0;

    /// <summary>Whether a gradient's rows are those of all positions, and not only those from which a target token is predicted.</summary>
    internal virtual bool ReadsWholeText => true;

    /// <summary>The edited matrices, from below.</summary>
    internal virtual IReadOnlyList<MlpMatrix> Matrices =>
    [
        .. Enumerable.Range(Layer - Layers + 1, Layers).SelectMany(layer => (MlpMatrix[])[new(layer, IsUp: true), new(layer, IsUp: false)]),
    ];

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd) => TermParts.Misfit(edit, this, nEmbd);

    /// <summary>The settings of a method's variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    private protected static T For<T>(string method, string variant, ModelConfig config) where T : TrainedSettings =>
        SettingsPreset.For<T>(method, variant, config, settings => settings.Layer, (settings, _) =>
            (T)((TrainedSettings)settings with { Layer = config.NLayer - 1, Layers = Math.Min(settings.Layers, config.NLayer) }));
}
