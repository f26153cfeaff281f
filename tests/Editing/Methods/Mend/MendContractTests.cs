using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Mend;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tests.Editing.Methods.Trained;

namespace Sharpformer.Tests.Editing.Methods.Mend;

/// <summary>What MEND promises as a method among others; EditorTrainingTests has a network that has learnt something.</summary>
public sealed class MendContractTests : NetEditorContract
{
    protected override IEditor Editor { get; } = new MendEditor();

    protected override TrainedSettings Small => MendSettings.For(Model.Config) with { Rank = 4, Layers = 2, Rate = -1e-3f };
}

/// <summary>The same without a network.</summary>
public sealed class MendUntrainedContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new MendEditor();

    protected override EditSettings Settings => MendSettings.For(Model.Config, MendSettings.Untrained);

    protected override bool LearnsWhatItIsTaught => false; // it goes uphill, as the program did
}
