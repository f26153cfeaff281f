using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.IReVa;

/// <summary>Teaching on tiny random models of every family: what is true of edits whatever the blocks are made of.</summary>
public sealed class FamilyEditingTests
{
    private static readonly SamplingOptions Greedy = new();

    public static TheoryData<string> Families => new("gpt2-tiny-f32", "gpt-neo-tiny", "gpt-j-tiny");

    [Theory]
    [MemberData(nameof(Families))]
    public void Twenty_edits_are_learnt_and_withdrawal_restores_the_base_model_bit_for_bit(string family)
    {
        using var tiny = new Model(family);
        (CausalLm model, IReVaModel editor) = (tiny.Lm, tiny.Editor);
        TokenizedRequest[] requests = Requests(model, 20);
        float[][] untouched = [.. requests.Select(request => Last(editor, request))];
        int id = 0;
        foreach (IReadOnlyList<Edit> chunk in editor.TeachAll(requests, tiny.Settings))
            foreach (Edit edit in chunk) editor.Keep(edit with { Id = ++id });
        float[][] taught = [.. requests.Select(request => Last(editor, request))];
        var asked = requests.Select((request, i) => new Question(request.Tokens, i + 1)).ToArray();
        IReadOnlyList<Answer> answers = new TeacherForcing(editor.Edited).Ask(asked);
        Assert.All(answers, answer => Assert.Equal(1, answer.EditedAccuracy)); // ES = 100 %
        Assert.Contains(answers, answer => answer.BaseAccuracy < 1);
        Assert.All(requests, request => Assert.Equal(
            request.Tokens.Target, Generate(editor, request.Tokens.Prompt, request.Tokens.Target.Length)));

        for (int i = 1; i <= 20; i++) editor.SetWithdrawn(i, true);
        for (int i = 0; i < 20; i++) Devices.SameBits(untouched[i], Last(editor, requests[i]), $"withdrawn {i}");
        for (int i = 1; i <= 20; i++) editor.SetWithdrawn(i, false);
        for (int i = 0; i < 20; i++) Devices.SameBits(taught[i], Last(editor, requests[i]), $"restored {i}");
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Taught_together_is_bit_for_bit_taught_one_by_one(string family)
    {
        using Model one = new(family), many = new(family);
        TokenizedRequest[] requests = Requests(one.Lm, 8);
        Edit[] sequential = [.. requests.Select((request, i) =>
        {
            Edit edit = one.Editor.Teach(request, one.Settings) with { Id = i + 1 };
            one.Editor.Keep(edit);
            return edit;
        })];
        Edit[] together = [.. many.Editor.TeachAll(requests, many.Settings).SelectMany(chunk =>
        {
            foreach (Edit edit in chunk) many.Editor.Keep(edit);
            return chunk;
        })];
        foreach ((Neuron expected, Neuron actual) in sequential.SelectMany(IReVaParts.Neurons).Zip(together.SelectMany(IReVaParts.Neurons)))
        {
            Devices.SameBits(expected.Key, actual.Key, "key");
            Devices.SameBits(expected.Value, actual.Value, "value");
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Generating_with_edits_and_a_cache_equals_full_recomputation(string family)
    {
        using var model = new Model(family);
        TokenizedRequest[] requests = Requests(model.Lm, 5);
        foreach (IReadOnlyList<Edit> chunk in model.Editor.TeachAll(requests, model.Settings))
            foreach (Edit edit in chunk) model.Editor.Keep(edit);
        int[] sequence = requests[0].Tokens.Prompt;
        int[] generated = Generate(model.Editor, sequence, model.Lm.Config.NPositions - sequence.Length);
        foreach (int token in generated)
        {
            float[] logits = Last(model.Editor, sequence);
            Assert.Equal(token, Array.IndexOf(logits, logits.Max()));
            sequence = [.. sequence, token];
        }
    }

    [Fact]
    public void Each_family_has_the_defaults_its_authors_found()
    {
        IReVaSettings neo = IReVaSettings.For(PublishedSizes.All["gpt-neo-2.7b"]), j = IReVaSettings.For(PublishedSizes.All["gpt-j-6b"]);
        Assert.Equal(new IReVaSettings { Layer = 46, AsPublished = false }, IReVaSettings.For(PublishedSizes.All["gpt2-xl"]));
        Assert.Equal(34, IReVaSettings.For(PublishedSizes.All["gpt2-large"]).Layer);
        Assert.Equal(new IReVaSettings { Layer = 30, Alpha = 0.1f, Retrofit = false, AsPublished = false }, neo);
        Assert.Equal(new IReVaSettings { Layer = 26, LearningRate = 5e-3f, AsPublished = false }, j);
        Assert.Equal(3, IReVaSettings.For(PublishedSizes.All["gpt2-xl"], layer: 3).Layer);
    }

    /// <summary>Random prompts of several lengths, one or two target tokens each; no two end alike.</summary>
    private static TokenizedRequest[] Requests(CausalLm model, int count)
    {
        var rng = new Rng(7);
        var lastTokens = new HashSet<int>();
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            int[] prompt = Tokens(5 + i % 9);
            while (!lastTokens.Add(prompt[^1])) prompt[^1] = rng.NextInt(model.Config.VocabSize);
            return new TokenizedRequest(new EditRequest($"prompt {i}", $"target {i}"), new EditTokens(prompt, Tokens(1 + i % 2)), []);
        })];

        int[] Tokens(int length) => [.. Enumerable.Range(0, length).Select(_ => rng.NextInt(model.Config.VocabSize))];
    }

    private static float[] Last(IReVaModel editor, TokenizedRequest request) => Last(editor, request.Tokens.Prompt);

    private static float[] Last(IReVaModel editor, int[] tokens) =>
        new DecodeSession(editor.Model, 1, tokens.Length, editor.Edited.Openings).Advance(new TokenBatch(tokens)).ToArray();

    private static int[] Generate(IReVaModel editor, int[] prompt, int count) =>
        [.. Generator.Generate(editor.Model, prompt, count, endTokens: [], Greedy, editor.Edited.Openings)];

    private sealed class Model : IDisposable
    {
        private readonly Device device = Devices.Create("cpu-1-thread");

        public Model(string family)
        {
            Lm = CausalLm.Load(TestFiles.Golden(Path.Combine("families", family)), device);
            Settings = new IReVaSettings
            {
                Layer = IReVaSettings.SuggestedLayer(Lm.Config),
                Alpha = 1,
                Theta = 0.85f,
                RecWeight = 0.1f,
                Epochs = 20,
            };
            Editor = new IReVaModel(Lm, Settings.Layer);
        }

        public CausalLm Lm { get; }

        public IReVaSettings Settings { get; }

        public IReVaModel Editor { get; }

        public void Dispose() => device.Dispose();
    }
}
