using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.TPatcher;

/// <summary>Every number that decides what patch neurons become; published ones are in <c>presets/</c>.</summary>
public sealed record TPatcherSettings() : EditSettings(Name)
{
    /// <summary>The method's name, and that of its variant.</summary>
    public const string Name = "t-patcher";

    /// <summary>Neurons of an edit at most: one for each target token that the model does not say by itself.</summary>
    public int Neurons { get; init; } = 5;

    /// <summary>Adam's learning rate, halved where the loss no longer falls.</summary>
    public float LearningRate { get; init; } = 0.01f;

    /// <summary>Adam's decoupled weight decay.</summary>
    public float WeightDecay { get; init; } = 0.01f;

    /// <summary>Steps at most.</summary>
    public int Epochs { get; init; } = 2000;

    /// <summary>The step at which it is first looked whether training may end.</summary>
    public int FirstCheck { get; init; } = 100;

    /// <summary>How many steps later it is looked again.</summary>
    public int CheckEvery { get; init; } = 25;

    /// <summary>Share of the target's probability that is spread over all tokens.</summary>
    public float LabelSmoothing { get; init; } = 0.1f;

    /// <summary>What a neuron's silence where it shall speak counts.</summary>
    public float ActivationWeight { get; init; } = 1;

    /// <summary>What a neuron's speaking at states of other texts counts.</summary>
    public float MemoryWeight { get; init; } = 10;

    /// <summary>How far below a neuron's activation at its own state that at other texts' shall be.</summary>
    public float OwnMargin { get; init; } = 3;

    /// <summary>How far below zero the activation at other texts' states shall be.</summary>
    public float ZeroMargin { get; init; } = 3;

    /// <summary>Leaves both margins at zero, as the released program does.</summary>
    public bool AsPublished { get; init; }

    /// <summary>How many of the strongest activations at other texts' states count.</summary>
    public int Strongest { get; init; } = 1000;

    /// <summary>States of texts that the model writes, beside those of earlier edits.</summary>
    public int Memory { get; init; } = 8000;

    /// <summary>What a neuron's value, drawn at random, is multiplied with at first; it is trained too.</summary>
    public float Amplitude { get; init; } = 10;

    /// <summary>Seeds values and texts.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static TPatcherSettings For(ModelConfig config, string variant = Name) =>
        SettingsPreset.For<TPatcherSettings>(Name, variant, config, _ => 0, (settings, _) => settings); // always the last block

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd) => PatchParts.Misfit(edit, nEmbd);
}
