using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;

namespace Sharpformer.Tests.Editing.Methods.IReVa;

/// <summary>What iReVa promises as a method among others.</summary>
public sealed class IReVaContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new IReVaEditor();

    protected override EditSettings Settings { get; } = new IReVaSettings { Layer = 4, Theta = 0.85f, Alpha = 1, RecWeight = 0.1f };
}
