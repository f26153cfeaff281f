using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>
/// Every number that decides what an iReVa edit becomes. Defaults follow the method's released program for GPT-2 XL; see
/// <see cref="For"/>.
/// </summary>
public sealed record IReVaSettings() : EditSettings(Name), INeuronSettings
{
    /// <summary>The method's name.</summary>
    public const string Name = "ireva";

    /// <summary>Edited block, 0-based.</summary>
    public required int Layer { get; init; }

    /// <summary>
    /// θ: a fresh neuron fires when the Pearson correlation with its own prompt's state exceeds it (Eq. 6, relative form).
    /// </summary>
    public float Theta { get; init; } = 0.75f;

    /// <summary>α: scale of the adaptor's output (Eq. 12).</summary>
    public float Alpha { get; init; } = 0.2f;

    /// <summary>Trains key and value after birth; off keeps them as initialised (the "iReVa" row of Table 1).</summary>
    public bool Retrofit { get; init; } = true;

    /// <summary>AdamW steps per neuron.</summary>
    public int Epochs { get; init; } = 5;

    /// <summary>AdamW learning rate.</summary>
    public float LearningRate { get; init; } = 5e-2f;

    /// <summary>AdamW decay rate of the first moment.</summary>
    public float Beta1 { get; init; } = 0.9f;

    /// <summary>AdamW decay rate of the second moment.</summary>
    public float Beta2 { get; init; } = 0.99f;

    /// <summary>AdamW ε.</summary>
    public float Epsilon { get; init; } = 1e-8f;

    /// <summary>AdamW decoupled weight decay; it acts on key and value.</summary>
    public float WeightDecay { get; init; } = 0.01f;

    /// <summary>a: weight of L_rec, which holds the key's own activation (Eq. 9, 11).</summary>
    public float RecWeight { get; init; } = 1e-3f;

    /// <summary>b: weight of L_irr, which keeps out-of-scope prompts below the threshold (Eq. 10, 11).</summary>
    public float IrrWeight { get; init; } = 1e-3f;

    /// <summary>Label smoothing of L_edit.</summary>
    public float LabelSmoothing { get; init; }

    /// <summary>Seeds the sampling of out-of-scope prompts.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Follows the published arithmetic to the letter, as the tables of the paper were made: a neuron trains on top of the sum of all
    /// earlier ones that fire (section 4.3), and all compete everywhere. Otherwise training sees what inference will do, the neuron alone,
    /// and one of a later target token competes only where the text ends with its edit's earlier target tokens, so that a long answer does
    /// not run into another's. Edits of stores that do not say so were made as published.
    /// </summary>
    public bool AsPublished { get; init; } = true;

    /// <summary>Whether training looks at out-of-scope states. A method, as it is no setting of its own.</summary>
    public bool UsesOutOfScope() => Retrofit && IrrWeight > 0;

    /// <summary>What an edit was made with.</summary>
    /// <exception cref="InputException">Another method made it.</exception>
    public static IReVaSettings Of(Edit edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        return edit.Settings as IReVaSettings
            ?? throw new InputException($"Edit {edit.Id} was made by method {edit.Method}, expected one of {Name}.");
    }

    /// <summary>
    /// The settings for a model unless there is reason for others. Those published for a family: GPT-Neo with α = 0.1 and without
    /// retrofit, GPT-J with a learning rate of 5e-3; GPT-2's for all others.
    /// </summary>
    /// <param name="config">The base model's architecture.</param>
    /// <param name="layer">The block to edit; null for the suggested one.</param>
    public static IReVaSettings For(ModelConfig config, int? layer = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        var common = new IReVaSettings { Layer = layer ?? SuggestedLayer(config), AsPublished = false };
        return config.ModelType switch
        {
            "gpt_neo" => common with { Alpha = 0.1f, Retrofit = false },
            "gptj" => common with { LearningRate = 5e-3f },
            _ => common,
        };
    }

    /// <summary>The block to edit unless there is reason for another: the last but one, as in all of the paper's models.</summary>
    /// <param name="config">The base model's architecture.</param>
    public static int SuggestedLayer(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Math.Max(0, config.NLayer - 2);
    }

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd) => IReVaParts.Misfit(edit, nEmbd);

    /// <summary>Speaks whatever the text names.</summary>
    /// <inheritdoc/>
    public SubjectLock? LockOf(EditRequest request) => null;

    /// <inheritdoc cref="INeuronSettings.RequireSameBlock"/>
    public override void RequireBeside(EditSettings first, string store) => ((INeuronSettings)this).RequireSameBlock(first, store);
}
