using Sharpformer.Editing;
using Sharpformer.Editing.Methods.TPatcher;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.TPatcher;

/// <summary>What T-Patcher promises as a method among others.</summary>
public sealed class TPatcherContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new TPatcherEditor();

    protected override EditSettings Settings { get; } =
        TPatcherSettings.For(ModelConfig.Load(TestFiles.Model)) with { Memory = 600, Strongest = 100, Epochs = 200 };
}
