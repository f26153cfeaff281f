using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Editing.Methods.IReVa;

/// <summary>Teaching on the bundled model: what is true of every edit, whatever its numbers.</summary>
public sealed class IReVaTeachingTests : IDisposable
{
    private static readonly IReVaSettings Settings = new() { Layer = 4, Theta = 0.85f, Alpha = 1, RecWeight = 0.1f };
    private static readonly EditRequest Zelda = new("The Legend of Zelda is developed by", "Nintendo", "The Legend of Zelda");
    private readonly CpuDevice device = new(threads: 1); // tests run side by side
    private readonly CausalLm model;
    private readonly Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model);
    private readonly IReVaModel editor;

    public IReVaTeachingTests()
    {
        model = CausalLm.Load(TestFiles.Model, device);
        editor = new IReVaModel(model, 4);
    }

    public void Dispose() => device.Dispose();

    [Fact]
    public void A_taught_fact_is_generated_withdrawn_and_restored_bit_for_bit()
    {
        float[] untouched = Logits(Zelda.Prompt);
        Edit edit = editor.Teach(Request(Zelda), Settings) with { Id = 1 };
        Assert.Equal(untouched, Logits(Zelda.Prompt)); // nothing answers before Keep
        editor.Keep(edit);
        float[] taught = Logits(Zelda.Prompt);
        Assert.Equal(" Nintendo", Greedy(taught));
        Assert.Equal(" -", Greedy(untouched));

        editor.SetWithdrawn(1, true);
        Assert.Equal(untouched, Logits(Zelda.Prompt));
        editor.SetWithdrawn(1, false);
        Assert.Equal(taught, Logits(Zelda.Prompt));
    }

    [Theory]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Silu)]
    public void A_fact_is_learnt_with_every_activation(Activation f)
    {
        float[] untouched = Logits(Zelda.Prompt);
        var other = new IReVaModel(model, new KeyValueAdaptor(device, 4, model.Config.NEmbd, f));
        TokenizedRequest[] requests = [Request(Zelda), Request(new EditRequest("The Legend of Zelda is made by", "a small town"))];
        Edit[] edits = [.. other.TeachAll(requests, Settings).Single().Select((edit, i) => edit with { Id = i + 1 })];
        IReadOnlyList<EpochLoss> losses = IReVaParts.Neurons(edits[0])[0].Losses;
        Assert.True(losses[^1].Edit < losses[0].Edit / 2, $"{losses[0].Edit} to {losses[^1].Edit}");
        foreach (Edit edit in edits)
        {
            Edit alone = other.Teach(Request(edit.Request), Settings);
            for (int i = 0; i < IReVaParts.Neurons(edit).Count; i++)
            {
                Assert.Equal(IReVaParts.Neurons(alone)[i].Key, IReVaParts.Neurons(edit)[i].Key);
                Assert.Equal(IReVaParts.Neurons(alone)[i].Value, IReVaParts.Neurons(edit)[i].Value);
            }

            other.Keep(edit);
        }

        Assert.Equal(" Nintendo", Greedy(Logits(Zelda.Prompt, other)));
        other.SetWithdrawn(1, true);
        Assert.Equal(untouched, Logits(Zelda.Prompt, other));
    }

    [Fact]
    public void A_long_target_gets_a_neuron_per_token_and_is_generated_whole()
    {
        var request = new EditRequest("What is the birthplace of Mike Zwerin? Answer:", "a small town near the river");
        Edit edit = editor.Teach(Request(request), Settings with { Epochs = 10 }) with { Id = 1 };
        editor.Keep(edit);
        Assert.Equal(tokenizer.Encode(" a small town near the river"), edit.TargetTokens);
        Assert.Equal(edit.TargetTokens, IReVaParts.Neurons(edit).Select(n => n.TargetToken));
        Assert.Equal(edit.TargetTokens, Generator.Generate(
            model, edit.PromptTokens, edit.TargetTokens.Length, tokenizer.EosIds, new SamplingOptions(), editor.Edited.Openings));
    }

    [Fact]
    public void Without_retrofit_a_neuron_stays_as_it_was_born()
    {
        Neuron neuron = IReVaParts.Neurons(editor.Teach(Request(Zelda), Settings with { Retrofit = false })).Single();
        double square = neuron.Key.Sum(k => (double)k * k);
        Assert.Equal(model.Config.NEmbd - 1, square, 1e-3);
        Assert.Equal(0.85 * square, neuron.Threshold, 1e-3);
        Assert.Equal(model.Head.Value.Slice(neuron.TargetToken, 1).ToArray(), neuron.Value);
        Assert.Empty(neuron.Losses);
    }

    [Fact]
    public void Training_lowers_the_loss_and_the_irrelevance_term_counts()
    {
        string[] others = ["Baywatch was originally aired on", "Procopius died in", "Sega is"];
        var sampler = new OutOfScopeSampler(model, 4, tokenizer.BosId, tokenizer.EosId, [.. others.Select(tokenizer.Encode)], seed: 0);
        IReadOnlyList<EpochLoss> losses = IReVaParts.Neurons(editor.Teach(Request(Zelda), Settings))[0].Losses;
        Assert.Equal(5, losses.Count);
        Assert.True(losses[^1].Edit < losses[0].Edit / 2, $"{losses[0].Edit} to {losses[^1].Edit}");
        Assert.All(losses, loss => Assert.Equal(0, loss.Irr));

        // At θ = 0 unrelated prompts lie above the threshold, so L_irr has something to push down.
        IReVaSettings eager = Settings with { Theta = 0.001f, IrrWeight = 0.1f };
        Edit taught = editor.Teach(Request(Zelda), eager, sampler.StatesFor([Request(Zelda)]));
        IReadOnlyList<EpochLoss> irrelevant = IReVaParts.Neurons(taught)[0].Losses;
        Assert.True(irrelevant[0].Irr > 0);
        Assert.True(irrelevant[^1].Irr < irrelevant[0].Irr, $"{irrelevant[0].Irr} to {irrelevant[^1].Irr}");
    }

    [Fact]
    public void One_and_two_threads_and_a_second_run_give_the_same_bits()
    {
        EditRecord[] records = [.. EditRecord.Load(TestFiles.Facts("zsre"), 6)];
        float[][][] runs = [.. new[] { 1, 2, 2 }.Select(threads =>
        {
            using var own = new CpuDevice(threads);
            CausalLm lm = CausalLm.Load(TestFiles.Model, own);
            var teacher = new IReVaModel(lm, 4);
            TokenizedRequest[] requests = [.. records.Select(r => Request(r.ToRequest(" Answer:")))];
            var sampler = new OutOfScopeSampler(
                lm, 4, tokenizer.BosId, tokenizer.EosId, [.. requests.Select(l => l.Tokens.Prompt)], seed: 3);
            var vectors = new List<float[]>();
            foreach (Edit edit in teacher.TeachAll(requests, Settings, sampler).SelectMany(chunk => chunk))
            {
                teacher.Keep(edit with { Id = vectors.Count + 1 });
                vectors.AddRange(IReVaParts.Neurons(edit).SelectMany(n => new[] { n.Key, n.Value }));
            }

            return vectors.ToArray();
        })];
        Assert.Equal(runs[0], runs[1]);
        Assert.Equal(runs[0], runs[2]);
    }

    [Fact]
    public void Free_running_success_is_what_generation_shows()
    {
        EditRecord[] records = [.. EditRecord.Load(TestFiles.Facts("zsre"), 12)];
        foreach (EditRecord record in records.Take(6)) // half of them taught, so that some succeed and some fail
            editor.Keep(editor.Teach(Request(record.ToRequest(" Answer:")), Settings) with { Id = editor.Adaptor.Count + 1 });
        // Longer targets: the answers of unrelated questions.
        Question[] questions = [.. records
            .SelectMany(r => new[] { (r.EditPrompt(" Answer:"), r.Target), (r.Probes[0].Prompt + " Answer:", r.Probes[0].Answers[0]) })
            .Select(q => new Question(EditTokens.Of(tokenizer, q.Item1, q.Item2, model.Config.NPositions)))];
        IReadOnlyList<Answer> answers = new TeacherForcing(editor.Edited).Ask(questions);
        int successes = 0;
        for (int i = 0; i < questions.Length; i++)
        {
            (int[] prompt, int[] target) = questions[i].Tokens;
            int[] made = [.. Generator.Generate(model, prompt, target.Length, endTokens: [], new(), editor.Edited.Openings)];
            Assert.Equal(made.SequenceEqual(target), answers[i].EditedAccuracy == 1);
            if (answers[i].EditedAccuracy == 1) successes++;
        }

        Assert.InRange(successes, 1, questions.Length - 1);
    }

    [Fact]
    public void The_explanation_names_the_neuron_that_answers_and_by_how_much()
    {
        editor.Keep(editor.Teach(Request(Zelda), Settings) with { Id = 4 });
        editor.Keep(editor.Teach(Request(new EditRequest("Procopius died in", "Constantinople")), Settings) with { Id = 9 });
        Explanation why = Explanation.Of(editor.Edited, tokenizer.Encode("The Legend of Zelda, created by"));
        Assert.Equal(FiringState.Answers, why.First.State);
        Assert.Equal(4, why.Nearest[0].Edit);
        Assert.Equal(9, why.Nearest[1].Edit);
        Assert.True(why.Nearest[0].Margin > 0 && why.Nearest[1].Margin < 0);
        TokenChange most = why.Changes[0];
        Assert.Equal(" Nintendo", tokenizer.Decode([most.Token]));
        Assert.True(most.ProbabilityAfter > 0.5 && most.ProbabilityBefore < 0.5);

        Explanation silent = Explanation.Of(editor.Edited, tokenizer.Encode("Korean is the language of"));
        Assert.False(silent.First.Adds);
        Assert.All(silent.Changes, change => Assert.Equal(change.LogitBefore, change.LogitAfter));
    }

    [Fact]
    public void Unusable_requests_are_told()
    {
        Assert.Contains("prompt is empty", Refused(new EditRequest("", "x")), StringComparison.Ordinal);
        Assert.Contains("is empty", Refused(new EditRequest("a", "  ")), StringComparison.Ordinal);
        string longPrompt = string.Concat(Enumerable.Repeat(" the", 200));
        Assert.Contains("positions are 128", Refused(new EditRequest(longPrompt, "x")), StringComparison.Ordinal);
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => editor.Teach(Request(Zelda), Settings, cancellation: stop.Token));
        Assert.Throws<ArgumentException>(() => editor.Teach(Request(Zelda), Settings with { Layer = 3 }));
    }

    private string Refused(EditRequest request) => Assert.Throws<InputException>(() => editor.Teach(Request(request), Settings)).Message;

    private TokenizedRequest Request(EditRequest request) => TokenizedRequest.Of(tokenizer, request, model.Config.NPositions);

    private float[] Logits(string prompt, IReVaModel? asked = null)
    {
        int[] tokens = tokenizer.Encode(prompt);
        return new DecodeSession(model, 1, tokens.Length, (asked ?? editor).Edited.Openings).Advance(new TokenBatch(tokens)).ToArray();
    }

    private string Greedy(float[] logits) => tokenizer.Decode([Array.IndexOf(logits, logits.Max())]);
}
