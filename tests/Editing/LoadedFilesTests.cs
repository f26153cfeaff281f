using Sharpformer.Editing;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing;

/// <summary>Weights that another program changes while a model is in use.</summary>
public sealed class LoadedFilesTests : IDisposable
{
    private static readonly EditRequest Fact = new("The sky is", "green");

    private readonly CopiedModel _copy = new();

    private string Weights => _copy.Weights;

    private string Store => _copy.Beside("edits.db");

    public void Dispose() => _copy.Dispose();

    [Fact]
    public void Files_that_are_only_read_are_as_they_were()
    {
        var files = new LoadedFiles(_copy.Folder);
        File.ReadAllBytes(Weights);
        files.RequireThere();
        files.RequireUnwritten();
    }

    [Fact]
    public void What_was_written_to_is_refused()
    {
        var files = new LoadedFiles(_copy.Folder);
        Change();
        Fails.With<InputException>("changed 'model.safetensors' while the model was in use", files.RequireThere);
        Fails.With<InputException>("taught meanwhile is not stored", files.RequireUnwritten);
    }

    [Fact]
    public void What_became_shorter_is_refused()
    {
        var files = new LoadedFiles(_copy.Folder);
        using (FileStream stream = File.OpenWrite(Weights)) stream.SetLength(100);
        Fails.With<InputException>("not stored", files.RequireUnwritten);
    }

    [Fact]
    public void Another_file_in_its_place_does_no_harm_but_is_not_the_model()
    {
        var files = new LoadedFiles(_copy.Folder);
        Replace();
        Fails.With<InputException>("which model its edits belong to cannot be said", files.RequireThere);
        if (OperatingSystem.IsLinux()) files.RequireUnwritten(); // elsewhere files have no number to be told apart by
    }

    [Fact]
    public void Neither_does_one_that_is_gone()
    {
        var files = new LoadedFiles(_copy.Folder);
        File.Delete(Weights);
        Fails.With<InputException>("cannot be said", files.RequireThere);
        files.RequireUnwritten();
    }

    [LinuxFact]
    public void Nothing_is_stored_that_was_taught_with_changed_weights()
    {
        using Session session = Open();
        session.OpenStore(Store, StoreAccess.Create);
        Change();
        Fails.With<InputException>("taught meanwhile is not stored", () => Teach(session));
        Assert.False(File.Exists(Store));
    }

    [LinuxFact]
    public void No_store_is_told_the_fingerprint_of_files_that_were_not_loaded()
    {
        using Session session = Open();
        Replace();
        Fails.With<InputException>("cannot be said", () => session.OpenStore(Store, StoreAccess.Create));
        Assert.False(File.Exists(Store));
    }

    [LinuxFact]
    public void What_is_taught_is_stored_where_a_file_was_only_replaced()
    {
        ModelFingerprint exact = ModelFingerprinter.Compute(_copy.Folder);
        using Session session = Open();
        session.OpenStore(Store, StoreAccess.Create);
        Replace();
        Assert.Single(Teach(session).Added);
        Assert.Equal(exact, session.Store.Identity!.Model);
    }

    private static TeachingReport Teach(Session session) =>
        session.Teach(session.Tokenize([Fact]), session.SettingsFor("ireva"));

    private Session Open() => Session.Open(_copy.Folder, new SessionOptions { Device = "cpu", Threads = 1 });

    private void Change() => _copy.Change(new FileInfo(Weights).Length / 2);

    private void Replace()
    {
        string other = Weights + ".new";
        File.Copy(Weights, other);
        File.SetLastWriteTimeUtc(other, new DateTime(2026, 1, 3, 0, 0, 0, DateTimeKind.Utc));
        File.Move(other, Weights, overwrite: true);
    }
}
