namespace Sharpformer.Tests.Editing;

/// <summary>A copy of the bundled model whose weights can be changed, written long ago; deleted with all beside it when disposed.</summary>
internal sealed class CopiedModel : IDisposable
{
    private readonly TemporaryFolder root = TestFiles.TemporaryFolder();

    public CopiedModel()
    {
        TestFiles.CopyModel(Folder);
        File.SetLastWriteTimeUtc(Weights, new DateTime(2026, 1, 2, 0, 0, 0, DateTimeKind.Utc));
    }

    /// <summary>The model folder.</summary>
    public string Folder => root.File("model");

    /// <summary>Its weights.</summary>
    public string Weights => Path.Combine(Folder, "model.safetensors");

    /// <summary>Path of a file beside the model's folder.</summary>
    public string Beside(string name) => root.File(name);

    /// <summary>Changes one bit where the weights lie, whoever has them open.</summary>
    public void Change(long position)
    {
        using var stream = new FileStream(Weights, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        stream.Position = position;
        int was = stream.ReadByte();
        stream.Position = position;
        stream.WriteByte((byte)(was ^ 1));
    }

    public void Dispose() => root.Dispose();
}
