using Sharpformer.Editing;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.Editing;

/// <summary>What a session makes of a remembered fingerprint: the bundled model, with weights that change without a trace.</summary>
public sealed class RememberedFingerprintTests : IDisposable
{
    private readonly CopiedModel _copy = new();
    private readonly List<string> _notices = [];

    private string Store => _copy.Beside("edits.db");

    public void Dispose() => _copy.Dispose();

    [Fact]
    public void It_is_the_fingerprint_and_a_changed_model_is_refused()
    {
        ModelFingerprint exact = ModelFingerprinter.Compute(_copy.Folder);
        Teach();
        for (int time = 0; time < 2; time++)
        {
            using Session session = Open();
            session.OpenStore(Store, StoreAccess.Read);
            Assert.Equal(exact, session.Fingerprint);
            Assert.Equal(exact, session.VerifiedFingerprint);
        }

        Change(stealthily: false);
        using Session changed = Open();
        Fails.With<InputException>("belongs to another model", () => changed.OpenStore(Store, StoreAccess.Read));
        Assert.Empty(_notices);
    }

    [Fact]
    public void Verify_reads_all_says_what_was_wrong_and_mends_it()
    {
        Teach();
        Change(stealthily: true);
        using (Session believing = Open()) believing.OpenStore(Store, StoreAccess.Read);
        using (Session verifying = Open(verify: true))
            Fails.With<InputException>("belongs to another model", () => verifying.OpenStore(Store, StoreAccess.Read));
        Assert.Contains("changed without a trace", Assert.Single(_notices), StringComparison.Ordinal);

        using Session mended = Open();
        Fails.With<InputException>("belongs to another model", () => mended.OpenStore(Store, StoreAccess.Read));
        Assert.Equal(ModelFingerprinter.Compute(_copy.Folder), mended.Fingerprint);
        Assert.Single(_notices);
    }

    [Fact]
    public void An_export_is_never_made_by_a_wrong_one()
    {
        Teach();
        Change(stealthily: true);
        using Session session = Open();
        session.OpenStore(Store, StoreAccess.Read);
        string file = _copy.Beside("adaptor.safetensors");
        Fails.With<InputException>("not those whose fingerprint was remembered", () => session.ExportAdaptor(file));
        Assert.False(File.Exists(file));
        Assert.Single(_notices);
    }

    [Fact]
    public void A_new_store_is_never_bound_to_a_wrong_one()
    {
        Teach();
        Change(stealthily: true);
        string other = _copy.Beside("new.db");
        Teach(other);
        using EditStore written = EditStore.Open(other, readOnly: true);
        Assert.Equal(ModelFingerprinter.Compute(_copy.Folder), written.Identity!.Model);
    }

    [Fact]
    public void Rounded_to_Q8_it_is_remembered_as_another()
    {
        using Session stored = Open(), rounded = Open(form: WeightForm.Q8), again = Open(form: WeightForm.Q8);
        Assert.NotEqual(stored.Fingerprint, rounded.Fingerprint);
        Assert.Equal(2, Directory.GetFiles(_copy.Beside("cache")).Length);
        Assert.Equal(ModelFingerprinter.Compute(_copy.Folder, WeightForm.Q8), again.Fingerprint);
    }

    // Weights and times as a program that knows how could leave them: with the same bytes where they are sampled.
    private static FileStamp Stamp(string path) => FileStamp.Of(path) with { Inode = 0, Changed = 0 };

    private void Change(bool stealthily)
    {
        DateTime was = File.GetLastWriteTimeUtc(_copy.Weights);
        // Behind the block of the sample that begins at a tenth of the file, and before the next one.
        _copy.Change((long)((new FileInfo(_copy.Weights).Length - 4096) * (51 / 513.0)) + 4096 + 1000);
        if (stealthily) File.SetLastWriteTimeUtc(_copy.Weights, was);
    }

    private void Teach(string? store = null)
    {
        using Session session = Open();
        session.OpenStore(store ?? Store, StoreAccess.Create);
        session.Teach(session.Tokenize([new EditRequest("The sky is", "green")]), session.SettingsFor("ireva"));
    }

    private Session Open(bool verify = false, WeightForm form = default) => Session.Open(_copy.Folder, new SessionOptions
    {
        Device = "cpu",
        Threads = 1,
        Verify = verify,
        Weights = form,
        Notice = _notices.Add,
        Memory = new FingerprintMemory(_copy.Beside("cache"), least: 1, Stamp),
    });
}
