using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.AlphaEdit;
using Sharpformer.Editing.Methods.FineTuning;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Methods.Memit;
using Sharpformer.Editing.Methods.Rome;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing;

/// <summary>What teaching would take, before it begins.</summary>
public sealed class EstimateTests : IDisposable
{
    private readonly Session session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 2 });
    private readonly EditRequest[] facts = [.. EditRecord.Load(TestFiles.Facts("counterfact"), 40).Select(record => record.ToRequest(""))];

    public void Dispose() => session.Dispose();

    [Theory]
    [InlineData("alphaedit")]
    [InlineData("emmet")]
    [InlineData("ft")]
    [InlineData("ireva")]
    [InlineData("ke")]
    [InlineData("memit")]
    [InlineData("memoir")]
    [InlineData("mend")]
    [InlineData("pmet")]
    [InlineData("rome")]
    [InlineData("ultraedit")]
    [InlineData("wise")]
    public void Every_method_says_what_it_takes_and_more_edits_take_more(string method)
    {
        IEditor editor = EditorCatalog.Named(method);
        ModelConfig config = session.Model.Config;
        EditSettings settings = editor.SettingsFor(config);
        EditorCosts many = editor.Costs(session.Tokenize(facts), config, settings)!;
        EditorCosts few = editor.Costs(session.Tokenize(facts[..4]), config, settings)!;
        Assert.InRange(many.Flops / few.Flops, 1.1, 20); // ten times the edits, of other lengths, beside what is done once
        Assert.InRange(many.Memory, few.Memory, 2e9);
        Assert.InRange(few.TokensAtOnce, 1, many.TokensAtOnce);
        TeachingEstimate estimate = session.Estimate(session.Tokenize(facts[..4]), settings)!;
        Assert.Equal(4, estimate.Edits);
        Assert.InRange(estimate.FlopsPerSecond, 1e6, 1e14);
        Assert.Equal(few.Flops / estimate.FlopsPerSecond
            + (few.HostFlops == 0 ? 0 : few.HostFlops / estimate.HostFlopsPerSecond), estimate.Seconds, 1e-9);
    }

    [Fact]
    public void A_method_that_does_not_say_is_no_error()
    {
        EditorCatalog.Add(new Silent());
        try
        {
            Assert.Null(session.Estimate(session.Tokenize(facts[..1]), new SilentSettings()));
        }
        finally
        {
            EditorCatalog.Remove("silent");
        }
    }

    [Fact]
    public void What_is_stored_is_what_was_said()
    {
        ModelConfig config = session.Model.Config;
        foreach (EditSettings settings in (EditSettings[])
            [IReVaSettings.For(config) with { Epochs = 1 }, FineTuningSettings.For(config) with { Epochs = 1 },
                RomeSettings.For(config) with { Covariance = false, Steps = 2 }])
        {
            session.UseMemory();
            TokenizedRequest[] some = [.. session.Tokenize(facts[..3])];
            EditorCosts costs = session.Estimate(some, settings)!.Costs;
            session.Teach(some, settings, new TeachingOptions { Check = false });
            double numbers = session.Store.List(withParts: true, includeRemoved: false)
                .Sum(edit => edit.Parts.Sum(part => (double)part.Values.Length));
            Assert.InRange(numbers / costs.Stored, 1, 1.05); // losses, biases and counts are not worth a formula
        }
    }

    [Fact]
    public void Batches_and_steps_are_counted_as_they_are_made()
    {
        ModelConfig config = session.Model.Config;
        IReadOnlyList<TokenizedRequest> requests = session.Tokenize(facts);
        var editor = new MemitEditor();
        MemitSettings whole = MemitSettings.For(config) with { BatchSize = 0, Layers = 2 };
        EditorCosts one = editor.Costs(requests, config, whole), seven = editor.Costs(requests, config, whole with { BatchSize = 6 });
        Assert.Equal((1, 7), (one.Batches, seven.Batches));
        Assert.Equal(one.Flops, seven.Flops);
        Assert.True(seven.HostFlops > one.HostFlops); // C is factored anew for each
        Assert.Equal([whole.Layer - 1, whole.Layer], one.Statistics);
        double twice = editor.Costs(requests, config, whole with { Steps = 2 * whole.Steps }).Flops / one.Flops;
        Assert.InRange(twice, 1.8, 2);
        Assert.True(new AlphaEditEditor().Costs(requests, config, AlphaEditSettings.For(config)).HostFlops > 1e10); // eigenvectors
    }

    [Fact]
    public void What_is_there_costs_nothing_and_missing_statistics_are_named()
    {
        session.UseMemory();
        MemitSettings settings = MemitSettings.For(session.Model.Config);
        TeachingEstimate estimate = session.Estimate(session.Tokenize(facts[..1]), settings)!;
        Assert.All(estimate.Statistics, needed => Assert.Equal("no folder of them is named by --statistics", needed.Missing));
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        estimate = session.Estimate(session.Tokenize(facts[..1]), settings, new TeachingOptions { StatisticsFolder = folder.Path })!;
        foreach (NeededStatistics needed in estimate.Statistics)
            Assert.Contains("it holds no statistics of this model", needed.Missing, StringComparison.Ordinal);
        EditSettings neurons = IReVaSettings.For(session.Model.Config) with { Retrofit = false };
        session.Teach(session.Tokenize(facts[..2]), neurons, new TeachingOptions { Check = false });
        Assert.Null(session.Estimate(session.Tokenize(facts[..2]), neurons));
        Assert.Equal(1, session.Estimate(session.Tokenize(facts[..3]), neurons)!.Edits);
        Assert.Equal(1, session.Estimate(session.Tokenize(facts[2..6]), neurons, new TeachingOptions { Share = (2, 4) })!.Edits);
    }

    private sealed record SilentSettings() : EditSettings("silent");

    private sealed class Silent : IEditor
    {
        public string Name => "silent";

        public string Description => "Says nothing of what it takes.";

        public Reversal Reversal => Reversal.Exact;

        public Type SettingsType => typeof(SilentSettings);

        public EditSettings SettingsFor(ModelConfig config, string? variant = null) => new SilentSettings();

        public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
            IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context) => [requests];

        public IReadOnlyList<Edit> Teach(
            IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context) => [];

        public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits) => soFar;
    }
}
