using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Metrics;

/// <summary>What either model would say if it ended behind a block: final norm and head applied to the block's output.</summary>
/// <param name="Block">The block, 0-based; behind the last one it is what the model says.</param>
/// <param name="RankBefore">Among all tokens the rank of the one that is followed, 1 for the most likely, in the base model.</param>
/// <param name="RankAfter">The same in the edited model.</param>
/// <param name="ProbabilityBefore">Its probability in the base model.</param>
/// <param name="ProbabilityAfter">The same in the edited model.</param>
/// <param name="SaidBefore">The most likely token in the base model.</param>
/// <param name="SaidAfter">The same in the edited model.</param>
public readonly record struct BlockReading(
    int Block, int RankBefore, int RankAfter, double ProbabilityBefore, double ProbabilityAfter, int SaidBefore, int SaidAfter);

/// <summary>The logit lens: a token's way through the blocks at a prompt's last position, before and after editing.</summary>
internal static class LogitLens
{
    /// <summary>One reading per block.</summary>
    /// <param name="model">The edited model.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="token">The token to follow.</param>
    public static IReadOnlyList<BlockReading> Read(EditedModel model, int[] prompt, int token)
    {
        using BufferScope scope = model.Base.Device.Scope();
        PromptReading reading = model.Reading(prompt);
        float[] before = Logits(model.Base, [], prompt), after = Logits(reading.Model, reading.Openings, reading.Tokens);
        int V = model.Base.Config.VocabSize;
        var readings = new BlockReading[before.Length / V];
        for (int l = 0; l < readings.Length; l++)
        {
            ReadOnlySpan<float> p = before.AsSpan(l * V, V), q = after.AsSpan(l * V, V);
            readings[l] = new BlockReading(
                l, NextToken.Rank(p, token), NextToken.Rank(q, token), NextToken.Probability(p, token), NextToken.Probability(q, token),
                NextToken.Top(p, 1)[0], NextToken.Top(q, 1)[0]);
        }

        return readings;
    }

    /// <summary>Logits behind every block at the last position, <c>[L,V]</c>.</summary>
    private static float[] Logits(CausalLm model, IReadOnlyList<Opening> openings, int[] prompt)
    {
        int L = model.Blocks.Count;
        Tensor outputs = model.Device.Allocate(L, model.Config.NEmbd);
        IEnumerable<Opening> looks = Enumerable.Range(0, L).Select(l => Opening.Look(
            l, Site.BlockOutput, Reach.Last, passing => model.Device.Copy(passing.Value, outputs.Slice(l, 1))));
        KvCache cache = model.NewCache(1, prompt.Length, firstKept: L);
        model.Hidden(new TokenBatch(prompt), cache, [.. openings, .. looks], [prompt.Length - 1]); // looks come last: they see changes
        return model.Logits(outputs).Value.ToArray();
    }
}
