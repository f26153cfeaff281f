using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tests.Editing.Methods.IReVa;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Editing.Metrics;

/// <summary>
/// Perplexity against plain recomputation: every token alone, as the last of a sequence of its own through the whole model,
/// with the log-softmax in float64.
/// </summary>
public sealed class PerplexityTests : IDisposable
{
    private const double Close = 2e-6; // float32 logits around 10
    private readonly CpuDevice device = new(threads: 1); // tests run side by side

    public void Dispose() => device.Dispose();

    [Theory]
    [InlineData("gpt2-tiny-f32", 2, 40, 20)]
    [InlineData("gpt2-tiny-f32", 23, 40, 7)] // shorter than the window
    [InlineData("gpt2-tiny-f32", 41, 40, 40)] // as long as the window
    [InlineData("gpt2-tiny-f32", 42, 40, 40)]
    [InlineData("gpt2-tiny-f32", 57, 8, 8)]
    [InlineData("gpt2-tiny-f32", 57, 7, 3)]
    [InlineData("gpt2-tiny-f32", 30, 5, 1)]
    [InlineData("gpt2-tiny-f32", 30, 2, 2)]
    [InlineData("gpt-neo-tiny", 61, 13, 5)]
    [InlineData("gpt-j-tiny", 61, 13, 13)]
    public void Each_token_costs_what_the_whole_model_says_after_its_context(string family, int length, int window, int stride)
    {
        CausalLm model = Tiny(family);
        int[] text = Random(length, model.Config.VocabSize);
        PerplexityReport report = new Perplexity(new EditedModel(model)).Measure([text], window, stride);
        Assert.Equal(length - 1, report.Tokens);
        Assert.Equal(Contexts(text, window, stride).Sum(c => Loss(model, c.Context, c.Next)), report.Base.Total, Close * length);
        Assert.Equal(report.Base, report.Edited);
        Assert.Equal((0, 0), (report.Answered, report.Changed));
    }

