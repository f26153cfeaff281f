using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Locating;

/// <summary>
/// What the model computes of prompts up to the edited block: once, as nothing below its output changes while a value is searched.
/// </summary>
/// <param name="Below">The block's output, <c>[B·T,C]</c>; it belongs to the scope in which it was made.</param>
/// <param name="Edits">What stands at the subjects of each edit.</param>
internal sealed record SubjectStates(Tensor Below, IReadOnlyList<SubjectState> Edits)
{
    /// <summary>Runs the model up to a block.</summary>
    public static SubjectStates Of(CausalLm model, int layer, PromptBatch prompts)
    {
        CausalLm lower = model.UpTo(layer + 1);
        using BufferScope scope = model.Device.Scope();
        float[][] keys = [], outputs = [];
        TokenBatch tokens = prompts.Tokens;
        var reach = Reach.At([.. prompts.SubjectRows.Select(row => row % tokens.T)]);
        Opening[] looks =
        [
            Opening.Look(layer, Site.MlpHidden, reach, passing => keys = Rows(passing.Value)),
            Opening.Look(layer, Site.MlpOutput, reach, passing => outputs = Rows(passing.Value)),
        ];
        KvCache cache = lower.NewCache(tokens.B, tokens.T, layer + 1);
        Tensor below = lower.Hidden(tokens, cache, looks).Value;
        float[][] streams = Rows(Ops.Embedding(below, prompts.SubjectRows).Value);
        var states = new List<SubjectState>();
        int first = 0;
        foreach (SubjectPrompts edit in prompts.Edits)
        {
            Range templates = first..(first + edit.Templates);
            states.Add(new SubjectState(keys[templates], outputs[templates], streams[templates]));
            first += edit.Sequences.Length;
        }

        return new SubjectStates(scope.Keep(below), states);
    }

    private static float[][] Rows(Tensor passing) => [.. passing.ToArray().Chunk(passing.Columns)];
}

/// <summary>What stands where the subject ends behind each of an edit's templates, the bare prompt first.</summary>
/// <param name="Keys">What the MLP's second matrix reads, <c>[m]</c> each.</param>
/// <param name="Outputs">What it gives, bias included, <c>[C]</c> each.</param>
/// <param name="Streams">The block's output, <c>[C]</c> each.</param>
internal sealed record SubjectState(float[][] Keys, float[][] Outputs, float[][] Streams)
{
    /// <summary>k* of the bare prompt.</summary>
    public float[] Key => Keys[0];

    /// <summary>v₀ of the bare prompt.</summary>
    public float[] Output => Outputs[0];

    /// <summary>The block's output at the bare prompt's subject.</summary>
    public float[] Stream => Streams[0];

    /// <summary>k̄, the mean over templates.</summary>
    public float[] MeanKey => Mean(Keys);

    /// <summary>The mean output over templates.</summary>
    public float[] MeanOutput => Mean(Outputs);

    /// <summary>The mean of rows, summed in float64.</summary>
    public static float[] Mean(float[][] rows) =>
        [.. Enumerable.Range(0, rows[0].Length).Select(i => (float)(rows.Sum(row => (double)row[i]) / rows.Length))];
}
