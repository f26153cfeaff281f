using Sharpformer.Editing;

namespace Sharpformer.Tests.Editing;

/// <summary>Looking before teaching: what would become of each request, and that nothing does.</summary>
public sealed class SessionPreviewTests : IDisposable
{
    private const string France = "The capital of France is";

    private readonly Session session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 2 });

    public void Dispose() => session.Dispose();

    [Fact]
    public void Every_fate_is_told_and_teaching_then_does_so()
    {
        session.UseMemory();
        EditRequest[] before = [new("Rome is in", "Chad"), new("Oslo is in", "Chad"), new("Bern is in", "Chad"), new(France, "Lima")];
        Teach(before);
        session.Withdraw(2);
        session.Remove(3);
        EditRequest[] list =
        [
            new(France, "Rome", "France"), new(
                France, "Bonn", "Spain"), before[0], before[1], before[2], new(France, "Bonn"), new("New is", " x "),
        ];
        IReadOnlyList<TokenizedRequest> requests = session.Tokenize(list);
        IReadOnlyList<PreviewedRequest> previews = session.Preview(requests);
        Assert.Equal(
            [
                (TeachingFate.Overtaken, null), (TeachingFate.Teach, null), (TeachingFate.There, 1), (TeachingFate.Silent, 2L),
                (TeachingFate.Refused, 3L), (TeachingFate.Repeated, null), (TeachingFate.Teach, null),
            ],
            previews.Select(preview => (preview.Fate, preview.Edit)));
        Assert.Equal([15, null, null], previews.Take(3).Select(preview => preview.SubjectAt));
        Assert.Equal([1, 5], previews[0].ConflictsWithin);
        TeachingConflict conflict = Assert.Single(previews[1].Conflicts);
        Assert.Equal((4L, true), (conflict.Edit.Id, conflict.IsSamePrompt));
        Assert.Equal(4, session.Edits(includeRemoved: true).Count);
        TeachingReport report = session.Teach(requests, session.SettingsFor());
        Assert.Equal(["Bonn", "x"], report.Added.Select(edit => edit.Request.Target));
    }

    [Fact]
    public void What_is_said_so_far_is_what_the_model_generates()
    {
        IReadOnlyList<TokenizedRequest> requests = session.Tokenize([new(France, "a city of many towers")]);
        PreviewedRequest preview = Assert.Single(session.Preview(requests)); // without any store
        Assert.Equal(session.Generate(France, requests[0].Tokens.Target.Length).Text, preview.Says);
        session.UseMemory();
        Teach(new EditRequest(France, "Rome"));
        Assert.StartsWith(" Rome", Assert.Single(session.Preview(requests)).Says, StringComparison.Ordinal);
    }

    private void Teach(params EditRequest[] facts) => session.Teach(session.Tokenize(facts), session.SettingsFor());
}
