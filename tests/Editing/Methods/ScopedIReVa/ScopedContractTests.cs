using Sharpformer.Editing;
using Sharpformer.Editing.Methods.ScopedIReVa;

namespace Sharpformer.Tests.Editing.Methods.ScopedIReVa;

/// <summary>What scoped iReVa promises as a method among others.</summary>
public sealed class ScopedContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new ScopedEditor();

    protected override EditSettings Settings { get; } = new ScopedSettings { Layer = 4, Alpha = 1, RecWeight = 0.1f, Epochs = 10 };
}
