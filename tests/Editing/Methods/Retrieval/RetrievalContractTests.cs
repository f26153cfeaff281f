using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Retrieval;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Retrieval;

/// <summary>What retrieval in context promises as a method among others.</summary>
public sealed class RetrievalContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new RetrievalEditor();

    protected override EditSettings Settings { get; } = RetrievalSettings.For(ModelConfig.Load(TestFiles.Model));

    /// <summary>The bundled model is too small to take a fact from its context; docs/methods/retrieval.md has the figures.</summary>
    protected override bool LearnsWhatItIsTaught => false;
}
