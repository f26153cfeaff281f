using System.Xml.Linq;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Reports;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing.Metrics;

/// <summary>Settings found for an edit set, against teaching and measuring by hand.</summary>
public sealed class CalibrationTests : IDisposable
{
    private static readonly EditRecord[] Records = [.. EditRecord.Load(TestFiles.Facts("counterfact"), 16)];

    private readonly Session session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 1 });

    public void Dispose() => session.Dispose();

    [Fact]
    public void Each_score_is_what_a_store_of_that_half_and_these_settings_gives()
    {
        CalibrationReport report = session.Calibrate(Records, thetas: [0.6f, 0.9f]);
        Assert.Equal([(1f, 0.6f), (1f, 0.9f)], report.Points.Select(p => (p.Alpha, p.Theta)));
        Assert.Equal((8, 8, 0), (report.ChosenRecords, report.HeldOutRecords, report.LeftOut));
        EditRecord[] one = Half(), other = [.. Records.Except(one)];
        foreach (CalibrationPoint point in report.Points)
        {
            CheckScore(point.Chosen, one, other, point);
            CheckScore(point.HeldOut, other, one, point);
        }

        // A low θ generalises further and spills over more, else there would be nothing to choose.
        Assert.True(report.Points[0].Chosen.Ps > report.Points[1].Chosen.Ps);
        Assert.True(report.Points[0].Chosen.Wrong >= report.Points[1].Chosen.Wrong);
        Assert.Equal(report.Settings, (IReVaSettings)session.SettingsFor() with
        {
            Alpha = report.Recommended.Alpha,
            Theta = report.Recommended.Theta,
        });
    }

    [Fact]
    public void What_the_store_or_another_record_asks_is_left_out_and_the_store_stays_as_it_is()
    {
        session.UseMemory();
        session.Teach(session.Tokenize([Records[0].ToRequest(""), Records[1].ToRequest("")]), session.SettingsFor());
        CalibrationReport report = session.Calibrate([.. Records[..5], Records[2]], alphas: [0.5f, 2], thetas: [0.8f, 0.7f]);
        Assert.Equal([(0.5f, 0.8f), (0.5f, 0.7f), (2f, 0.8f), (2f, 0.7f)], report.Points.Select(p => (p.Alpha, p.Theta)));
        Assert.Equal((2, 1, 3), (report.ChosenRecords, report.HeldOutRecords, report.LeftOut));
        Assert.Equal(2, session.Edits().Count);
        Fails.With<InputException>("Of 2 records 0 can be taught", () => session.Calibrate(Records[..2], thetas: [0.8f]));
    }

    [Fact]
    public void Records_without_other_words_have_no_such_score()
    {
        CalibrationReport report = session.Calibrate([.. Records[..4].Select(r => r with { Paraphrases = [] })], thetas: [0.8f]);
        Assert.Null(report.Recommended.Chosen.Ps);
        Assert.Null(report.Recommended.HeldOut.Wrong);
        Assert.NotNull(report.Recommended.Chosen.Kept);
        Assert.Equal("svg", XElement.Parse(CalibrationPicture.Of(report)).Name.LocalName); // one θ, and curves that are not there
    }

    [Fact]
    public void The_rule_wants_efficacy_first_then_the_mean_then_the_higher_theta()
    {
        CalibrationPoint[] points =
        [
            Point(0.5f, es: 98, ps: 100, kept: 100), Point(0.6f, es: 99, ps: 80, kept: 90), Point(0.7f, es: 100, ps: 90, kept: 80),
            Point(0.8f, es: 100, ps: 70, kept: 90),
        ];
        Assert.Equal(0.7f, CalibrationReport.Recommend(points).Theta);
        Assert.Equal(0.6f, CalibrationReport.Recommend(points[..2]).Theta);
        Assert.Equal(0.9f, CalibrationReport.Recommend([Point(0.8f, 100, null, 90), Point(0.9f, 100, null, 90)]).Theta);

        static CalibrationPoint Point(float theta, double es, double? ps, double kept) =>
            new(1, theta, new CalibrationScore(es, ps, kept, 0), new CalibrationScore(0, 0, 0, 0)); // the other half has no say
    }

    [Fact]
    public void The_picture_has_a_panel_for_each_alpha_and_a_mark_at_the_recommended_pair()
    {
        var score = new CalibrationScore(99, 80, 90, 1);
        CalibrationPoint[] points = [new(1, 0.5f, score, score), new(1, 0.9f, score, score), new(2, 0.5f, score, score)];
        XElement picture = XElement.Parse(CalibrationPicture.Of(new CalibrationReport(points, new IReVaSettings { Layer = 4 }, 1, 1, 0)));
        string text = picture.ToString();
        Assert.Contains("α 1,", text, StringComparison.Ordinal);
        Assert.Contains("α 2,", text, StringComparison.Ordinal);
        Assert.Equal(1, picture.Descendants().Count(element => (string?)element.Attribute("class") == "mark"));
        Assert.Contains("recommended: 0.9", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_found_can_be_written_beside_the_model_and_is_taken_from_then_on()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        TestFiles.CopyModel(folder.Path);
        using Session own = Session.Open(folder.Path, new SessionOptions { Device = "cpu", Threads = 1 });
        IReVaSettings found = (IReVaSettings)own.SettingsFor() with { Theta = 0.7f, Alpha = 0.5f };
        Assert.Equal(folder.File("sharpformer.json"), own.WriteDefaults(found));
        Assert.Equal(found, own.SettingsFor());
    }

    /// <summary>The half that chooses.</summary>
    private static EditRecord[] Half()
    {
        EditRecord[] shuffled = [.. Records];
        var rng = new Rng(0);
        for (int i = shuffled.Length - 1; i > 0; i--)
        {
            int j = rng.NextInt(i + 1);
            (shuffled[i], shuffled[j]) = (shuffled[j], shuffled[i]);
        }

        return shuffled[..8];
    }

    private void CheckScore(CalibrationScore score, EditRecord[] own, EditRecord[] untaught, CalibrationPoint point)
    {
        session.UseMemory();
        IReVaSettings settings = (IReVaSettings)session.SettingsFor() with { Alpha = point.Alpha, Theta = point.Theta };
        session.Teach(session.Tokenize([.. own.Select(r => r.ToRequest(""))]), settings);
        EvaluationReport expected = session.Evaluate(own, new Triggers("", ""), untaught);
        Assert.Equal(expected.Edited.Es!.Value, score.Es!.Value, 1e-9);
        Assert.Equal(expected.Edited.Ps!.Value, score.Ps!.Value, 1e-9);
        Assert.Equal(expected.NeighbourRetention!.Value, score.Kept!.Value, 1e-9);
        long[] ids = [.. own.Select(r => session.Find(session.Tokenize([r.ToRequest("")])[0])!.Id), .. untaught.Select(_ => 0L)];
        int wrong = own.Concat(untaught).Zip(ids).Count(pair =>
            session.Explain(pair.First.Paraphrases[0]).First is { State: FiringState.Answers } first && first.Edit != pair.Second);
        Assert.Equal(100.0 * wrong / Records.Length, score.Wrong!.Value, 1e-9);
    }
}
