using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Pmet;
using Sharpformer.Tests.Editing.Methods.Locating;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Pmet;

/// <summary>What PMET promises as a method among others.</summary>
public sealed class PmetContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new PmetEditor();

    protected override EditSettings Settings { get; } =
        PmetSettings.For(ModelConfig.Load(TestFiles.Model)) with { Steps = 12, BatchSize = 2 };

    /// <summary>Few steps and statistics over a few lines are quick and not enough.</summary>
    protected override bool LearnsWhatItIsTaught => false;

    protected override TeachingContext Context => BundledStatistics.Context(Tokenizer);
}
