using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.Lora;
using Sharpformer.Editing.Routing;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Sola;

/// <summary>Every number that decides what an adapter of an edit becomes, and when it is switched on.</summary>
public sealed record SolaSettings() : EditSettings(Name)
{
    /// <summary>The method's name, and that of its usual variant.</summary>
    public const string Name = "sola";

    /// <summary>The training and the narrow keys that are told of the paper.</summary>
    public const string Published = "published";

    /// <summary>The block whose two MLP matrices the adapter is added to, 0-based.</summary>
    public required int Layer { get; init; }

    /// <summary>The block by whose output prompts are known, 0-based.</summary>
    public required int KeyLayer { get; init; }

    /// <summary>What the cosine of a prompt and an edit's own has to exceed for its adapter to be switched on.</summary>
    public float Theta { get; init; } = 0.99f;

    /// <summary>r.</summary>
    public int Rank { get; init; } = 4;

    /// <summary>What the adapter's product is multiplied with.</summary>
    public float Scale { get; init; } = 1;

    /// <summary>Whether Adam trains it, not plain gradient descent.</summary>
    public bool Adam { get; init; }

    /// <summary>The learning rate, which falls to zero along half a cosine.</summary>
    public float LearningRate { get; init; } = 0.05f;

    /// <summary>Steps at most.</summary>
    public int Epochs { get; init; } = 40;

    /// <summary>Training ends once the loss is below it.</summary>
    public float StopLoss { get; init; }

    /// <summary>Edits that are stored together; 0 for all that are asked for at once. Each is trained alone all the same.</summary>
    public int Batch { get; init; } = 100;

    /// <summary>Seeds A, and the texts that prompts are told apart from.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The matrices that are adapted.</summary>
    internal IReadOnlyList<MlpMatrix> Matrices => AdapterPair.Matrices(Layer, layers: 1);

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static SolaSettings For(ModelConfig config, string variant = Name) => SettingsPreset.For<SolaSettings>(
        Name, variant, config, settings => settings.Layer,
        (settings, layer) => settings with { Layer = layer, KeyLayer = PromptEmbedding.BlockOf(config) });

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd) =>
        EmbeddedKeys.Misfit(edit, nEmbd) ?? AdapterPair.Misfit(edit, Matrices, Rank, nEmbd);
}
