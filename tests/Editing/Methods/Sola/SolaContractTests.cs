using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Sola;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Sola;

/// <summary>What SoLA promises as a method among others.</summary>
public sealed class SolaContractTests : EditorContract
{
    private static TeachingContext? shared; // what prompts are known by takes longer to make than the edits

    protected override TeachingContext Context => shared ??= base.Context;

    protected override IEditor Editor { get; } = new SolaEditor();

    protected override EditSettings Settings { get; } = SolaSettings.For(ModelConfig.Load(TestFiles.Model));
}
