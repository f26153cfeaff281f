using System.Globalization;
using System.Text.Json;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>
/// The folder beside the output in which an unfinished run is kept: <c>run.json</c> says how far it has come and names the file of the
/// trainer's state that belongs to it. It is written last and takes its name at once, so whatever kills the process, the folder holds
/// the checkpoint before or the new one.
/// </summary>
internal sealed class TrainingCheckpoint : IDisposable
{
    private const string RunFile = "run.json", LockFile = "lock", LogFile = "training.jsonl";

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        NewLine = "\n",
    };

    private readonly string folder;
    private readonly FileStream held;
    private TrainingLog? log;

    private TrainingCheckpoint(string folder, FileStream held) => (this.folder, this.held) = (folder, held);

    /// <summary>Whether a run is kept there.</summary>
    public bool Holds => File.Exists(PathOf(RunFile));

    /// <summary>The log's file.</summary>
    public string LogPath => Path.Combine(folder, LogFile);

    /// <summary>The log; see <see cref="Load"/>.</summary>
    public TrainingLog Log => log ?? throw new InvalidOperationException("Load comes first.");

    /// <summary>Where the run of an output folder is kept.</summary>
    public static string FolderOf(string output) => Path.TrimEndingDirectorySeparator(output) + ".checkpoint";

    /// <summary>Takes hold of it; nobody else can until this is disposed.</summary>
    /// <param name="output">The run's output folder.</param>
    /// <param name="resume">Whether a run may be there already.</param>
    /// <exception cref="InputException">One is there, another process has it, or it cannot be written.</exception>
    public static TrainingCheckpoint Open(string output, bool resume)
    {
        string folder = FolderOf(output);
        if (!resume && File.Exists(Path.Combine(folder, RunFile)))
        {
            throw new InputException(
                $"{folder}: an unfinished run is there.", "--resume goes on with it; remove the folder to begin anew.");
        }

        return Written(folder, () =>
        {
            Directory.CreateDirectory(folder);
            if (Directory.EnumerateFileSystemEntries(folder).FirstOrDefault(entry => !IsOurs(Path.GetFileName(entry))) is { } other)
            {
                throw new InputException(
                    $"{folder}: is to hold the run's checkpoints, but {Quoted.Text(Path.GetFileName(other))} is there.",
                    "name another output.");
            }

            string path = Path.Combine(folder, LockFile);
            try
            {
                return new TrainingCheckpoint(
                    folder, new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose));
            }
            catch (IOException e) when (File.Exists(path))
            {
                throw new InputException($"{folder}: another process trains there.", "wait for it, or name another output.", e)
                {
                    Kind = ErrorKind.Busy,
                };
            }
        });
    }

    /// <summary>The run as far as it is kept, and its log; null, and an empty log, where there is none.</summary>
    /// <exception cref="InputException">A file is damaged.</exception>
    public RunState? Load()
    {
        string path = Path.Combine(folder, RunFile);
        RunState? state = null;
        if (File.Exists(path))
        {
            try
            {
                state = JsonSerializer.Deserialize<RunState>(SmallFile.Read(path, "it says how far a run has come."), Options);
            }
            catch (Exception e) when (e is JsonException or NotSupportedException)
            {
                throw new InputException($"{path}: is damaged.", "remove the folder to begin anew.", e);
            }
        }

        log = TrainingLog.Open(LogPath, state?.LogLength ?? 0);
        return state;
    }

    /// <summary>Makes a trainer go on from where the run is kept.</summary>
    /// <exception cref="InputException">The file is missing or damaged.</exception>
    public void Restore(Trainer trainer, RunState state) => TrainerState.Restore(trainer, PathOf(state.TrainerFile));

    /// <summary>Keeps a run. Then files of earlier states go.</summary>
    /// <returns>What was kept.</returns>
    /// <exception cref="InputException">It cannot be written; the run is kept as it was before.</exception>
    public RunState Save(Trainer trainer, RunState state) => Written(folder, () =>
    {
        state = state with { LogLength = Log.Length, TrainerFile = FileName("trainer", state.Step) };
        TrainerState.Save(trainer, PathOf(state.TrainerFile));
        string path = Path.Combine(folder, RunFile), temporary = path + ".tmp";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, state, Options);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
        foreach (string other in Directory.EnumerateFiles(folder).Where(other => !Belongs(Path.GetFileName(other), state)))
            File.Delete(other);
        return state;
    });

    /// <summary>The path of a file in it.</summary>
    public string PathOf(string file) => Path.Combine(folder, file);

    /// <summary>A file's name after a step.</summary>
    public static string FileName(string what, int step) =>
        string.Create(CultureInfo.InvariantCulture, $"{what}-{step}.safetensors");

    /// <summary>Removes the folder: the run is done.</summary>
    public void Delete()
    {
        log?.Dispose();
        held.Dispose();
        try
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is only in the way.
        }
    }

    /// <summary>Lets go of it. What is kept stays; where nothing is, the folder goes.</summary>
    public void Dispose()
    {
        log?.Dispose();
        held.Dispose();
        if (!Holds) Delete();
    }

    /// <summary>Whether a file of that name is one that this class writes, or was going to when its process was killed.</summary>
    private static bool IsOurs(string name) =>
        name is RunFile or LogFile or LockFile || name.EndsWith(".safetensors", StringComparison.Ordinal)
        || name.EndsWith(".tmp", StringComparison.Ordinal);

    private static bool Belongs(string name, RunState state) =>
        name is RunFile or LogFile or LockFile || name == state.TrainerFile || name == state.Best?.File;

    private static T Written<T>(string folder, Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                $"{folder}: cannot be written: {FileErrors.Reason(e)}.", "is there room on the disk, and may you write there?", e);
        }
    }
}
