using Sharpformer.Editing;
using Sharpformer.Editing.Methods.UltraEdit;

namespace Sharpformer.Tests.Editing.Methods.UltraEdit;

public sealed class UltraEditContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new UltraEditEditor();

    protected override EditSettings Settings { get; } = new UltraEditSettings { Layer = 4, Layers = 2, LearningRate = 1e-3f, WarmUp = 200 };
}
