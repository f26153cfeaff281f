using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors;
using Sharpformer.Tests.Editing.Store;

namespace Sharpformer.Tests.Editing;

/// <summary>The public face: what programs do with a model and its edits.</summary>
public sealed class SessionTests
{
    private static readonly IReVaSettings Strong = new() { Layer = 4, Theta = 0.85f, Alpha = 1, IrrWeight = 0 };
    private static readonly EditRequest Zelda = new("The Legend of Zelda is developed by", "Nintendo", "The Legend of Zelda");

    [Fact]
    public void Eight_lines_teach_ask_and_take_back()
    {
        using var model = EditableModel.Load(TestFiles.Model);
        string before = model.Generate("Douglas Adams works as", maxNewTokens: 1);
        Edit edit = model.Teach("Douglas Adams works as", "author");
        Assert.Equal(1, edit.Id);
        Assert.Equal(" author", model.Generate("Douglas Adams works as", maxNewTokens: 1));
        Assert.Equal(1, model.Teach("Douglas Adams works as", "author").Id); // there already
        model.Withdraw(1);
        Assert.Equal(before, model.Generate("Douglas Adams works as", maxNewTokens: 1));
        model.Restore(1);
        Assert.Equal(" author", model.Generate("Douglas Adams works as", maxNewTokens: 1));
        Assert.Equal(
            [EditAction.Added, EditAction.Withdrawn, EditAction.Restored], model.Session.Events(1).Select(e => e.Action));
    }

    [UnixFact]
    public void Every_descriptor_is_closed_with_the_session()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        string store = folder.File("edits.db");
        Open(StoreAccess.Create, session => session.Store.Add(StoreFolder.Edit(1, session.Model.Config.NEmbd)));
        Assert.True(File.Exists(store));
        int before = Directory.GetFiles("/proc/self/fd").Length;
        for (int i = 0; i < 200; i++) Open(i % 2 == 0 ? StoreAccess.Read : StoreAccess.Change);
        // Tests beside this one open files too, but not 200 of them.
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 0, before + 100);

        void Open(StoreAccess access, Action<Session>? change = null)
        {
            using var session = Session.Open(TestFiles.Golden("families/gpt2-tiny-f32"), new SessionOptions { NeedsTokenizer = false });
            session.OpenStore(store, access);
            change?.Invoke(session);
            Assert.Equal(1, session.Store.Count().Active);
        }
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class UnixFactAttribute : FactAttribute
    {
        public UnixFactAttribute() => Skip = Directory.Exists("/proc/self/fd") ? null : "Descriptors are counted in /proc.";
    }

    [Fact]
    public void Edits_in_a_file_outlive_the_model_that_was_taught()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        using (var model = EditableModel.Load(TestFiles.Model, folder.File("edits.db")))
            model.Teach(Zelda.Prompt, Zelda.Target, settings: Strong);
        using var again = EditableModel.Load(TestFiles.Model, folder.File("edits.db"));
        Assert.Equal(" Nintendo", again.Generate(Zelda.Prompt, maxNewTokens: 1));
    }

    [Fact]
    public void Calls_from_several_threads_wait_for_one_another_and_each_gets_its_own_answer()
    {
        using Session session = Open();
        session.Teach(session.Tokenize([Zelda]), Strong);
        string[] prompts = [Zelda.Prompt, "Korean is the language of", "Lucian Freud died in", "Anatole France was born in"];
        string[] alone = [.. prompts.Select(p => session.Generate(p, 4).Text)];
        var answers = new string[40];
        var eight = new ParallelOptions { MaxDegreeOfParallelism = 8 };
        Parallel.For(0, answers.Length, eight, i => answers[i] = session.Generate(prompts[i % 4], 4).Text);
        for (int i = 0; i < answers.Length; i++) Assert.Equal(alone[i % 4], answers[i]);
    }

    [Fact]
    public void A_cancelled_run_says_what_was_not_done_and_the_next_one_goes_on()
    {
        using Session session = Open();
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        TeachingReport none = session.Teach(session.Tokenize([Zelda]), Strong, cancellation: stop.Token);
        Assert.Equal((0, 0, 1, Zelda), (none.Added.Count, none.Skipped, none.NotDone, none.FirstNotDone));
        TeachingReport one = session.Teach(session.Tokenize([Zelda]), Strong);
        Assert.Equal((1, 0, 0), (one.Added.Count, one.Skipped, one.NotDone));
        TeachingReport again = session.Teach(session.Tokenize([Zelda, Zelda]), Strong with { Theta = 0.9f });
        Assert.Equal((0, 2, 0), (again.Added.Count, again.Skipped, again.NotDone));
        Assert.Equal(one.Added[0].Id, Assert.Single(again.OtherwiseMade).Id);
    }

    [Fact]
    public void Progress_and_the_edits_that_answered_are_told()
    {
        using Session session = Open();
        var steps = new List<Step>();
        session.Teach(session.Tokenize([Zelda]), Strong, progress: new Steps(steps));
        Assert.Equal([new Step("Teaching", "edits", 1, 1), new Step("Asking", "questions", 1, 1)], steps);
        Assert.Equal([1L], session.Generate(Zelda.Prompt, 1).Answered);
        Assert.Empty(session.Generate("Korean is the language of", 1).Answered);
        Assert.Equal(FiringState.Answers, session.Explain(Zelda.Prompt).First.State);
        session.Withdraw(1, "a test");
        Assert.Equal(FiringState.Withdrawn, session.Explain(Zelda.Prompt).First.State);
        Assert.Equal("a test", session.Events(1)[^1].Reason);
    }

    [Fact]
    public void What_cannot_be_done_is_said_in_a_sentence_and_the_session_goes_on()
    {
        using Session session = Open();
        Assert.Contains("no edit 7: it is empty", Assert.Throws<InputException>(
            () => session.Withdraw(7)).Message, StringComparison.Ordinal);
        Assert.Contains("prompt is empty", Assert.Throws<InputException>(() => session.Generate("", 1)).Message, StringComparison.Ordinal);
        Assert.Contains("2 of 3 records cannot be taught, the first is record 1", Assert.Throws<InputException>(
            () => session.Tokenize([Zelda, Zelda with { Prompt = "" }, Zelda with { Target = " " }])).Message, StringComparison.Ordinal);
        Assert.Contains("\"none\" is unknown", Assert.Throws<InputException>(
            () => session.SettingsFor("none")).Message, StringComparison.Ordinal);
        using Session without = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 1 });
        Assert.Throws<InvalidOperationException>(() => without.Edits());
        Assert.Equal(4, session.Generate("Korean is the language of", 4).Tokens.Count);
        Assert.Contains("no such folder", Assert.Throws<InputException>(() => Session.Open("nowhere")).Message, StringComparison.Ordinal);
    }

    private static Session Open()
    {
        var session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 1 });
        session.UseMemory();
        return session;
    }

    private sealed class Steps(List<Step> told) : IProgress<Step>
    {
        public void Report(Step value) => told.Add(value);
    }
}
