using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Wise;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Wise;

/// <summary>What WISE promises as a method among others, an edit a shard: a shard leaves as a whole.</summary>
public sealed class WiseContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new WiseEditor();

    protected override EditSettings Settings { get; } = WiseSettings.For(ModelConfig.Load(TestFiles.Model)) with
    {
        SaveEvery = 1,
        Contexts = 2,
        UnrelatedTexts = 10,
        Steps = 30,
    };
}
