using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Grace;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Grace;

public sealed class GraceContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new GraceEditor();

    protected override EditSettings Settings { get; } = GraceSettings.For(ModelConfig.Load(TestFiles.Model)) with { Batch = 2 };
}

/// <summary>The same promises where it follows the released program: the three facts share no entry.</summary>
public sealed class GraceAsPublishedContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new GraceEditor();

    protected override EditSettings Settings { get; } =
        GraceSettings.For(ModelConfig.Load(TestFiles.Model)) with { AsPublished = true, Radius = 1 };
}
