using Sharpformer.Editing;
using Sharpformer.Editing.Methods.AlphaEdit;
using Sharpformer.Tests.Editing.Methods.Locating;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.AlphaEdit;

/// <summary>What AlphaEdit promises as a method among others.</summary>
public sealed class AlphaEditContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new AlphaEditEditor();

    protected override EditSettings Settings { get; } =
        AlphaEditSettings.For(ModelConfig.Load(TestFiles.Model)) with { Steps = 12, BatchSize = 2 };

    /// <summary>Few steps and statistics over a few lines are quick and not enough.</summary>
    protected override bool LearnsWhatItIsTaught => false;

    protected override TeachingContext Context => BundledStatistics.Context(Tokenizer);
}
