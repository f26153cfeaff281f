using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Malmen;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tests.Editing.Methods.Trained;

namespace Sharpformer.Tests.Editing.Methods.Malmen;

/// <summary>What MALMEN promises as a method among others.</summary>
public sealed class MalmenContractTests : NetEditorContract
{
    protected override IEditor Editor { get; } = new MalmenEditor();

    protected override TrainedSettings Small => MalmenSettings.For(Model.Config) with { Rank = 4, Layers = 2, BatchSize = 2 };
}
