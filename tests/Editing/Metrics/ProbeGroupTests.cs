using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing.Metrics;

/// <summary>Records with several paraphrases and with groups of probes: what is averaged over what.</summary>
public sealed class ProbeGroupTests : IDisposable
{
    // What the bundled model goes on with after these prompts.
    private const string Known = "The capital of France is", Answer = "Paris", Died = "Procopius died in";

    private readonly Session session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 2 });

    public void Dispose() => session.Dispose();

    [Fact]
    public void Each_record_counts_once_however_many_paraphrases_and_questions_it_has()
    {
        EditRecord many = new()
        {
            Prompt = Known,
            Target = Answer,
            Paraphrases = [Known, Died, Died],
            Probes = [Locality(Known, Answer), Locality(Known, "Oslo"), Locality(Known, "Oslo"), Locality(Known, "Oslo")],
        };
        EditRecord few = many with { Paraphrases = [Known], Probes = [Locality(Known, Answer)] };
        EvaluationReport report = session.Evaluate([many, few], new Triggers("", ""));
        Assert.Equal((100.0 + 100.0 / 3) / 2, report.Base.Ps!.Value, 1e-9);
        Assert.Equal((100.0 + 25.0) / 2, report.Base.Ns!.Value, 1e-9);
        Assert.Equal((report.Base.Es!.Value + report.Base.Ps!.Value + report.Base.Ns!.Value) / 3, report.Base.Score!.Value, 1e-9);
        GroupMetrics group = Assert.Single(report.Groups);
        Assert.Equal((ProbeKind.Locality, "g", 5, 2), (group.Kind, group.Name, group.N, group.Records));
        Assert.Equal((report.Base.Ns, 100.0), (group.BaseAccuracy, group.Kept));
    }

    [Fact]
    public void The_best_of_several_answers_and_wordings_counts_and_groups_stand_apart()
    {
        EditRecord record = new()
        {
            Prompt = Known,
            Target = Answer,
            Probes =
            [
                new(ProbeKind.Portability, "hops", Died, ["Oslo", "Bonn"]) { Wordings = [Known] },
                new(ProbeKind.Portability, "hops", Died, ["Bonn", Answer]) { Wordings = [Known] },
                new(ProbeKind.Attribute, "attribute", Known, [Answer]), new(ProbeKind.Locality, "silent", Known, []),
            ],
        };
        EvaluationReport report = session.Evaluate([record], new Triggers("", ""));
        Assert.Equal(
            [("hops", 2, 50.0), ("attribute", 1, 100.0), ("silent", 1, (double?)null)],
            report.Groups.Select(group => (group.Name, group.N, group.BaseAccuracy)));
        Assert.Equal((null, null, null), (report.Base.Ns, report.Base.Score, report.LocalityAgreement)); // attributes are no locality
    }

    [Fact]
    public void An_edit_moves_its_own_probes_and_keeps_others()
    {
        session.UseMemory();
        EditRecord record = new()
        {
            Prompt = Known,
            Target = "Rome",
            Probes = [new(ProbeKind.Portability, "same", Known, ["Rome"]), Locality(Died, "x")],
        };
        session.Teach(session.Tokenize([record.ToRequest("")]), session.SettingsFor());
        EvaluationReport report = session.Evaluate([record], new Triggers("", ""), [new EditRecord { Prompt = Died, Target = "" }]);
        Assert.Equal((0.0, 100.0, 0.0), (report.Groups[0].BaseAccuracy, report.Groups[0].Accuracy, report.Groups[0].Kept));
        Assert.Equal(100.0, report.Groups[1].Kept);
        Assert.Equal(100.0, report.NeighbourRetention); // a neighbour needs no target
    }

    [Fact]
    public void A_probe_that_cannot_be_asked_names_its_record()
    {
        EditRecord record = new() { Prompt = Known, Target = Answer };
        EditRecord tooLong = record with { Probes = [Locality(string.Concat(Enumerable.Repeat("Paris ", 200)), "x")] };
        Fails.With<InputException>(
            "Record 1 (counted from 0) cannot be asked", () => session.Evaluate([record, tooLong], new Triggers("", "")));
    }

    private static Probe Locality(string prompt, string answer) => new(ProbeKind.Locality, "g", prompt, [answer]);
}
