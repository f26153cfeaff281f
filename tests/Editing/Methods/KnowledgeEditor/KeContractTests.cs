using Sharpformer.Editing;
using Sharpformer.Editing.Methods.KnowledgeEditor;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tests.Editing.Methods.Trained;

namespace Sharpformer.Tests.Editing.Methods.KnowledgeEditor;

/// <summary>What KnowledgeEditor promises as a method among others.</summary>
public sealed class KeContractTests : NetEditorContract
{
    protected override IEditor Editor { get; } = new KeEditor();

    protected override TrainedSettings Small => KeSettings.For(Model.Config) with { Layers = 2, Condition = 8, Hidden = 4, MaxScale = 10 };
}
