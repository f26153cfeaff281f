using Sharpformer.Editing;
using Sharpformer.Editing.Methods.FineTuning;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Metrics;

/// <summary>A token's way through the blocks, against models that really end there.</summary>
public sealed class LogitLensTests : IDisposable
{
    private const string Prompt = "Lucian Freud died in";

    private readonly Session session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 1 });

    public LogitLensTests() => session.UseMemory();

    public void Dispose() => session.Dispose();

    [Fact]
    public void Each_reading_is_that_of_a_model_with_as_many_blocks()
    {
        session.Teach(session.Tokenize([new(Prompt, "Rome")]), new IReVaSettings { Layer = 4, Theta = 0.85f, Alpha = 1, Retrofit = false });
        Explanation why = session.Explain(Prompt);
        Assert.Equal(" Rome", session.TokenText(why.Target));
        Assert.Equal(Enumerable.Range(0, 6), why.Lens.Select(reading => reading.Block));
        foreach (BlockReading reading in why.Lens)
        {
            CausalLm ended = session.Model.UpTo(reading.Block + 1);
            float[] p = Logits(ended, []), q = Logits(ended, [.. session.Edited.Openings.Where(o => o.Block <= reading.Block)]);
            Assert.Equal(1 + p.Count(z => z > p[why.Target]), reading.RankBefore);
            Assert.Equal(1 + q.Count(z => z > q[why.Target]), reading.RankAfter);
            Assert.Equal(Math.Exp(p[why.Target] - RowMath.LogSumExp(p)), reading.ProbabilityBefore, 1e-6);
            Assert.Equal(Array.IndexOf(q, q.Max()), reading.SaidAfter);
            Assert.Equal(reading.Block < 4, reading.RankBefore == reading.RankAfter);
        }

        TokenChange told = why.Changes.Single(change => change.Token == why.Target);
        Assert.Equal(told.ProbabilityAfter, why.Lens[^1].ProbabilityAfter, 1e-6);
        Assert.Equal((1, why.Target), (why.Lens[^1].RankAfter, why.Lens[^1].SaidAfter));
    }

    [Fact]
    public void Changed_weights_are_seen_from_their_block_on_and_any_token_can_be_followed()
    {
        session.Teach(session.Tokenize([new(Prompt, "Rome")]), FineTuningSettings.For(session.Model.Config) with { Layer = 3 });
        Explanation why = session.Explain(Prompt, " Bern");
        Assert.Equal(" Bern", session.TokenText(why.Target));
        Assert.All(why.Lens.Take(3), reading => Assert.Equal(reading.ProbabilityBefore, reading.ProbabilityAfter));
        Assert.NotEqual(why.Lens[3].ProbabilityBefore, why.Lens[3].ProbabilityAfter);
        Fails.With<InputException>("is empty", () => session.Explain(Prompt, " "));
    }

    private float[] Logits(CausalLm model, Opening[] openings) => session.Compute(() =>
    {
        int[] tokens = session.PromptTokens(Prompt);
        return new DecodeSession(model, 1, tokens.Length, openings).Advance(new TokenBatch(tokens)).ToArray();
    });
}
