using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Trained;

namespace Sharpformer.Tests.Editing.Methods.Trained;

/// <summary>What a method promises whose edits a network makes, whatever that has learnt.</summary>
public abstract class NetEditorContract : EditorContract, IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly Lazy<TrainedSettings> settings;

    protected NetEditorContract() => settings = new(() => TinyNet.Write(folder.File("net"), Small, Model));

    /// <summary>The settings of a small network.</summary>
    protected abstract TrainedSettings Small { get; }

    protected override EditSettings Settings => settings.Value;

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
        GC.SuppressFinalize(this);
    }
}
