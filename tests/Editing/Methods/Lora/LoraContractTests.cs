using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Lora;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Lora;

/// <summary>What LoRA promises as a method among others, an edit a batch: a batch leaves as a whole.</summary>
public sealed class LoraContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new LoraEditor();

    protected override EditSettings Settings { get; } =
        LoraSettings.For(ModelConfig.Load(TestFiles.Model)) with { Batch = 1, Divergence = 0 };
}
