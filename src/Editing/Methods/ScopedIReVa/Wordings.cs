using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.ScopedIReVa;

/// <summary>
/// What prompts in the same words have in common: T, the mean x̂ at their last tokens, and g, the mean over all. All facts at hand count,
/// those that are yet to be taught too, so that it does not matter in which portions they are.
/// </summary>
internal sealed class Wordings
{
    private const int AtOnce = 512;

    private readonly Dictionary<SubjectTemplate, (double[] Sum, int Count)> sums = [];
    private readonly double[] all;
    private readonly int count;

    /// <summary>Runs the base model up to the block over all prompts.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="layer">The block.</param>
    /// <param name="prompts">Tokens and template of each fact, in a fixed order.</param>
    /// <param name="cancellation">Checked between portions.</param>
    public Wordings(
        CausalLm model, int layer, IReadOnlyList<(int[] Tokens, SubjectTemplate Template)> prompts, CancellationToken cancellation)
    {
        int C = model.Config.NEmbd;
        all = new double[C];
        foreach ((int[] Tokens, SubjectTemplate Template)[] chunk in prompts.Chunk(AtOnce))
        {
            using BufferScope scope = model.Device.Scope();
            int[] ends = [.. chunk.Select(prompt => prompt.Tokens.Length - 1)];
            Tensor x = Trace.Inputs(model, [.. chunk.Select(prompt => prompt.Tokens)], ends, layer, cancellation);
            float[] states = KeyValueAdaptor.Standardize(x).ToArray();
            for (int i = 0; i < chunk.Length; i++)
            {
                (double[] sum, int before) = sums.GetValueOrDefault(chunk[i].Template, (new double[C], 0));
                for (int c = 0; c < C; c++)
                {
                    sum[c] += states[(i * C) + c];
                    all[c] += states[(i * C) + c];
                }

                sums[chunk[i].Template] = (sum, before + 1);
            }
        }

        count = prompts.Count;
    }

    /// <summary>T - g of a template, <c>[C]</c>; null where fewer than two facts are in these words.</summary>
    public double[]? Of(SubjectTemplate template)
    {
        if (!sums.TryGetValue(template, out (double[] Sum, int Count) same) || same.Count < 2) return null;
        return [.. same.Sum.Select((sum, c) => (sum / same.Count) - (all[c] / count))];
    }
}
