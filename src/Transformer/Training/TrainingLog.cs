using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>A line of a run's log: what a step came to, or an evaluation after it.</summary>
/// <param name="Step">The step, from 1.</param>
/// <param name="Tokens">Targets of all steps so far.</param>
/// <param name="Loss">Mean loss of the step's targets, before it; null for an evaluation.</param>
/// <param name="GradientNorm">Length of its gradient, before clipping.</param>
/// <param name="LearningRate">Its step size.</param>
/// <param name="TokensPerSecond">Targets a second since the line before.</param>
/// <param name="EvaluationLoss">Mean loss of the evaluation text; null for a step.</param>
public sealed record TrainingLogLine(
    int Step, long Tokens, double? Loss = null, double? GradientNorm = null, double? LearningRate = null, double? TokensPerSecond = null,
    double? EvaluationLoss = null)
{
    /// <summary>What the loss is the sum of, or what was measured along with it, by name; null where it is one thing.</summary>
    public IReadOnlyDictionary<string, double>? Terms { get; init; }
}

/// <summary>The log of a run as JSON Lines, written line by line.</summary>
public sealed class TrainingLog : IDisposable
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        TypeInfoResolver = TransformerJson.Default,
    };

    private readonly FileStream file;
    private readonly IncrementalHash sum = SecureHash.Sha256();

    private TrainingLog(FileStream file) => this.file = file;

    /// <summary>Bytes written so far.</summary>
    public long Length => file.Length;

    /// <summary>The SHA-256 of these, in lower-case hex.</summary>
    public string Sha256 => Convert.ToHexStringLower(sum.GetCurrentHash());

    /// <summary>Opens a log to go on behind its first bytes; whatever stands behind them goes.</summary>
    /// <param name="path">The file; made where there are no such bytes.</param>
    /// <param name="length">How many bytes.</param>
    /// <param name="sha256">Their sum; null where it is not known.</param>
    /// <exception cref="InputException">It cannot be written, has fewer bytes, or not those that it had.</exception>
    internal static TrainingLog Open(string path, long length = 0, string? sha256 = null)
    {
        TrainingLog? log = null;
        bool isDone = false;
        try
        {
            var file = new FileStream(path, length > 0 ? FileMode.Open : FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            log = new TrainingLog(file);
            if (file.Length < length)
                throw new InputException($"{path}: has {file.Length} bytes, expected at least {length}: it was changed or cut.");
            byte[] kept = new byte[length];
            file.ReadExactly(kept);
            log.sum.AppendData(kept);
            Parsed(path, Encoding.UTF8.GetString(kept).Split('\n')[..^1]);
            if (sha256 is not null && sha256 != log.Sha256)
                throw new InputException($"{path}: its first {length} bytes are others than were kept: it was changed.");
            file.SetLength(length);
            isDone = true;
            return log;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be written: {FileErrors.Reason(e)}.", null, e);
        }
        finally
        {
            if (!isDone) log?.Dispose();
        }
    }

    /// <summary>Reads a log.</summary>
    /// <exception cref="InputException">It cannot be read, or a line is none of a log.</exception>
    public static IReadOnlyList<TrainingLogLine> Read(string path)
    {
        try
        {
            return Parsed(path, File.ReadLines(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {FileErrors.Reason(e)}.", null, e);
        }
    }

    /// <summary>Adds a line, which others can read at once.</summary>
    internal void Add(TrainingLogLine line)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(line, Options.InfoOf<TrainingLogLine>()) + "\n");
        file.Write(bytes);
        file.Flush();
        sum.AppendData(bytes);
    }

    /// <summary>Closes it.</summary>
    public void Dispose()
    {
        file.Dispose();
        sum.Dispose();
    }

    private static List<TrainingLogLine> Parsed(string path, IEnumerable<string> lines)
    {
        var parsed = new List<TrainingLogLine>();
        try
        {
            foreach (string line in lines)
                parsed.Add(JsonSerializer.Deserialize(line, Options.InfoOf<TrainingLogLine>()) ?? throw new JsonException());
            return parsed;
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: line {parsed.Count + 1} is no line of a training log.", null, e);
        }
    }
}
