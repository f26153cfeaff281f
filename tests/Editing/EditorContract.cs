using System.Collections.Concurrent;
using Sharpformer.Editing;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Editing;

/// <summary>
/// What every method of editing promises, on the bundled model. To test a method, derive from this and name it; docs/adding-an-editor.md
/// goes through it.
/// </summary>
public abstract class EditorContract : IDisposable
{
    private static readonly EditRequest[] Facts =
    [
        new("The Legend of Zelda is developed by", "Nintendo", "The Legend of Zelda"),
        new("Lucian Freud died in", "London", "Lucian Freud"),
        new("Mike Trout plays in the position of", "outfielder", "Mike Trout"),
    ];

    // A method teaches once for all of its tests, in whichever comes first; what is taught is plain data, which outlives its model.
    private static readonly ConcurrentDictionary<Type, Taught> TaughtBy = new();

    private readonly Lazy<Taught> taught;

    protected EditorContract()
    {
        Model = CausalLm.Load(TestFiles.Model, Device);
        taught = new(() => TaughtBy.GetOrAdd(GetType(), _ => TeachAll()));
    }

    /// <summary>The method.</summary>
    protected abstract IEditor Editor { get; }

    /// <summary>Settings that teach the bundled model.</summary>
    protected abstract EditSettings Settings { get; }

    /// <summary>Whether a target is learnt so well that it is said; a method that cannot do that says why.</summary>
    protected virtual bool LearnsWhatItIsTaught => true;

    /// <summary>What the method finds around it.</summary>
    protected virtual TeachingContext Context => new()
    {
        Tokenizer = Tokenizer,
        BosId = Tokenizer.BosId,
        EosId = Tokenizer.EosId,
        Prompts = [.. Requests.Select(r => r.Tokens.Prompt)],
        Facts = Facts,
    };

    protected CpuDevice Device { get; } = new(threads: 1); // tests run side by side

    protected CausalLm Model { get; }

    /// <summary>The base model, as edits are applied to it.</summary>
    protected EditedModel Base => new(Model) { Tokenizer = Tokenizer };

    protected Tokenizer Tokenizer { get; } = Tokenizer.Load(TestFiles.Model);

    protected IReadOnlyList<TokenizedRequest> Requests =>
        [.. Facts.Select(f => TokenizedRequest.Of(Tokenizer, f, Model.Config.NPositions))];

