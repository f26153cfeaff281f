using System.Text.Json.Nodes;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Metrics.Examination;
using Sharpformer.Editing.Reports;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Metrics.Examination;

/// <summary>The prompts of an examination, beside what other parts of the library say of the same.</summary>
public sealed class ExaminerTests : IDisposable
{
    private const string Known = "The capital of France is", Died = "Procopius died in";

    private static readonly EditRecord Record = new()
    {
        Prompt = Known,
        Target = "Rome",
        Subject = "France",
        Relation = "capital",
        OldAnswers = ["Paris"],
        Paraphrases = ["France, whose capital is"],
        Probes = [new(ProbeKind.Locality, "loc", Died, ["Paris"]), new(ProbeKind.Portability, "same", Known, ["Rome"])],
    };

    private readonly Session session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 2 });

    public void Dispose() => session.Dispose();

    [Theory]
    [InlineData("ireva")]
    [InlineData("ireva-scoped")]
    [InlineData("ft")]
    [InlineData("sola")]
    public void Each_prompt_is_answered_as_the_evaluation_and_the_generation_say(string method)
    {
        Taught(method);
        Examined examined = session.Examine([Record], new ExaminationPlan(new Triggers("", "")) { Frames = [PromptFrame.Behind(1)] });
        EvaluationReport report = session.Evaluate([Record], new Triggers("", ""));
        ExaminedPrompt edit = Assert.Single(examined.Prompts, prompt => prompt is { Kind: PromptKind.Edit, Frame: "plain" });
        Assert.Equal(report.Edited.Es, 100 * edit.Edited.TokensRight);
        ExaminedPrompt other = Assert.Single(examined.Prompts, p => p is { Kind: PromptKind.Paraphrase, Frame: "plain" });
        Assert.Equal(report.Edited.Ps, 100 * other.Edited.TokensRight);
        Assert.Equal(report.Base.Ns, 100 * examined.Prompts.First(p => p.Kind == PromptKind.Locality).Base.TokensRight);
        Assert.True(edit.Edited.IsWhole);
        Assert.Equal("Rome", edit.Edited.Says);
        Assert.Equal("Paris", edit.Base.Says);
        CheckedAnswer check = session.Check()[0];
        Assert.Equal(Math.Pow(check.Probability, 1.0 / check.Expected.Count), edit.Edited.Probability, 1e-5);
        Assert.True(edit.Edited.Probability > edit.Edited.RivalProbability);
        Assert.True(edit.Base.Probability < edit.Base.RivalProbability);
        Assert.Equal((true, false), (edit.Base.IsRivalWhole, edit.Edited.IsRivalWhole));
        Assert.False(edit.IsKept);
        Assert.True(edit.Kl > 0.1);
        Assert.Equal(method == "ft" ? 0 : session.Edits()[0].Id, edit.Edit);
        ExaminedPrompt framed = Assert.Single(examined.Prompts, prompt => prompt is { Kind: PromptKind.Edit, Frame: not "plain" });
        Assert.Equal($"The weather had been fine all week. {Known}", framed.Prompt);
        Assert.Null(framed.Edited.Says);
    }

    [Fact]
    public void Without_edits_both_models_are_one()
    {
        Examined examined = session.Examine([Record], new ExaminationPlan(new Triggers("", "")));
        Assert.All(examined.Prompts, prompt =>
        {
            Assert.Equal(prompt.Base, prompt.Edited);
            Assert.Equal((true, 0.0, 0L), (prompt.IsKept, prompt.Kl, prompt.Edit));
        });
        Assert.Equal(4 + (2 * PromptFrame.Usual.Count), examined.Prompts.Count + examined.TooLong);
    }

    [Fact]
    public void Unedited_facts_are_those_that_no_edit_and_no_record_asks()
    {
        Taught("ireva");
        EditRecord other = new() { Prompt = Died, Target = "", Subject = "France", Relation = "death" };
        Examined examined = session.Examine([Record], new ExaminationPlan(new Triggers("", ""))
        {
            Frames = [],
            Neighbours = [other, Record],
            MostNewTokens = 0,
            SameSubject = ExaminationPlan.OfSameSubjects([other, Record, other with { Subject = "Spain" }], [Record], most: 9),
        });
        Assert.Equal([Died], examined.Prompts.Where(prompt => prompt.Kind == PromptKind.Neighbour).Select(prompt => prompt.Prompt));
        Assert.Equal([Died], examined.Prompts.Where(prompt => prompt.Kind == PromptKind.SameSubject).Select(prompt => prompt.Prompt));
        Assert.All(examined.Prompts, prompt => Assert.Null(prompt.Edited.Says));
    }

    [Fact]
    public void A_prompt_that_does_not_fit_in_a_frame_is_left_out_and_counted()
    {
        EditRecord record = Record with { Prompt = string.Concat(Enumerable.Repeat("Paris ", 110)) + "is", Probes = [] };
        Examined examined = session.Examine([record], new ExaminationPlan(new Triggers("", "")) { MostNewTokens = 0 });
        Assert.True(examined.TooLong > 0);
        Assert.Equal(2 + (2 * PromptFrame.Usual.Count), examined.Prompts.Count + examined.TooLong);
        Fails.With<InputException>(
            "Record 0 (counted from 0) cannot be asked",
            () => session.Examine([Record with { Prompt = record.Prompt + record.Prompt }], new ExaminationPlan(new Triggers("", ""))));
    }

    [Fact]
    public void Frames_can_be_asked_of_the_first_records_only()
    {
        EditRecord other = Record with { Prompt = Died, Probes = [] };
        var plan = new ExaminationPlan(new Triggers("", "")) { MostNewTokens = 0, MostFramed = 1 };
        ILookup<int, ExaminedPrompt> framed = session.Examine([Record, other], plan).Prompts
            .Where(prompt => prompt.Frame != PromptFrame.Plain.Name).ToLookup(prompt => prompt.Record);
        Assert.Equal(2 * PromptFrame.Usual.Count, framed[0].Count());
        Assert.Empty(framed[1]);
    }

    [Fact]
    public void What_the_base_model_says_is_asked_once_for_all_that_share_it()
    {
        Taught("ireva");
        var plan = new ExaminationPlan(new Triggers("", "")) { Frames = [] };
        Dictionary<(string, int), string> said = [];
        Examined first = Examined();
        Assert.Equal(2, said.Count);
        foreach ((string, int) prompt in said.Keys.ToArray()) said[prompt] = "as it was kept";
        Assert.Equal(
            first.Prompts.Select(prompt => prompt.Edited.Says), Examined().Prompts.Select(prompt => prompt.Edited.Says));
        Assert.Equal("as it was kept", Examined().Prompts[0].Base.Says);

        Examined Examined() => session.Compute(
            () => new Examiner(session.Edited, session.Tokenizer) { SaidByBase = said }.Examine([Record], plan));
    }

    [Fact]
    public void Traces_that_are_kept_give_the_same_bits()
    {
        Taught("ireva");
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        Examined without = Examined(null), first = Examined(folder.Path), again = Examined(folder.Path);
        Assert.NotEmpty(Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories));
        Assert.Equal(Text(without), Text(first));
        Assert.Equal(Text(without), Text(again));

        Examined Examined(string? path) => session.Compute(() => new Examiner(session.Edited, session.Tokenizer)
        {
            Traces = path is null ? null : new TraceFolder(path, session.Model, session.Fingerprint.Weights),
        }.Examine([Record], new ExaminationPlan(new Triggers("", ""))));

        static string Text(Examined examined)
        {
            using var text = new StringWriter();
            ExaminedRows.Write(text, examined);
            return text.ToString();
        }
    }

    [Fact]
    public void Rows_have_every_prompt_with_both_models_answers()
    {
        Taught("ireva");
        Examined examined = session.Examine([Record], new ExaminationPlan(new Triggers("", "")));
        using var text = new StringWriter();
        ExaminedRows.Write(text, examined);
        JsonNode[] rows = [.. text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
        Assert.Equal(examined.Prompts.Count, rows.Length);
        Assert.Equal("edit", (string?)rows[0]["kind"]);
        Assert.Equal("Rome", (string?)rows[0]["edited"]!["said"]);
        Assert.True((bool)rows[0]["edited"]!["pass"]!);
        Assert.False((bool)rows[0]["base"]!["pass"]!);
        Assert.Equal(session.Edits()[0].Id, (long)rows[0]["edit"]!);
    }

    [Fact]
    public void It_stops_when_it_is_told_to()
    {
        using var cancellation = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => session.Examine(
            [Record], new ExaminationPlan(new Triggers("", "")),
            new ProgressInOrder<Step>(_ => cancellation.Cancel()), cancellation.Token));
    }

    private void Taught(string method)
    {
        session.UseMemory();
        session.Teach(session.Tokenize([Record.ToRequest("")]), session.SettingsFor(method));
    }
}
