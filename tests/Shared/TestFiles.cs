namespace Sharpformer.Tests;

/// <summary>Where the tests find their files, whichever folder they are started from.</summary>
internal static class TestFiles
{
    private static readonly string Root = FindRoot();

    /// <summary>Folder of the bundled small model.</summary>
    public static string Model => Path.Combine(Root, "models", "facts-gpt2");

    /// <summary>A file or folder of reference values, made by independent programs.</summary>
    public static string Golden(string name) => Path.Combine(Root, "tests", "golden", name);

    /// <summary>A file or folder of test inputs.</summary>
    public static string Data(string name) => Path.Combine(Root, "tests", "data", name);

    /// <summary>An edit set of the bundled model, by its name.</summary>
    public static string Facts(string set) => Path.Combine(Root, "data", "facts", set + ".json");

    /// <summary>A page of the documentation.</summary>
    public static string Docs(string name) => Path.Combine(Root, "docs", name);

    /// <summary>A helper program.</summary>
    public static string Script(string name) => Path.Combine(Root, "scripts", name);

    /// <summary>A sample program.</summary>
    public static string Sample(string name) => Path.Combine(Root, "samples", name);

    /// <summary>A new empty folder that is deleted with all it holds when disposed.</summary>
    public static TemporaryFolder TemporaryFolder() => new(Directory.CreateTempSubdirectory("sharpformer-").FullName);

    /// <summary>Copies the bundled model into a folder, which is made if it is not there, for tests that change it.</summary>
    public static void CopyModel(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(Model)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Sharpformer.sln"))) return folder.FullName;
        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds Sharpformer.sln.");
    }
}

/// <summary>A folder for the files of one test.</summary>
internal sealed class TemporaryFolder(string path) : IDisposable
{
    /// <summary>The folder itself.</summary>
    public string Path { get; } = path;

    /// <summary>Path of a file in the folder.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
