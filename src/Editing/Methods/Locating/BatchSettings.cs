using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Locating;

/// <summary>
/// What methods have in common that change the second MLP matrices of some blocks in a row for a batch of edits at once. It is no method
/// itself.
/// </summary>
public abstract record BatchSettings : EditSettings
{
    /// <summary>Settings of a method.</summary>
    private protected BatchSettings(string method) : base(method)
    {
    }

    /// <summary>The last of the edited blocks, 0-based: where the new value is searched.</summary>
    public required int Layer { get; init; }

    /// <summary>How many blocks are edited: this one and those right below.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>Edits that are solved together; 0 for all that are asked for at once.</summary>
    public int BatchSize { get; init; }

    /// <summary>How often the loss of a value is looked at, so one step more than Adam takes at most.</summary>
    public int Steps { get; init; } = 20;

    /// <summary>Adam's learning rate.</summary>
    public float LearningRate { get; init; } = 0.5f;

    /// <summary>The block behind which the logits are taken; null for the last.</summary>
    public int? LossLayer { get; init; }

    /// <summary>A loss below it ends a search.</summary>
    public float StopLoss { get; init; } = 5e-2f;

    /// <summary>Weight of ‖δ‖ / ‖v₀‖² in the loss.</summary>
    public float WeightDecay { get; init; } = 0.5f;

    /// <summary>‖δ‖ is at most so many times ‖v₀‖.</summary>
    public float Clamp { get; init; } = 0.75f;

    /// <summary>Weight of the loss that keeps what the model says the subject is.</summary>
    public float KlWeight { get; init; } = 0.0625f;

    /// <summary>
    /// How many texts the prompt is put behind; they begin with "The", "Therefore", "Because", "I" and "You" in turn.
    /// </summary>
    public int Templates { get; init; } = 5;

    /// <summary>Tokens of such a text at most.</summary>
    public int TemplateLength { get; init; } = 10;

    /// <summary>Seeds the sampling of texts.</summary>
    public ulong Seed { get; init; }

    /// <summary>The first of the edited blocks.</summary>
    internal int FirstLayer => Layer - Layers + 1;

    /// <summary>The edited blocks, from below.</summary>
    internal IEnumerable<int> AllLayers => Enumerable.Range(FirstLayer, Layers);

    /// <summary>λ in A = D·(λI + Kᵀ·D)⁻¹, D being what stands in for the keys K: C⁻¹·K or P·K.</summary>
    internal abstract double Ridge { get; }

    /// <summary>How the value is searched.</summary>
    internal virtual ValueSearchSettings Search =>
        new(Layer, Steps, LearningRate, LossLayer, StopLoss, WeightDecay, Clamp, KlWeight);

    /// <summary>What is given a new value: the block's output, or the MLP's.</summary>
    internal virtual Site Target => Site.BlockOutput;

    /// <summary>Whether the value is searched along with one of the attention, which is thrown away.</summary>
    internal virtual bool SearchesAttention => false;

    /// <summary>By what the rest of the residual is divided at a block.</summary>
    /// <param name="left">Blocks from this one to the last.</param>
    internal virtual double Share(int left) => left;

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd) => BatchParts.Misfit(edit, this, nEmbd);

    /// <summary>The settings of a method's variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    private protected static T For<T>(string method, string variant, ModelConfig config) where T : BatchSettings => SettingsPreset.For<T>(
        method, variant, config, settings => settings.Layer, (settings, layer) => (T)((BatchSettings)settings with
        {
            Layer = layer,
            LossLayer = null,
            Layers = Math.Max(1, settings.Layers * (layer + 1) / (settings.Layer + 1)),
        }));
}
