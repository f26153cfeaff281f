using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Emmet;
using Sharpformer.Tests.Editing.Methods.Locating;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Emmet;

/// <summary>What EMMET promises as a method among others.</summary>
public sealed class EmmetContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new EmmetEditor();

    protected override EditSettings Settings { get; } =
        EmmetSettings.For(ModelConfig.Load(TestFiles.Model)) with { Steps = 12, BatchSize = 2 };

    /// <summary>Few steps and statistics over a few lines are quick and not enough.</summary>
    protected override bool LearnsWhatItIsTaught => false;

    protected override TeachingContext Context => BundledStatistics.Context(Tokenizer);
}
