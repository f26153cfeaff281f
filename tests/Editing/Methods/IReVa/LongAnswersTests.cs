using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.IReVa;

namespace Sharpformer.Tests.Editing.Methods.IReVa;

/// <summary>
/// Answers of many tokens that share most of them, or that go through the same words in another order: as published they run into one
/// another, as training adds up what inference takes one of, and states behind a long common answer have forgotten their subject.
/// </summary>
public sealed class LongAnswersTests : IDisposable
{
    private const int Facts = 40;

    private readonly Session session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 2 });

    public void Dispose() => session.Dispose();

    [Theory]
    [InlineData("shared")]
    [InlineData("alternating")]
    [InlineData("nested")]
    public void Each_edit_says_its_own_answer_to_the_end(string kind)
    {
        EditRequest[] facts = [.. EditRecord.Load(TestFiles.Facts("counterfact"), Facts)
            .Select((record, i) => new EditRequest(record.Prompt, Answer(kind, i, record.Target)))];
        int said = Said(facts, asPublished: false);
        Assert.True(said >= 0.95 * Facts, $"{said} of {Facts}");
        int published = Said(facts, asPublished: true);
        Assert.True(published < 0.9 * said, $"{published}, {said}"); // or the test would show nothing
    }

    private static string Answer(string kind, int i, string alt) => kind switch
    {
        "shared" => $"a very long story about the city of {alt}",
        "alternating" => string.Join(' ', Enumerable.Range(0, 6).Select(t => (i >> t) % 2 == 0 ? "north" : "south")),
        _ => string.Join(' ', Enumerable.Repeat("very", 1 + (i % 6))) + $" {alt}",
    };

    private int Said(EditRequest[] facts, bool asPublished)
    {
        session.UseMemory();
        var settings = new IReVaSettings
        {
            Layer = 4,
            Alpha = 1,
            Theta = 0.85f,
            RecWeight = 0.1f,
            IrrWeight = 0,
            AsPublished = asPublished,
        };
        IReadOnlyList<TokenizedRequest> requests = session.Tokenize(facts);
        session.Teach(requests, settings, new TeachingOptions { Check = false }); // what is said is counted here
        return requests.Count(request =>
            session.Generate(request.Request.Prompt, request.Tokens.Target.Length).Tokens.SequenceEqual(request.Tokens.Target));
    }
}
