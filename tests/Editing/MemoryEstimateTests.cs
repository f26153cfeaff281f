using Sharpformer.Editing;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing;

public sealed class MemoryEstimateTests
{
    [Fact]
    public void A_published_model_takes_what_its_architecture_says()
    {
        var xl = MemoryEstimate.Of(PublishedSizes.All["gpt2-xl"], weightBytes: 3_115_222_400);
        Assert.Equal(48L * 2 * 1600 * sizeof(float), xl.KeysAndValues);
        Assert.Equal(2L * 1600 * sizeof(float), xl.Neuron);
        Assert.InRange(xl.Generate, 1024 * xl.KeysAndValues, 1024 * xl.KeysAndValues + 200_000_000);
        Assert.InRange(xl.Teach, 2_500_000_000, 4_500_000_000); // 4.1 GB were measured with 192 facts, packed weights included
    }

    [Fact]
    public void What_is_not_done_takes_nothing()
    {
        ModelConfig neo = PublishedSizes.All["gpt-neo-2.7b"]; // taught without training, so without out-of-scope texts
        Assert.True(MemoryEstimate.Of(neo, 1).Teach < MemoryEstimate.Of(neo with { ModelType = "gpt2" }, 1).Teach / 2);
    }
}
