using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Rome;

/// <summary>What the model computes of an edit's prompts up to the edited block: once, as nothing below its output changes.</summary>
/// <param name="Below">The block's output, <c>[B·T,C]</c>; it belongs to the scope in which it was made.</param>
/// <param name="Keys">What the MLP's second matrix reads where each template's subject ends, <c>[m]</c> each.</param>
/// <param name="Outputs">What it gives there, bias included, <c>[C]</c> each.</param>
internal sealed record RomeStates(Tensor Below, float[][] Keys, float[][] Outputs)
{
    /// <summary>k* of the bare prompt.</summary>
    public float[] Key => Keys[0];

    /// <summary>v₀ of the bare prompt.</summary>
    public float[] Output => Outputs[0];

    /// <summary>k̄, the mean over templates.</summary>
    public float[] MeanKey => Mean(Keys);

    /// <summary>The mean output over templates.</summary>
    public float[] MeanOutput => Mean(Outputs);

    /// <summary>Runs the model up to a block.</summary>
    public static RomeStates Of(CausalLm model, int layer, RomePrompts prompts)
    {
        CausalLm lower = model.UpTo(layer + 1);
        using BufferScope scope = model.Device.Scope();
        float[][] keys = [], outputs = [];
        var reach = Reach.At(prompts.Subjects);
        Opening[] looks =
        [
            Opening.Look(layer, Site.MlpHidden, reach, passing => keys = Rows(passing.Value)),
            Opening.Look(layer, Site.MlpOutput, reach, passing => outputs = Rows(passing.Value)),
        ];
        KvCache cache = lower.NewCache(prompts.Tokens.B, prompts.Tokens.T, layer + 1);
        return new RomeStates(scope.Keep(lower.Hidden(prompts.Tokens, cache, looks).Value), keys, outputs);

        float[][] Rows(Tensor passing) => [.. passing.ToArray().Chunk(passing.Columns).Take(prompts.Templates)];
    }

    private static float[] Mean(float[][] rows) =>
        [.. Enumerable.Range(0, rows[0].Length).Select(i => (float)(rows.Sum(row => (double)row[i]) / rows.Length))];
}
