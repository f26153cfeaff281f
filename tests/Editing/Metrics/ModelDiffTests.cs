using Sharpformer.Editing;
using Sharpformer.Editing.Methods.FineTuning;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Metrics;

/// <summary>Comparing two models against asking each of them alone, prompt by prompt, through the whole model.</summary>
public sealed class ModelDiffTests : IDisposable
{
    private static readonly string[] Prompts =
    [
        "The Legend of Zelda is developed by", "Korean is the language of", "Lucian Freud died in", "The",
        "Mike Trout plays in the position of",
    ];

    private readonly Session session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 1 });

    public void Dispose() => session.Dispose();

    [Theory]
    [InlineData("none", "ireva 4")]
    [InlineData("ireva 4", "none")]
    [InlineData("ireva 4", "less of ireva 4")]
    [InlineData("less of ireva 4", "ireva 4")]
    [InlineData("ireva 4", "ireva 3")]
    [InlineData("none", "ft")]
    [InlineData("ireva 4", "ft")]
    [InlineData("ft", "none")]
    [InlineData("none", "none")]
    public void Each_model_says_what_it_says_alone(string one, string other)
    {
        (EditedModel before, EditedModel after) = (Model(one), Model(other));
        DiffReport report = new ModelDiff(before, after, session.Tokenizer).Compare(Inputs());
        Assert.Equal(Prompts, report.Differences.Select(d => d.Text));
        foreach (Difference d in report.Differences)
        {
            float[] p = Logits(before, session.PromptTokens(d.Text)), q = Logits(after, session.PromptTokens(d.Text));
            double expected = Divergence(p, q);
            Assert.Equal(expected, d.Kl, 1e-4 * (1 + expected));
            Assert.Equal(Array.IndexOf(p, p.Max()), d.Before[0].Token);
            Assert.Equal(Array.IndexOf(q, q.Max()), d.After[0].Token);
            Assert.Equal(Softmax(q)[d.After[0].Token], d.After[0].Probability, 1e-4);
            Assert.Equal(5, d.After.Count);
            float[] b = Logits(new EditedModel(session.Model), session.PromptTokens(d.Text));
            Assert.Equal(Array.IndexOf(b, b.Max()), (d.Base ?? d.Before)[0].Token);
            Assert.Equal(one == "none", d.Base is null);
        }

        Assert.Equal(one != other, report.Drift.Touched > 0);
        Assert.Equal(report.Differences.Count(d => d.Before[0].Token != d.After[0].Token), report.Drift.Changed);
        Assert.Equal(report.Differences.Max(d => d.Kl), report.Drift.MaxKl);
        Assert.Equal(report.Drift.MaxKl, report.MostChanged.First().Kl);
    }

    [Fact]
    public void It_is_told_which_edit_answers_in_which_model()
    {
        DiffReport report = new ModelDiff(Model("ireva 4"), Model("less of ireva 4"), session.Tokenizer).Compare(Inputs());
        Assert.Equal([(1L, (long?)null), (null, null), (2L, 2L), (null, null), (3L, 3L)],
            report.Differences.Select(d => (d.EditBefore, d.EditAfter)));
        Assert.Equal(1, report.Drift.Changed);
        Assert.Equal(2, report.Drift.Answered);
        Assert.Equal(20, report.Drift.ChangedPercent);
    }

    [Fact]
    public void A_text_is_compared_after_each_of_its_tokens_as_prompts_would_be()
    {
        int[] text = session.Tokenizer.Encode("Lucian Freud died in London. The Legend of Zelda is developed by Nintendo");
        var diff = new ModelDiff(new EditedModel(session.Model), Model("ireva 4"), session.Tokenizer);
        DiffReport whole = diff.Compare(DiffInput.Windows(text, 128, 64));
        Assert.Equal(text.Length - 1, whole.Drift.Positions);
        Assert.Equal(Enumerable.Range(1, text.Length - 1), whole.Differences.Select(d => d.Position));
        DiffReport prompts = diff.Compare([.. Enumerable.Range(1, text.Length - 1).Select(n => DiffInput.Prompt("", text[..n]))]);
        Assert.Equal(prompts.Differences.Select(d => d.Kl), whole.Differences.Select(d => d.Kl));
        Assert.Equal(prompts.Differences.Select(d => d.After[0]), whole.Differences.Select(d => d.After[0]));
        Assert.True(whole.Drift.Touched > 0);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(9, 2, 4000)]
    public void Nothing_depends_on_what_is_held_at_once(int tokens, int logits, int context)
    {
        (EditedModel before, EditedModel after) = (Model("ireva 4"), Model("ft"));
        DiffReport expected = new ModelDiff(before, after, session.Tokenizer).Compare(Inputs());
        var told = new List<int>();
        DiffReport actual = new ModelDiff(before, after, session.Tokenizer)
        {
            TokensAtOnce = tokens,
            LogitsAtOnce = logits,
            ContextAtOnce = context,
        }.Compare(Inputs(), progress: (done, _) => told.Add(done));
        Assert.Equal(expected.Differences.Select(d => d.Kl), actual.Differences.Select(d => d.Kl));
        Assert.Equal(
            expected.Differences.SelectMany(d => d.Before.Concat(d.After)), actual.Differences.SelectMany(d => d.Before.Concat(d.After)));
        Assert.Equal(Prompts.Length, told[^1]);
    }

    private DiffInput[] Inputs() => [.. Prompts.Select(prompt => DiffInput.Prompt(prompt, session.PromptTokens(prompt)))];

    private EditedModel Model(string name)
    {
        EditRequest[] facts =
            [new(Prompts[0], "Nintendo"), new(Prompts[2], "London"), new(Prompts[4], "outfielder")];
        switch (name)
        {
            case "none": return new EditedModel(session.Model);
            case "ft":
                session.UseMemory();
                session.Teach(session.Tokenize(facts[..1]), FineTuningSettings.For(session.Model.Config) with { Epochs = 3 });
                return session.Edited;
            default:
                session.UseMemory();
                var settings = new IReVaSettings { Layer = name[^1] - '0', Theta = 0.85f, Alpha = 1, Retrofit = false };
                session.Teach(session.Tokenize(facts), settings);
                return name.StartsWith("less", StringComparison.Ordinal) ? session.SideWithout([1]).Model : session.Edited;
        }
    }

    private float[] Logits(EditedModel model, int[] tokens) => session.Compute(() =>
        new DecodeSession(model.Model, 1, tokens.Length, model.Openings).Advance(new TokenBatch(tokens)).ToArray());

    private static double[] Softmax(float[] logits)
    {
        double largest = logits.Max();
        double[] e = [.. logits.Select(z => Math.Exp(z - largest))];
        double sum = e.Sum();
        return [.. e.Select(x => x / sum)];
    }

    private static double Divergence(float[] p, float[] q) =>
        Softmax(p).Zip(Softmax(q)).Sum(pair => pair.First == 0 ? 0 : pair.First * Math.Log(pair.First / Math.Max(pair.Second, 1e-300)));
}
