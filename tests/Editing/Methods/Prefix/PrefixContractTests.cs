using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Prefix;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Prefix;

public sealed class PrefixContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new PrefixEditor();

    protected override EditSettings Settings { get; } =
        PrefixSettings.For(ModelConfig.Load(TestFiles.Model)) with { Length = 4, LearningRate = 0.05f, KlWeight = 0, Epochs = 30 };
}