    [Fact]
    public void The_bundled_model_reads_sentences_of_unequal_length_each_on_its_own()
    {
        CausalLm model = CausalLm.Load(TestFiles.Model, device);
        Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model);
        string[] said =
        [
            "Korean is the language of Natural City.", "", "The",
            "Anatole France was born in Paris, and he died in Saint-Cyr-sur-Loire.",
        ];
        int[][] texts = [.. said.Select(tokenizer.Encode)];
        double expected = texts.Sum(text => Contexts(text, 128, 64).Sum(c => Loss(model, c.Context, c.Next)));
        PerplexityReport report = new Perplexity(new EditedModel(model)).Measure(texts, 128, 64);
        Assert.Equal(texts.Sum(t => Math.Max(0, t.Length - 1)), report.Tokens);
        Assert.Equal(expected, report.Base.Total, Close * report.Tokens);
    }

    [Theory]
    [InlineData(1, 40, 20)]
    [InlineData(5, 3, 2)]
    [InlineData(12, 7, 1)]
    [InlineData(40, 20, 20)]
    [InlineData(1000, 128, 37)]
    public void Windows_score_every_token_but_the_first_once_and_in_order(int length, int window, int stride)
    {
        int[] text = [.. Enumerable.Range(0, length)];
        TextWindow[] windows = [.. TextWindow.Over([text], window, stride)];
        Assert.Equal(text.Skip(1), windows.SelectMany(w => w.Scored()));
        Assert.All(windows, w => Assert.InRange(w.Length, 1, window));
        Assert.All(windows.Skip(1), w => Assert.InRange(w.From, window - stride, window - 1));
        Assert.All(windows, w => Assert.Equal(w.Read()[w.From] + 1, w.Scored()[0]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)] // nothing above
    public void The_edited_model_has_the_adaptor_at_the_last_token_of_each_context_alone(int layer)
    {
        CausalLm model = Tiny("gpt2-tiny-f32");
        int[] text = Random(45, model.Config.VocabSize);
        (int window, int stride) = (16, 9);
        (int[] Context, int Next)[] contexts = [.. Contexts(text, window, stride)];
        KeyValueAdaptor adaptor = Taught(model, layer, [.. new[] { 3, 14, 15, 30, 43 }.Select(i => contexts[i].Context)]);
        adaptor = adaptor.WithWithdrawn(2, true);

        double loss = 0;
        int answered = 0, changed = 0;
        foreach ((int[] context, int next) in contexts)
        {
            (float[] before, _) = Logits(model, context);
            (float[] after, bool answers) = Logits(model, context, adaptor);
            loss += Loss(after, next);
            if (answers) answered++;
            if (Array.IndexOf(before, before.Max()) != Array.IndexOf(after, after.Max())) changed++;
        }

        PerplexityReport report = new Perplexity(IReVaModel.Of(model, adaptor)).Measure([text], window, stride);
        Assert.InRange(answered, 4, 40); // some of each, so that both kinds are compared
        Assert.InRange(changed, 1, answered);
        Assert.Equal(contexts.Sum(c => Loss(model, c.Context, c.Next)), report.Base.Total, Close * text.Length);
        Assert.Equal(loss, report.Edited.Total, Close * text.Length);
        Assert.Equal((100.0 * answered / 44, 100.0 * changed / 44), (report.Answered, report.Changed));
    }

    [Fact]
    public void An_edit_changes_the_text_it_fires_in_until_it_is_withdrawn()
    {
        CausalLm model = CausalLm.Load(TestFiles.Model, device);
        Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model);
        var editor = new IReVaModel(model, 4);
        int[] text = tokenizer.Encode("The Legend of Zelda is developed by Nintendo");
        int[] other = tokenizer.Encode("Korean is the language of Natural City.");
        var request = new EditRequest("The Legend of Zelda is developed by", "Nintendo");
        var settings = new IReVaSettings { Layer = 4, Theta = 0.85f, Alpha = 1 };
        editor.Keep(editor.Teach(TokenizedRequest.Of(tokenizer, request, 128), settings) with { Id = 1 });

        PerplexityReport report = new Perplexity(editor.Edited).Measure([text, other], 128, 64);
        Assert.True(report.Edited.Total < report.Base.Total - 1, $"{report.Base.Total} to {report.Edited.Total}");
        Assert.Equal(100.0 / report.Tokens, report.Answered);
        Assert.Equal(100.0 / report.Tokens, report.Changed);
        PerplexityReport unrelated = new Perplexity(editor.Edited).Measure([other], 128, 64);
        Assert.Equal(unrelated.Base, unrelated.Edited);

        editor.SetWithdrawn(1, true);
        Assert.Equal(
            report with { Edited = report.Base, Answered = 0, Changed = 0, MedianRatio = 1 },
            new Perplexity(editor.Edited).Measure([text, other], 128, 64));
    }

    [Fact]
    public void The_median_is_of_whole_texts_however_many_windows_each_has()
    {
        CausalLm model = CausalLm.Load(TestFiles.Model, device), other = model with { FinalNorm = model.Blocks[0].Norm1 };
        int[][] texts = [[5, 6, 7, 8, 9, 10, 11, 12], [20], [30, 31, 32], [40, 41, 42, 43, 44, 45, 46, 47, 48, 49]];
        EditedModel edited = new EditedModel(model) { Model = other };
        PerplexityReport report = new Perplexity(edited).Measure(texts, window: 4, stride: 2);
        double[] ratios = [.. texts.Where(text => text.Length > 1) // a single token has nothing to score
            .Select(text => new Perplexity(edited).Measure([text], window: 4, stride: 2)).Select(alone => alone.Ratio).Order()];
        Assert.Equal(ratios[1], report.MedianRatio, 1e-9 * ratios[1]);
        Assert.Equal(report.Edited.Perplexity / report.Base.Perplexity, report.Ratio);
        Assert.NotEqual(report.Ratio, report.MedianRatio);
    }

    [Fact]
    public void However_the_work_is_shared_out_the_bits_are_the_same()
    {
        int[] text = Random(131, 301);
        KeyValueAdaptor? adaptor = null;
        PerplexityReport expected = Report(1, 2048, 256, 1 << 26);
        Assert.InRange(expected.Answered, 5, 95);
        Assert.Equal(expected, Report(1, tokens: 1, logits: 256, context: 1 << 26));
        Assert.Equal(expected, Report(1, tokens: 50, logits: 7, context: 1 << 26));
        Assert.Equal(expected, Report(1, tokens: 2048, logits: 256, context: 1));
        Assert.Equal(expected, Report(3, tokens: 100, logits: 1, context: 20_000));

        PerplexityReport Report(int threads, int tokens, int logits, long context)
        {
            using var own = new CpuDevice(threads);
            CausalLm model = Tiny("gpt2-tiny-f32", own);
            adaptor = Taught(model, 1, [text[..9], text[..20], text[16..30], text[33..60]]);
            var perplexity = new Perplexity(IReVaModel.Of(model, adaptor))
            {
                TokensAtOnce = tokens,
                LogitsAtOnce = logits,
                ContextAtOnce = context,
            };
            return perplexity.Measure([text, text[40..60]], 25, 11);
        }
    }

    [Fact]
    public void Progress_ends_with_all_tokens_and_work_stops_when_asked()
    {
        CausalLm model = Tiny("gpt2-tiny-f32");
        var perplexity = new Perplexity(new EditedModel(model)) { TokensAtOnce = 30 };
        int[] text = Random(100, model.Config.VocabSize);
        var told = new List<(int, int)>();
        perplexity.Measure([text], 10, 10, (done, total) => told.Add((done, total)));
        Assert.Equal([(30, 99), (60, 99), (90, 99), (99, 99)], told);

        using var stop = new CancellationTokenSource();
        int done = 0;
        Assert.Throws<OperationCanceledException>(() =>
            perplexity.Measure([text], 10, 10, (d, _) => { done = d; stop.Cancel(); }, stop.Token));
        Assert.Equal(30, done);
    }

    [Fact]
    public void What_cannot_be_measured_is_refused()
    {
        CausalLm model = Tiny("gpt2-tiny-f32");
        var perplexity = new Perplexity(new EditedModel(model));
        Refused<ArgumentException>("no text has two tokens", [[], [5]], 8, 4);
        Refused<ArgumentOutOfRangeException>("windows of 1 tokens, expected 2 to the model's 40", [[1, 2]], 1, 1);
        Refused<ArgumentOutOfRangeException>("windows of 41", [[1, 2]], 41, 1);
        Refused<ArgumentOutOfRangeException>("a stride of 9, expected 1 to the window of 8", [[1, 2]], 8, 9);
        Refused<ArgumentOutOfRangeException>("a stride of 0", [[1, 2]], 8, 0);
        Refused<InputException>("Token 301", [[1, 301, 2]], 8, 8);

        void Refused<T>(string expected, int[][] texts, int window, int stride)
            where T : Exception =>
            Assert.Contains(
                expected, Assert.Throws<T>(() => perplexity.Measure(texts, window, stride)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_of_log_V_is_a_perplexity_of_V_and_log2_V_bits()
    {
        var loss = new TextLoss(3 * Math.Log(256), 3);
        Assert.Equal(Math.Log(256), loss.Mean, 1e-12);
        Assert.Equal(256, loss.Perplexity, 1e-9);
        Assert.Equal(8 * 3 / 12.0, loss.BitsPerByte(12), 1e-12);
    }

    /// <summary>What stands before each token where it is scored, by the definition and token by token.</summary>
    private static IEnumerable<(int[] Context, int Next)> Contexts(int[] text, int window, int stride)
    {
        for (int i = 1; i < text.Length; i++)
        {
            int which = 0; // the first window that reads the token before i
            while (which * stride + window < i) which++;
            yield return (text[(which * stride)..i], text[i]);
        }
    }

    private double Loss(CausalLm model, int[] context, int next) => Loss(Logits(model, context).Logits, next);

    private static double Loss(float[] logits, int next)
    {
        double max = logits.Max();
        return max + Math.Log(logits.Sum(z => Math.Exp(z - max))) - logits[next];
    }

    /// <summary>Eq. 7 word for word: the whole sequence, with what the adaptor answers at the last position alone.</summary>
    private (float[] Logits, bool Answers) Logits(CausalLm model, int[] context, KeyValueAdaptor? adaptor = null)
    {
        using BufferScope scope = device.Scope();
        (int last, int C) = (context.Length - 1, model.Config.NEmbd);
        bool answers = false;
        IReadOnlyList<Opening> openings = adaptor is null
            ? []
            : [new Opening(adaptor.Layer, Site.MlpInput, Site.BlockOutput, Reach.All, (x, output) =>
            {
                Firing[] response = adaptor.Fire(x.Value.Slice(last, 1), RowTokens.None);
                answers = response[0].Adds;
                float[] beside = new float[context.Length * C];
                adaptor.Output(response).ToArray().CopyTo(beside, last * C);
                return Ops.Add(output, device.From(beside, context.Length, C));
            })];
        Tensor hidden = model.Hidden(new TokenBatch([context]), model.NewCache(1, context.Length), openings).Value;
        return (model.Logits(hidden.Slice(last, 1)).Value.ToArray(), answers);
    }

    /// <summary>Neurons born, without retrofit, at the ends of some sequences; each wants token 7, 14, 21 …</summary>
    private static KeyValueAdaptor Taught(CausalLm model, int layer, int[][] prompts)
    {
        var adaptor = new KeyValueAdaptor(model.Device, layer, model.Config.NEmbd, Activation.GeluTanh);
        using BufferScope scope = model.Device.Scope();
        for (int i = 0; i < prompts.Length; i++)
        {
            float[] key = KeyValueAdaptor.Standardize(Trace.Inputs(model, [prompts[i]], [prompts[i].Length - 1], layer)).ToArray();
            float[] value = model.Head.Value.Slice(7 * (i + 1), 1).ToArray();
            adaptor = adaptor.With([new Neuron(7 * (i + 1), key, value, 0.6f * key.Sum(k => k * k), [])], alpha: 1, edit: i + 1);
        }

        return adaptor;
    }

    private CausalLm Tiny(string family, Device? own = null) =>
        CausalLm.Load(TestFiles.Golden(Path.Combine("families", family)), own ?? device);

    /// <summary>Words of three tokens that come back, so that states resemble one another.</summary>
    private static int[] Random(int length, int vocabulary)
    {
        var random = new Rng(5);
        int[][] words = [.. Enumerable.Range(0, 6).Select(_ => Enumerable.Range(0, 3).Select(_ => random.NextInt(vocabulary)).ToArray())];
        return [.. Enumerable.Range(0, length).SelectMany(_ => words[random.NextInt(6)]).Take(length)];
    }
}
