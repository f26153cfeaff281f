using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Rome;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Rome;

/// <summary>What ROME promises as a method among others.</summary>
public sealed class RomeContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new RomeEditor();

    protected override EditSettings Settings { get; } =
        RomeSettings.For(ModelConfig.Load(TestFiles.Model)) with { Covariance = false, Steps = 20 };

    /// <summary>Few steps and no statistics are quick and not enough; docs/methods/rome.md has what it learns with both.</summary>
    protected override bool LearnsWhatItIsTaught => false;
}
