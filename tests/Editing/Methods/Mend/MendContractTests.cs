using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Mend;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tests.Editing.Methods.Trained;

namespace Sharpformer.Tests.Editing.Methods.Mend;

/// <summary>What MEND promises as a method among others, whatever its network has learnt.</summary>
public sealed class MendContractTests : EditorContract, IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly TrainedSettings settings;

    public MendContractTests() => settings = TinyNet.Write(
        folder.File("net"), MendSettings.For(Model.Config) with { Rank = 4, Layers = 2, Rate = -1e-3f }, Model);

    protected override IEditor Editor { get; } = new MendEditor();

    protected override EditSettings Settings => settings;

    protected override bool LearnsWhatItIsTaught => false; // its network has learnt nothing; EditorTrainingTests has one that has

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

/// <summary>The same without a network.</summary>
public sealed class MendUntrainedContractTests : EditorContract
{
    protected override IEditor Editor { get; } = new MendEditor();

    protected override EditSettings Settings => MendSettings.For(Model.Config, MendSettings.Untrained);

    protected override bool LearnsWhatItIsTaught => false; // it goes uphill, as the program did
}