    public void Dispose()
    {
        Device.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void It_is_in_the_catalogue_with_settings_that_come_back_from_text()
    {
        Assert.Same(Editor.GetType(), EditorCatalog.Named(Editor.Name).GetType());
        Assert.IsType(Editor.SettingsType, Settings);
        Assert.Equal(Editor.Name, Settings.Method);
        Assert.Equal(Settings.ToJson(), EditSettings.Parse(Editor.Name, Settings.ToJson()).ToJson());
        Assert.IsType(Editor.SettingsType, Editor.SettingsFor(Model.Config));
    }

    [Fact]
    public void Teaching_gives_an_edit_per_request_and_changes_nothing()
    {
        Assert.Equal(Facts, Edits.Select(edit => edit.Request));
        Assert.All(Edits, edit => Assert.Equal(Settings.ToJson(), edit.Settings.ToJson()));
        Assert.Equal(taught.Value.Before, taught.Value.After);
    }

    [Fact]
    public void Applied_edits_are_said_and_the_base_model_keeps_its_bits()
    {
        float[] before = Logits(Base, 0);
        EditedModel edited = Applied(Edits);
        Assert.Same(Model, edited.Base);
        Assert.NotNull(edited.FirstTouched);
        Assert.NotEqual(before, Logits(edited, 0));
        Assert.Equal(before, Logits(Base with { Model = edited.Base }, 0));
        if (!LearnsWhatItIsTaught) return;
        Question[] questions = [.. Requests.Select(r => new Question(r.Tokens))];
        Assert.All(new TeacherForcing(edited).Ask(questions), answer => Assert.Equal(1, answer.EditedAccuracy));
    }

    [Fact]
    public void At_once_or_one_by_one_the_fold_gives_the_same_bits()
    {
        EditedModel atOnce = Applied(Edits), step = Base;
        foreach (IGrouping<long, Edit> batch in Edits.GroupBy(edit => edit.Batch)) step = Editor.Apply(step, [.. batch]);
        for (int i = 0; i < Facts.Length; i++) Assert.Equal(Logits(atOnce, i), Logits(step, i));
        Assert.Equal(Logits(atOnce, 1), Logits(Applied(Edits), 1)); // and it is pure
    }

    [Fact]
    public void Withdrawing_is_what_the_method_says_it_is_and_restoring_brings_every_bit_back()
    {
        float[][] all = AllLogits(Applied(Edits));
        Edit[] without = [.. Edits.Select((edit, i) => i == 1 ? edit with { Status = EditStatus.Withdrawn } : edit)];
        EditedModel withdrawn = Applied(without);
        Assert.NotEqual(all[1], Logits(withdrawn, 1));
        if (Editor.Reversal == Reversal.Exact) // on its own prompt nothing else answers
            Assert.Equal(Logits(Base, 1), Logits(withdrawn, 1));
        Edit[] none = [.. Edits.Select(edit => edit with { Status = EditStatus.Withdrawn })];
        Assert.Equal(AllLogits(Base), AllLogits(Applied(none)));
        Assert.Equal(all, AllLogits(Applied([.. without.Select(edit => edit with { Status = EditStatus.Active })])));
    }

    [Fact]
    public void From_a_store_edits_come_back_with_every_bit()
    {
        using var session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 1 });
        session.UseMemory();
        foreach (IGrouping<long, Edit> batch in Edits.GroupBy(edit => edit.Batch)) session.Store.AddOnce([.. batch]);
        IReadOnlyList<Edit> stored = session.Store.List(withParts: true, includeRemoved: false);
        Assert.Equal(AllLogits(Applied([.. Edits.Select((edit, i) => edit with { Id = i + 1 })])), AllLogits(Applied(stored)));
    }

    [Fact]
    public void A_subset_is_the_fold_over_that_subset()
    {
        Edit[] one = [Edits[0]];
        EditedModel edited = Applied(one);
        Assert.NotEqual(Logits(Base, 0), Logits(edited, 0));
        Assert.Equal(AllLogits(edited), AllLogits(EditorCatalog.Apply(Base, one)));
    }

    private IReadOnlyList<Edit> Edits => taught.Value.Edits;

    private Taught TeachAll()
    {
        float[] before = Logits(Base, 0);
        TeachingContext context = Context;
        var soFar = Base;
        var edits = new List<Edit>();
        long batch = 0;
        foreach (IReadOnlyList<TokenizedRequest> portion in Editor.Batches(Requests, Settings, context))
        {
            batch++;
            Edit[] made = [.. Editor.Teach(portion, soFar, Settings, context)
                .Select((edit, i) => edit with { Id = edits.Count + i + 1, Batch = batch })];
            edits.AddRange(made);
            soFar = Editor.Apply(soFar, made);
        }

        return new Taught(edits, before, Logits(Base, 0));
    }

    private EditedModel Applied(IReadOnlyList<Edit> edits) => Editor.Apply(Base, edits);

    private float[][] AllLogits(EditedModel model) => [.. Enumerable.Range(0, Facts.Length).Select(i => Logits(model, i))];

    private float[] Logits(EditedModel model, int fact)
    {
        using BufferScope scope = Device.Scope();
        PromptReading reading = model.Reading(Requests[fact].Tokens.Prompt);
        return new DecodeSession(reading.Model, 1, reading.Tokens.Length, reading.Openings)
            .Advance(new TokenBatch(reading.Tokens)).ToArray();
    }

    /// <summary>What a method has taught.</summary>
    /// <param name="Edits">The edits.</param>
    /// <param name="Before">The base model's logits before.</param>
    /// <param name="After">The same afterwards, of the very model that was there.</param>
    private sealed record Taught(IReadOnlyList<Edit> Edits, float[] Before, float[] After);
}
