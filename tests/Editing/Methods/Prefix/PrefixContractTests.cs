using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Prefix;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Prefix;

public sealed class PrefixContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new PrefixEditor();

    /// <summary>A prefix is there whatever is asked, so that of a later batch takes its toll on the facts before it.</summary>
    protected override bool LearnsWhatItIsTaught => false;

    protected override EditSettings Settings { get; } =
        PrefixSettings.For(ModelConfig.Load(TestFiles.Model)) with
        {
            Length = 2,
            LearningRate = 0.05f,
            KlWeight = 0,
            Epochs = 30,
            Batch = 1,
        };
}
