using Sharpformer.Editing;
using Sharpformer.Editing.Methods.FineTuning;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.FineTuning;

/// <summary>What fine-tuning promises as a method among others, an edit a batch: a batch leaves as a whole.</summary>
public sealed class FineTuningContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new FineTuningEditor();

    protected override EditSettings Settings { get; } = FineTuningSettings.For(ModelConfig.Load(TestFiles.Model)) with { Batch = 1 };
}
