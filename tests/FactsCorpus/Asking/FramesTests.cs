using Sharpformer.FactsCorpus.Asking;
using Sharpformer.FactsCorpus.Material;
using Sharpformer.FactsCorpus.Writing;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.FactsCorpus.Asking;

public class FramesTests
{
    private const int Limit = 100;

    private static readonly RawMaterial Material = RawMaterial.Load();

    private static readonly Tokenizer Tokens = Tokenizer.Load(TestFiles.Model);

    [Fact]
    public void Every_frame_asks_as_many_facts_as_it_may_and_fits_the_model()
    {
        foreach ((string name, IReadOnlyList<Ask> asks) in new Frames(Material, Tokens, seed: 0, Limit).All())
        {
            Assert.True(asks.Count == Limit, name);
            Assert.All(asks, ask => Assert.InRange(Tokens.Encode(ask.Prompt).Length, 1, Corpus.MostTokens));
        }
    }

    [Fact]
    public void A_frame_stands_around_the_same_prompts_and_the_same_seed_gives_the_same()
    {
        var frames = new Frames(Material, Tokens, seed: 3, Limit).All().ToDictionary(frame => frame.Name, frame => frame.Asks);
        IReadOnlyList<Ask> alone = frames["alone"];
        Assert.All(alone.Zip(frames["after 4 sentences"]), pair => Assert.EndsWith(". " + pair.First.Prompt, pair.Second.Prompt));
        Assert.All(alone.Zip(frames["lower case"]), pair => Assert.Equal(pair.First.Prompt.ToLowerInvariant(), pair.Second.Prompt));
        Assert.All(alone.Zip(frames["lower case"]), pair => Assert.Equal(pair.First.Answers[0], pair.Second.Answers[0]));
        Assert.All(frames["chat"], ask => Assert.EndsWith("Assistant:", ask.Prompt));
        Assert.Equal(
            frames["few-shot"].Select(ask => ask.Prompt),
            new Frames(Material, Tokens, seed: 3, Limit).All().Single(frame => frame.Name == "few-shot").Asks.Select(ask => ask.Prompt));
    }
}
