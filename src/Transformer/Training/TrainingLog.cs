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
    double? EvaluationLoss = null);

/// <summary>The log of a run as JSON Lines, written line by line.</summary>
public sealed class TrainingLog : IDisposable
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly FileStream file;

    private TrainingLog(FileStream file) => this.file = file;

    /// <summary>Bytes written so far.</summary>
    public long Length => file.Length;

    /// <summary>Opens a log to go on behind its first bytes; whatever stands behind them goes.</summary>
    /// <exception cref="InputException">It cannot be written, or has fewer bytes.</exception>
    internal static TrainingLog Open(string path, long length)
    {
        try
        {
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
            if (file.Length < length)
            {
                long there = file.Length;
                file.Dispose();
                throw new InputException($"{path}: has {there} bytes, expected at least {length}.", "it was changed or cut.");
            }

            file.SetLength(length);
            file.Seek(0, SeekOrigin.End);
            return new TrainingLog(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be written: {FileErrors.Reason(e)}.", null, e);
        }
    }

    /// <summary>Reads a log.</summary>
    /// <exception cref="InputException">It cannot be read, or a line is none of a log.</exception>
    public static IReadOnlyList<TrainingLogLine> Read(string path)
    {
        int number = 0;
        try
        {
            var lines = new List<TrainingLogLine>();
            foreach (string line in File.ReadLines(path))
            {
                number++;
                lines.Add(JsonSerializer.Deserialize<TrainingLogLine>(line, Options) ?? throw new JsonException());
            }

            return lines;
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: line {number} is no line of a training log.", null, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {FileErrors.Reason(e)}.", null, e);
        }
    }

    /// <summary>Adds a line, which others can read at once.</summary>
    internal void Add(TrainingLogLine line)
    {
        file.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(line, Options) + "\n"));
        file.Flush();
    }

    /// <summary>Closes it.</summary>
    public void Dispose() => file.Dispose();
}
