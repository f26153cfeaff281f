using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Melo;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Melo;

/// <summary>The first two facts share a block, the third has one of its own.</summary>
public sealed class MeloContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new MeloEditor();

    protected override EditSettings Settings { get; } = MeloSettings.For(ModelConfig.Load(TestFiles.Model)) with { Batch = 2 };
}
