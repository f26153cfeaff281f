using Sharpformer.Editing;
using Sharpformer.Editing.Adaptor;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Adaptor;

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
        (CausalLm model, Editor editor) = (tiny.Lm, tiny.Editor);
        Lesson[] lessons = Lessons(model, 20);
        float[][] untouched = [.. lessons.Select(lesson => Last(editor, lesson))];
        int id = 0;
        foreach (IReadOnlyList<Edit> chunk in editor.TeachAll(lessons, tiny.Settings))
            foreach (Edit edit in chunk) editor.Keep(edit with { Id = ++id });
        float[][] taught = [.. lessons.Select(lesson => Last(editor, lesson))];
        var asked = lessons.Select((lesson, i) => new Question(lesson.Tokens, i + 1)).ToArray();
        IReadOnlyList<Answer> answers = new TeacherForcing(model, editor.Adaptor).Ask(asked);
        Assert.All(answers, answer => Assert.Equal(1, answer.EditedAccuracy)); // ES = 100 %
        Assert.Contains(answers, answer => answer.BaseAccuracy < 1);
        Assert.All(lessons, lesson => Assert.Equal(lesson.Tokens.Target, Generate(editor, lesson.Tokens.Prompt, lesson.Tokens.Target.Length)));

        for (int i = 1; i <= 20; i++) editor.Adaptor.SetWithdrawn(i, true);
        for (int i = 0; i < 20; i++) Devices.SameBits(untouched[i], Last(editor, lessons[i]), $"withdrawn {i}");
        for (int i = 1; i <= 20; i++) editor.Adaptor.SetWithdrawn(i, false);
        for (int i = 0; i < 20; i++) Devices.SameBits(taught[i], Last(editor, lessons[i]), $"restored {i}");
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Taught_together_is_bit_for_bit_taught_one_by_one(string family)
    {
        using Model one = new(family), many = new(family);
        Lesson[] lessons = Lessons(one.Lm, 8);
        Edit[] sequential = [.. lessons.Select((lesson, i) =>
        {
            Edit edit = one.Editor.Teach(lesson, one.Settings) with { Id = i + 1 };
            one.Editor.Keep(edit);
            return edit;
        })];
        Edit[] together = [.. many.Editor.TeachAll(lessons, many.Settings).SelectMany(chunk =>
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
        Lesson[] lessons = Lessons(model.Lm, 5);
        foreach (IReadOnlyList<Edit> chunk in model.Editor.TeachAll(lessons, model.Settings))
            foreach (Edit edit in chunk) model.Editor.Keep(edit);
        int[] sequence = lessons[0].Tokens.Prompt;
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
        Assert.Equal(new IReVaSettings { Layer = 46 }, IReVaSettings.For(PublishedSizes.All["gpt2-xl"]));
        Assert.Equal(34, IReVaSettings.For(PublishedSizes.All["gpt2-large"]).Layer);
        Assert.Equal(new IReVaSettings { Layer = 30, Alpha = 0.1f, Retrofit = false }, neo);
        Assert.Equal(new IReVaSettings { Layer = 26, LearningRate = 5e-3f }, j);
        Assert.Equal(3, IReVaSettings.For(PublishedSizes.All["gpt2-xl"], layer: 3).Layer);
    }

    /// <summary>Random prompts of several lengths, one or two target tokens each; no two end alike.</summary>
    private static Lesson[] Lessons(CausalLm model, int count)
    {
        var rng = new Rng(7);
        var lastTokens = new HashSet<int>();
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            int[] prompt = Tokens(5 + i % 9);
            while (!lastTokens.Add(prompt[^1])) prompt[^1] = rng.NextInt(model.Config.VocabSize);
            return new Lesson(new EditRequest($"prompt {i}", $"target {i}"), new EditTokens(prompt, Tokens(1 + i % 2)), []);
        })];

        int[] Tokens(int length) => [.. Enumerable.Range(0, length).Select(_ => rng.NextInt(model.Config.VocabSize))];
    }

    private static float[] Last(Editor editor, Lesson lesson) => Last(editor, lesson.Tokens.Prompt);

    private static float[] Last(Editor editor, int[] tokens) =>
        new DecodeSession(editor.Model, 1, tokens.Length, editor.Adaptor.Openings).Advance(new TokenBatch(tokens)).ToArray();

    private static int[] Generate(Editor editor, int[] prompt, int count) =>
        [.. Generator.Generate(editor.Model, prompt, count, endToken: -1, Greedy, editor.Adaptor.Openings)];

    private sealed class Model : IDisposable
    {
        private readonly Device device = Devices.Create("cpu-1-thread");

        public Model(string family)
        {
            Lm = CausalLm.Load(TestFiles.Golden(Path.Combine("families", family)), device);
            Settings = new IReVaSettings { Layer = IReVaSettings.SuggestedLayer(Lm.Config), Alpha = 1, Theta = 0.85f, RecWeight = 0.1f, Epochs = 20 };
            Editor = new Editor(Lm, new KeyValueAdaptor(device, Settings.Layer, Lm.Config.NEmbd, Lm.Config.Activation));
        }

        public CausalLm Lm { get; }

        public IReVaSettings Settings { get; }

        public Editor Editor { get; }

        public void Dispose() => device.Dispose();
    }
}
