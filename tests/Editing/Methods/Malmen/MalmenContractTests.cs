using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Malmen;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tests.Editing.Methods.Trained;

namespace Sharpformer.Tests.Editing.Methods.Malmen;

/// <summary>What MALMEN promises as a method among others, whatever its network has learnt.</summary>
public sealed class MalmenContractTests : EditorContract, IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly TrainedSettings settings;

    public MalmenContractTests() => settings = TinyNet.Write(
        folder.File("net"), MalmenSettings.For(Model.Config) with { Rank = 4, Layers = 2, BatchSize = 2 }, Model);

    protected override IEditor Editor { get; } = new MalmenEditor();

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
