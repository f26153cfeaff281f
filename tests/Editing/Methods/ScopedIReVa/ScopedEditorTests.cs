using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Methods.ScopedIReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.ScopedIReVa;

/// <summary>Neurons that know what they are about, on the bundled model.</summary>
public sealed class ScopedEditorTests : IDisposable
{
    private const int Facts = 60;

    private static readonly ScopedSettings Settings = new() { Layer = 4, Alpha = 1, RecWeight = 0.1f, Epochs = 10 };

    private readonly Session session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 2 });
    private readonly IReadOnlyList<EditRecord> records = EditRecord.Load(TestFiles.Facts("counterfact"), 400);

    public ScopedEditorTests() => session.UseMemory();

    public void Dispose() => session.Dispose();

    [Fact]
    public void It_is_said_in_other_words_and_behind_a_sentence_and_neighbours_keep_their_answers()
    {
        EditRecord[] taught = [.. records.Take(Facts)];
        Teach(taught.Select(record => record.ToRequest("")));
        var triggers = new Triggers("", " Answer:");
        EvaluationReport report = session.Evaluate(taught, triggers, [.. records.Skip(300)]);
        Assert.True(report.Edited.Es >= 96, $"ES {report.Edited.Es}");
        Assert.True(report.Edited.Ps >= 85, $"PS {report.Edited.Ps}");
        Assert.True(report.NeighbourRetention >= 99, $"neighbours {report.NeighbourRetention}");
        EditRecord[] behind = [.. taught.Select(record => record with { Prompt = "Angela Merkel worked in Berlin. " + record.Prompt })];
        Assert.True(session.Evaluate(behind, triggers).Edited.Es >= 85);

        // Behind a sentence about an edited subject, another one is asked for.
        EditRecord[] beside = [.. records.Skip(300).Select((record, i) =>
            record with { Prompt = $"I read about {taught[i % Facts].Subject}. {record.Prompt}" })];
        Assert.Equal(100, session.Evaluate(taught, triggers, beside).NeighbourRetention);

        // Other subjects in the very same words: the lock alone keeps them out.
        foreach (EditRecord record in taught.Take(20))
        {
            string other = record.Prompt.Replace(record.Subject!, "Angela Merkel", StringComparison.Ordinal);
            Assert.Equal(BaseLogits(other), session.NextTokenLogits(other));
            string longer = record.Prompt.Replace(record.Subject!, record.Subject + " Junior", StringComparison.Ordinal);
            Assert.Equal(BaseLogits(longer), session.NextTokenLogits(longer));
        }
    }

    [Fact]
    public void In_portions_one_by_one_or_at_once_edits_have_the_same_bits()
    {
        EditRequest[] facts = [.. records.Take(30).Select(record => record.ToRequest(""))];
        Teach(facts);
        float[][] atOnce = Numbers();
        session.UseMemory();
        Teach(facts, new TeachingOptions { Check = false, IsSequential = true });
        Assert.Equal(atOnce, Numbers());
        session.UseMemory();
        for (int i = 1; i <= 3; i++) Teach(facts, new TeachingOptions { Check = false, Share = (i, 3) });
        Assert.Equal(atOnce, Numbers());

        float[][] Numbers() => [.. session.Store.List(withParts: true, includeRemoved: false)
            .SelectMany(edit => edit.Parts).Select(part => part.Values)];
    }

    [Fact]
    public void Withdrawn_the_base_model_answers_and_restored_every_bit_is_back()
    {
        Teach(records.Take(5).Select(record => record.ToRequest("")));
        string[] prompts = [.. records.Take(5).Select(record => record.Prompt)];
        float[][] all = [.. prompts.Select(session.NextTokenLogits)];
        session.Withdraw(2);
        Assert.Equal(BaseLogits(prompts[1]), session.NextTokenLogits(prompts[1]));
        Assert.Equal(all[0], session.NextTokenLogits(prompts[0]));
        session.Restore(2);
        Assert.Equal(all, prompts.Select(session.NextTokenLogits));
    }

    [Fact]
    public void An_alias_opens_it_and_capitals_count_unless_they_shall_not()
    {
        var fact = new EditRequest("Lucian Freud died in", "Bern", "Lucian Freud")
        {
            Provenance = Provenance.Of([(EditRequest.AliasesName, Provenance.TextOf(["Freud", "the painter"]))]),
        };
        Assert.Equal(["Freud", "the painter"], fact.Aliases);
        Teach([fact]);
        Assert.Equal(" Bern", Says("Lucian Freud died in"));
        Assert.Equal(" Bern", Says("Freud died in"));
        Assert.Equal(BaseLogits("Lucian died in"), session.NextTokenLogits("Lucian died in"));
        Assert.Equal(BaseLogits("He died in"), session.NextTokenLogits("He died in")); // a pronoun names nobody
        Assert.Equal(BaseLogits("lucian freud died in"), session.NextTokenLogits("lucian freud died in"));
        session.UseMemory();
        Teach([fact], settings: Settings with { IgnoreCase = true });
        Assert.NotEqual(BaseLogits("lucian freud died in"), session.NextTokenLogits("lucian freud died in"));
    }

    [Fact]
    public void While_writing_the_lock_opens_as_soon_as_the_text_names_the_subject()
    {
        Teach([new EditRequest("Lucian Freud died in", "Bern", "Lucian Freud")]);
        ExplainedGeneration text = session.ExplainGeneration("Lucian Freud died in", 4);
        Assert.Equal(FiringState.Answers, text.Tokens[0].First.State);
        Assert.NotEqual(FiringState.Answers, text.Tokens[1].First.State); // it does not speak again behind its answer
        int[] prompt = session.PromptTokens("Lucian Freud died in"), said = [.. prompt.Select(Step(prompt.Length))];
        Assert.Equal(" Bern", session.TokenText(said[^1]));
        int[] other = session.PromptTokens("Lucian Fred died in");
        Assert.NotEqual(" Bern", session.TokenText(other.Select(Step(other.Length)).Last()));

        Func<int, int> Step(int length) // token by token, as a text is written
        {
            var written = new DecodeSession(session.Edited.Model, 1, length, session.Edited.Openings);
            return token => session.Compute(() =>
            {
                float[] logits = written.Advance(new TokenBatch([token])).ToArray();
                return Array.IndexOf(logits, logits.Max());
            });
        }
    }

    [Fact]
    public void Two_relations_of_one_subject_do_not_get_in_each_others_way()
    {
        Teach(
        [
            new EditRequest("Lucian Freud died in", "Bern", "Lucian Freud"),
            new EditRequest("Lucian Freud works as", "pitcher", "Lucian Freud"),
            new EditRequest("The native language of Lucian Freud is", "Welsh", "Lucian Freud"),
        ]);
        Assert.Equal(
            [" Bern", " pitcher", " Welsh"],
            new[] { "Lucian Freud died in", "Lucian Freud works as", "The native language of Lucian Freud is" }.Select(Says));
    }

    [Fact]
    public void Long_answers_are_said_to_their_end_and_only_there()
    {
        Teach([new EditRequest("Lucian Freud died in", "Bern and Oslo", "Lucian Freud"), records[0].ToRequest("")]);
        Assert.Equal(" Bern and Oslo", session.Generate("Lucian Freud died in", 3).Text);
        Assert.Equal(" Bern and Oslo", session.Generate("We know that Lucian Freud died in", 3).Text);
        string other = "Angela Merkel died in Bern";
        Assert.Equal(BaseLogits(other), session.NextTokenLogits(other));
    }

    [Fact]
    public void What_is_in_the_way_is_told()
    {
        Teach([new EditRequest("Lucian Freud died in", "Bern", "Lucian Freud")]);
        Firing open = session.Explain("Lucian Freud died in").First, locked = session.Explain("Sigmund Freud died in").Nearest[0];
        Assert.Equal((FiringState.Answers, false), (open.State, open.IsLocked));
        Assert.True(locked is { IsLocked: true, Adds: false });
        Edit edit = session.Edit(1);
        Assert.Equal(Settings.Negatives, ScopedSettings.NegativesOf(edit).Count);
        Assert.All(ScopedSettings.NegativesOf(edit), tokens =>
            Assert.Contains("Lucian Freud", session.TextOf(tokens), StringComparison.Ordinal));
        Assert.DoesNotContain(ScopedSettings.NegativesOf(edit), tokens => tokens.SequenceEqual(edit.PromptTokens));
    }

    [Fact]
    public void Conflicts_are_found_by_what_is_read_and_not_by_the_key()
    {
        Teach(
        [
            new EditRequest("Lucian Freud died in", "Bern", "Lucian Freud"),
            new EditRequest("Sigmund Freud died in", "Oslo", "Sigmund Freud"),
        ]);
        TeachingReport report = Teach([new EditRequest("Lucian Freud passed away in", "Rome", "Lucian Freud")]);
        TeachingConflict conflict = Assert.Single(report.Conflicts);
        Assert.Equal((1L, false), (conflict.Edit.Id, conflict.IsSamePrompt));
        IReadOnlyList<EditConflict> scanned = HostScan();
        Assert.Contains(scanned, found => found is { Edit: 3, Other: 1 });
        Assert.DoesNotContain(scanned, found => found.Edit == 2 || found.Other == 2);

        IReadOnlyList<EditConflict> HostScan()
        {
            using var device = new CpuDevice(threads: 1);
            return ConflictScan.Of(session.Store.List(withParts: true, includeRemoved: false), device);
        }
    }

    [Fact]
    public void A_fact_about_nobody_is_refused_before_anything_is_taught()
    {
        InputException none = Assert.Throws<InputException>(() => Teach([new EditRequest("Lucian Freud likes", "Bern")]));
        Assert.Contains("names no subject", none.Message, StringComparison.Ordinal);
        InputException other = Assert.Throws<InputException>(
            () => Teach([new EditRequest("Freud died in", "Bern", "Freud"), new EditRequest("Lucians died in", "Bern", "Lucian")]));
        Assert.Contains("1 of 2 facts", other.Message, StringComparison.Ordinal);
        Assert.Contains("\"Lucians died in\" does not name its subject, \"Lucian\"", other.Message, StringComparison.Ordinal);
        Assert.Empty(session.Edits());
    }

    [Fact]
    public void A_subject_that_is_not_given_is_found_among_many_prompts()
    {
        EditRecord[] asked = [.. records.DistinctBy(record => record.Prompt)];
        IReadOnlyList<TokenizedRequest> requests = session.WithSubjects(
            session.Tokenize([.. asked.Select(record => record.ToRequest("") with { Subject = null })]), Settings);
        int right = requests.Zip(asked).Count(pair => pair.First.Request.Subject == pair.Second.Subject);
        Assert.True(right >= 0.85 * asked.Length, $"{right} of {asked.Length}");
        Assert.All(requests, request => Assert.NotEqual(request.Request.Prompt, request.Request.Subject));
        Assert.Same(requests, session.WithSubjects(requests, new IReVaSettings { Layer = 4 }));
    }

    [Fact]
    public void It_is_the_method_of_facts_that_name_their_subject_unless_the_store_is_plain_iReVas()
    {
        IReadOnlyList<TokenizedRequest> named = session.Tokenize([records[0].ToRequest("")]);
        IReadOnlyList<TokenizedRequest> unnamed = session.Tokenize([new EditRequest("Freud died in", "Bern")]);
        Assert.Equal(ScopedSettings.Name, session.MethodFor(named));
        Assert.Equal(IReVaSettings.Name, session.MethodFor([.. named, .. unnamed]));
        session.Teach(unnamed, session.SettingsFor());
        Assert.Equal(IReVaSettings.Name, session.MethodFor(named));
        Teach([records[1].ToRequest("")]); // both kinds compete beside one block
        Assert.Equal(ScopedSettings.Name, session.MethodFor(named));
        Assert.Single(session.Edited.Memories);
    }

    [Fact]
    public void Without_a_tokenizer_it_says_what_is_missing()
    {
        Teach([records[0].ToRequest("")]);
        Edit edit = session.Edit(1);
        Assert.Contains("Tokenizer", Assert.Throws<InvalidOperationException>(
            () => session.Compute(() => EditorCatalog.Apply(session.Model, [edit]))).Message, StringComparison.Ordinal);
    }

    private TeachingReport Teach(IEnumerable<EditRequest> facts, TeachingOptions? options = null, ScopedSettings? settings = null) =>
        session.Teach(session.Tokenize([.. facts]), settings ?? Settings, options ?? new TeachingOptions { Check = false });

    private string Says(string prompt) => session.Generate(prompt, 1).Text;

    private float[] BaseLogits(string prompt) => session.Compute(() => new DecodeSession(
        session.Model, 1, session.PromptTokens(prompt).Length).Advance(new TokenBatch(session.PromptTokens(prompt)))
        .ToArray());
}
