using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Editing.Routing;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Serac;

/// <summary>Every number and text that decides what SERAC makes of edits; presets are in <c>presets/</c>.</summary>
public sealed record SeracSettings() : NetSettings(Name), IEmbeddedSettings
{
    /// <summary>The method's name, and that of its usual variant.</summary>
    public const string Name = "serac";

    /// <summary>The variant without a trained scope classifier: all channels count alike.</summary>
    public const string Untrained = "untrained";

    /// <summary>The block by whose output texts are compared, 0-based.</summary>
    public required int Layer { get; init; }

    /// <summary>An edit's scope: s = exp(-d²) above which it answers, between 0 and 1.</summary>
    public float Scope { get; init; } = 0.5f;

    /// <summary>What is put before a prompt; <c>{fact}</c> stands for the fact's prompt and answer.</summary>
    public string Template { get; init; } = "{fact}\n";

    /// <summary>Whether all channels count alike, so that nothing has to be trained.</summary>
    public bool IsUntrained { get; init; }

    /// <summary>Seeds the unrelated texts that prompts are compared with where nothing was trained.</summary>
    public ulong Seed { get; init; }

    internal override bool NeedsNet => !IsUntrained;

    /// <summary>What is trained knows the block only: scope and template may be others.</summary>
    internal override bool Takes(NetSettings net) => net is SeracSettings other && (other.Layer, other.Net) == (Layer, Net);

    /// <summary>The score of an edit's key that is s = <see cref="Scope"/>: minus the distance.</summary>
    internal float Threshold => (float)-Math.Sqrt(-Math.Log(Scope));

    /// <summary>The settings of a variant for a model.</summary>
    /// <exception cref="Tensors.InputException">There is no such variant.</exception>
    public static SeracSettings For(ModelConfig config, string variant = Name) => SettingsPreset.For<SeracSettings>(
        Name, variant, config, settings => settings.Layer, (settings, _) => settings with { Layer = PromptEmbedding.BlockOf(config) });

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd) => EmbeddedKeys.Misfit(edit, nEmbd) ?? TextRouter.Misfit(edit, nEmbd);
}
