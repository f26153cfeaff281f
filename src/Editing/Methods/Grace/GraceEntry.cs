using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Grace;

/// <summary>What an edit brings to the codebook: where it answers and what passes there then.</summary>
internal sealed class GraceEntry
{
    /// <summary>An edit's parts: what the MLP reads at the prompt's last token, and what its first matrix shall give.</summary>
    public const string KeyName = "key", ValueName = "value";

    private readonly int layer;
    private readonly Activation activation;

    private GraceEntry(Edit edit, float[] key, float[] value, Activation activation)
    {
        var settings = (GraceSettings)edit.Settings;
        (Edit, Target, Radius, layer) = (edit.Id, edit.TargetTokens, settings.Radius, settings.Layer);
        (Key, Value, this.activation) = (key, value, activation);
        OpeningsAt = Openings; // one for the entry: by it those that read alike are told
    }

    /// <summary>The edit's id.</summary>
    public long Edit { get; }

    /// <summary>The tokens it wants said.</summary>
    public int[] Target { get; }

    /// <summary>How far from its key it answers at most.</summary>
    public float Radius { get; }

    /// <summary>Its key, <c>[C]</c>.</summary>
    public float[] Key { get; }

    /// <summary>Its value, <c>[NInner]</c>.</summary>
    public float[] Value { get; }

    /// <summary>The value where prompts end.</summary>
    public Func<int[], IReadOnlyList<Opening>> OpeningsAt { get; }

    /// <summary>An edit's entry.</summary>
    /// <exception cref="ArgumentException">The edit lacks a part.</exception>
    public static GraceEntry Of(Edit edit, CausalLm model)
    {
        return new GraceEntry(
            edit, Part(KeyName), Part(ValueName), model.Blocks[((GraceSettings)edit.Settings).Layer].Mlp.Activation);

        float[] Part(string name) =>
            edit.Part(name)?.Values ?? throw new ArgumentException($"Grace: edit {edit.Id} has no part '{name}'.");
    }

    /// <summary>Values in place of what a block's first matrix gives where prompts end: behind the activation it is the same.</summary>
    /// <param name="layer">The block.</param>
    /// <param name="activation">Its MLP's.</param>
    /// <param name="ends">Where each prompt's last token stands.</param>
    /// <param name="values">Given how many rows it is, a value for each.</param>
    public static Opening Opening(int layer, Activation activation, int[] ends, Func<Device, int, Variable> values) => new(
        layer, Site.MlpHidden, Site.MlpHidden, Reach.At(ends),
        (_, passing) => Ops.Activate(values(passing.Value.Device, passing.Value.Rows), activation));

    private IReadOnlyList<Opening> Openings(int[] ends) =>
    [
        Opening(layer, activation, ends, (device, rows) =>
            device.From([.. Enumerable.Repeat(Value, rows).SelectMany(value => value)], rows, Value.Length)),
    ];
}
