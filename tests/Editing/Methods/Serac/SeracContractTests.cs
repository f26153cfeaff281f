using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Serac;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Serac;

/// <summary>What SERAC promises as a method among others, without a trained classifier; SeracTests has one.</summary>
public sealed class SeracContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new SeracEditor();

    protected override EditSettings Settings { get; } = SeracSettings.For(ModelConfig.Load(TestFiles.Model), SeracSettings.Untrained);

    /// <summary>The bundled model is too small to take a fact from its context; docs/methods/serac.md has the figures.</summary>
    protected override bool LearnsWhatItIsTaught => false;
}
