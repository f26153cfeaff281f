using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Locating;

/// <summary>What a model whose lower blocks are edited already has at the subjects of many edits.</summary>
/// <param name="Keys">
/// k of each edit at one block: half that of the bare prompt, half the mean behind the other templates, <c>[m]</c>.
/// </param>
/// <param name="Current">What stands where the new value is to stand, behind the bare prompt, <c>[C]</c>.</param>
internal sealed record SubjectKeys(float[][] Keys, float[][] Current)
{
    /// <summary>Runs the model up to the last edited block. What follows the subject has no part in this and is left out.</summary>
    public static SubjectKeys Of(
        CausalLm model, int layer, BatchSettings settings, IReadOnlyList<SubjectPrompts> edits, CancellationToken cancellation)
    {
        int[][] sequences = [.. edits.SelectMany(edit => edit.UpToSubject)];
        float[][] keys = new float[sequences.Length][], current = new float[sequences.Length][];
        CausalLm lower = model.UpTo(settings.Layer + 1);
        foreach (int[] some in TokenBatch.SimilarLengths([.. sequences.Select(sequence => sequence.Length)]))
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope scope = model.Device.Scope();
            var tokens = new TokenBatch([.. some.Select(i => sequences[i])]);
            var reach = Reach.At([.. tokens.Lengths.Select(length => length - 1)]);
            Opening[] looks =
            [
                Opening.Look(layer, Site.MlpHidden, reach, passing => Put(passing.Value, keys)),
                Opening.Look(settings.Layer, settings.Target, reach, passing => Put(passing.Value, current)),
            ];
            lower.Hidden(tokens, lower.NewCache(tokens.B, tokens.T, settings.Layer + 1), looks, rows: [0]);

            void Put(Tensor passing, float[][] to)
            {
                float[][] rows = [.. passing.ToArray().Chunk(passing.Columns)];
                for (int b = 0; b < some.Length; b++) to[some[b]] = rows[b];
            }
        }

        int[] firsts = new int[edits.Count];
        for (int e = 1; e < firsts.Length; e++) firsts[e] = firsts[e - 1] + edits[e - 1].Templates;
        return new SubjectKeys(
            [.. firsts.Select((first, e) => HalfAndHalf(keys[first..(first + edits[e].Templates)]))],
            [.. firsts.Select(first => current[first])]);
    }

    private static float[] HalfAndHalf(float[][] keys) =>
        keys.Length == 1 ? keys[0] : SubjectState.Mean([keys[0], SubjectState.Mean(keys[1..])]);
}
