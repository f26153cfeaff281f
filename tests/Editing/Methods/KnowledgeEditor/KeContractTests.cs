using Sharpformer.Editing;
using Sharpformer.Editing.Methods.KnowledgeEditor;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tests.Editing.Methods.Trained;

namespace Sharpformer.Tests.Editing.Methods.KnowledgeEditor;

/// <summary>What KnowledgeEditor promises as a method among others, whatever its network has learnt.</summary>
public sealed class KeContractTests : EditorContract, IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly TrainedSettings settings;

    public KeContractTests() => settings = TinyNet.Write(
        folder.File("net"), KeSettings.For(Model.Config) with { Layers = 2, Condition = 8, Hidden = 4, MaxScale = 10 }, Model);

    protected override IEditor Editor { get; } = new KeEditor();

    protected override EditSettings Settings => settings;

    protected override bool LearnsWhatItIsTaught => false; // its network has learnt nothing

    protected override TeachingContext Context => new()
    {
        Tokenizer = Tokenizer,
        BosId = Tokenizer.BosId,
        EosId = Tokenizer.EosId,
        NetFile = folder.File("net"),
        Model = TinyNet.Bundled,
    };

    void IDisposable.Dispose()
    {
        folder.Dispose();
        Dispose();
    }
}
