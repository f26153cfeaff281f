using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Memoir;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Memoir;

/// <summary>What MEMOIR promises as a method among others.</summary>
public sealed class MemoirContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new MemoirEditor();

    protected override EditSettings Settings { get; } =
        MemoirSettings.For(ModelConfig.Load(TestFiles.Model)) with { Contexts = 4, UnrelatedTexts = 20 };
}
