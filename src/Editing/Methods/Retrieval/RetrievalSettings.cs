using Sharpformer.Editing.Routing;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Retrieval;

/// <summary>Every number and text that decides what retrieval in context makes of edits; presets are in <c>presets/</c>.</summary>
public sealed record RetrievalSettings() : EditSettings(Name), IEmbeddedSettings
{
    /// <summary>The method's name, and that of its usual variant.</summary>
    public const string Name = "retrieval";

    /// <summary>The prompt of IKE: demonstrations, and the new fact once more as a prompt.</summary>
    public const string Ike = "ike";

    /// <summary>The block by whose output texts are compared, 0-based.</summary>
    public required int Layer { get; init; }

    /// <summary>θ: a prompt is given a fact if the cosine between it and the fact's own prompt is above it.</summary>
    public required float Threshold { get; init; }

    /// <summary>What is put before a prompt; <c>{fact}</c> stands for the fact's prompt and answer.</summary>
    public string Template { get; init; } = "New fact: {fact}\n";

    /// <summary>How many other facts are shown before it, as <see cref="Demonstration"/>; the most similar one comes last.</summary>
    public int Demonstrations { get; init; }

    /// <summary>How each of them is shown; <c>{fact}</c> stands for its prompt and answer.</summary>
    public string Demonstration { get; init; } = "New Fact: {fact}\nPrompt: {fact}\n\n";

    /// <summary>Seeds the unrelated texts that prompts are compared with.</summary>
    public ulong Seed { get; init; }

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static RetrievalSettings For(ModelConfig config, string variant = Name) => SettingsPreset.For<RetrievalSettings>(
        Name, variant, config, settings => settings.Layer, (settings, _) => settings with { Layer = PromptEmbedding.BlockOf(config) });

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd) => EmbeddedKeys.Misfit(edit, nEmbd) ?? TextRouter.Misfit(edit, nEmbd);
}
