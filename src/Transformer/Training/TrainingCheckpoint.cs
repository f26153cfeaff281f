using System.Globalization;
using System.Text.Json;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>
/// The folder beside the output in which an unfinished run is kept: <c>run.json</c> says how far it has come and names the file of the
/// trainer's state that belongs to it. It is written last and takes its name at once, so whatever kills the process, the folder holds
/// the checkpoint before or the new one. Sums of all it names tell what was damaged since.
/// </summary>
internal sealed class TrainingCheckpoint : IDisposable
{
    private const string RunFile = "run.json", NewRunFile = RunFile + ".tmp", LockFile = "lock", LogFile = "training.jsonl";
    private const string Weights = ".safetensors", BeginAnew = "remove the folder to begin anew.";

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        RespectNullableAnnotations = true,
        AllowDuplicateProperties = false,
        WriteIndented = true,
        NewLine = "\n",
        TypeInfoResolver = TransformerJson.Default,
    };

    private readonly string folder;
    private readonly FileStream held;
    private TrainingLog? log;

    private TrainingCheckpoint(string folder, FileStream held) => (this.folder, this.held) = (folder, held);

    /// <summary>Whether a run is kept there.</summary>
    public bool Holds => File.Exists(PathOf(RunFile));

    /// <summary>The log's file.</summary>
    public string LogPath => PathOf(LogFile);

    /// <summary>The log; see <see cref="GoOn"/>.</summary>
    public TrainingLog Log => log ?? throw new InvalidOperationException("GoOn comes first.");

    /// <summary>The step up to which the run that goes on is kept; null before anything is.</summary>
    public int? KeptStep { get; private set; }

    /// <summary>Where the run of an output folder is kept.</summary>
    public static string FolderOf(string output) => Path.TrimEndingDirectorySeparator(output) + ".checkpoint";

    /// <summary>Takes hold of it; nobody else can until this is disposed.</summary>
    /// <param name="output">The run's output folder.</param>
    /// <param name="resume">Whether a run may be there already.</param>
    /// <exception cref="InputException">One is there, or a part of one; another process has it, or it cannot be written.</exception>
    public static TrainingCheckpoint Open(string output, bool resume)
    {
        string folder = FolderOf(output);
        if (!resume && File.Exists(Path.Combine(folder, RunFile)))
            throw new InputException($"{folder}: an unfinished run is there.", $"--resume goes on with it; {BeginAnew}");
        if (File.Exists(folder))
            throw new InputException($"{folder}: is to hold the run's checkpoints, but is a file.", "remove it, or name another output.");
        return Written(folder, () =>
        {
            Directory.CreateDirectory(folder);
            string[] names = [.. Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry))];
            if (names.FirstOrDefault(name => !IsOurs(name)) is { } other)
            {
                throw new InputException(
                    $"{folder}: is to hold the run's checkpoints, but {Quoted.Text(other)} is there.", "name another output.");
            }

            if (!names.Contains(RunFile) && !names.Contains(NewRunFile) && names.FirstOrDefault(IsWeights) is { } weights)
            {
                throw new InputException(
                    $"{folder}: {RunFile} is missing, which says how far the run of {weights} has come.", $"put it back, or {BeginAnew}");
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

    /// <summary>The run as far as it is kept; null where there is none.</summary>
    /// <exception cref="InputException">It is damaged.</exception>
    public RunState? Load()
    {
        if (!Holds) return null;
        string path = PathOf(RunFile);
        try
        {
            RunState? state = JsonSerializer.Deserialize(
                SmallFile.Read(path, "it says how far a run has come."), Options.InfoOf<RunState>());
            return state?.Fault() is { } fault ? throw Damaged($"{path}: {fault}, which cannot be") : state ?? throw new JsonException();
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw Damaged($"{path}: is damaged", e);
        }
    }

    /// <summary>Makes a trainer, and the log, go on from where a run is kept.</summary>
    /// <param name="trainer">The trainer.</param>
    /// <param name="state">The run; null for one that begins.</param>
    /// <param name="steps">Steps of the whole run.</param>
    /// <exception cref="InputException">A file is missing or damaged.</exception>
    public void GoOn(WeightOptimizer trainer, RunState? state, int steps)
    {
        if (state is null)
        {
            log = TrainingLog.Open(LogPath);
            return;
        }

        if (state.Steps != steps) throw Damaged($"{PathOf(RunFile)}: steps are {state.Steps}, expected the {steps} of its settings");
        string path = PathOf(state.TrainerFile!);
        CheckSum(path, state.TrainerSha256);
        if (state.Best is { File: { } best }) CheckSum(PathOf(best), state.Best.Sha256);
        try
        {
            log = TrainingLog.Open(LogPath, state.LogLength, state.LogSha256);
            TrainerState.Restore(trainer, path);
        }
        catch (InputException e)
        {
            throw Damaged(e.Sentence.TrimEnd('.'), e);
        }

        if (trainer.StepsDone != state.Step)
            throw Damaged($"{path}: is of step {trainer.StepsDone}, expected {state.Step} as {RunFile} says");
        KeptStep = state.Step;
    }

    /// <summary>Gives a trainer the weights of the best evaluation.</summary>
    /// <exception cref="InputException">The file is missing or damaged.</exception>
    public void RestoreBest(WeightOptimizer trainer, string file) => TrainerState.RestoreWeights(trainer, PathOf(file));

    /// <summary>Keeps a run. Then files of earlier states go.</summary>
    /// <param name="trainer">What it trains.</param>
    /// <param name="state">How far it has come.</param>
    /// <param name="isBest">Whether the weights are kept besides as those of its best evaluation.</param>
    /// <returns>What was kept.</returns>
    /// <exception cref="InputException">It cannot be written; the run is kept as it was before.</exception>
    public RunState Save(WeightOptimizer trainer, RunState state, bool isBest = false) => Written(folder, () =>
    {
        string path = PathOf(RunFile), unfinished = PathOf(NewRunFile);
        File.WriteAllBytes(unfinished, []); // there before any weights: so those of a first checkpoint cut short are known
        if (isBest)
        {
            string best = FileName("best", state.Step);
            TrainerState.SaveWeights(trainer, PathOf(best));
            state = state with { Best = state.Best! with { File = best, Sha256 = SecureHash.Sha256OfFile(PathOf(best)) } };
        }

        string file = FileName("trainer", state.Step);
        TrainerState.Save(trainer, PathOf(file));
        state = state with
        {
            LogLength = Log.Length,
            LogSha256 = Log.Sha256,
            TrainerFile = file,
            TrainerSha256 = SecureHash.Sha256OfFile(PathOf(file)),
        };
        using (var stream = new FileStream(unfinished, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(stream, state, Options.InfoOf<RunState>());
            stream.Flush(flushToDisk: true);
        }

        File.Move(unfinished, path, overwrite: true);
        KeptStep = state.Step;
        foreach (string other in Directory.EnumerateFiles(folder).Where(other => !Belongs(Path.GetFileName(other), state)))
            File.Delete(other);
        return state;
    });

    /// <summary>A file's name after a step.</summary>
    public static string FileName(string what, int step) => string.Create(CultureInfo.InvariantCulture, $"{what}-{step}{Weights}");

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
        name is RunFile or LogFile or LockFile || IsWeights(name) || name.EndsWith(".tmp", StringComparison.Ordinal);

    private static bool IsWeights(string name) => name.EndsWith(Weights, StringComparison.Ordinal);

    private static bool Belongs(string name, RunState state) =>
        name is RunFile or LogFile or LockFile || name == state.TrainerFile || name == state.Best?.File;

    private string PathOf(string file) => Path.Combine(folder, file);

    private static void CheckSum(string path, string? sha256)
    {
        if (!File.Exists(path)) throw Damaged($"{path}: is missing");
        if (sha256 is not null && SecureHash.Sha256OfFile(path) != sha256) throw Damaged($"{path}: is not what was kept, by its SHA-256");
    }

    private static InputException Damaged(string what, Exception? inner = null) => new($"{what}.", BeginAnew, inner);

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
