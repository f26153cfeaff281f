using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.KnowledgeEditor;

/// <summary>
/// Every number that decides what KnowledgeEditor makes of an edit, beside its network's; published ones are in <c>presets/</c>.
/// </summary>
public sealed record KeSettings() : TrainedSettings(Name)
{
    /// <summary>The method's name, which is also that of its only variant.</summary>
    public const string Name = "ke";

    /// <summary>Numbers of the condition that an edit's text becomes.</summary>
    public int Condition { get; init; } = 1024;

    /// <summary>Numbers of the LSTM's state in each direction, and between the layers of the networks behind the condition.</summary>
    public int Hidden { get; init; } = 128;

    /// <summary>The most that a gate multiplies a change with.</summary>
    public float MaxScale { get; init; } = 1;

    internal override int MoreTerms => 1; // what is added to the gradient

    /// <summary>The settings for a model.</summary>
    public static KeSettings For(ModelConfig config) => For<KeSettings>(Name, Name, config);
}
