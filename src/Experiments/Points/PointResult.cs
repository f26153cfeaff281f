using System.Text;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Metrics.Examination;
using Sharpformer.Tensors;

namespace Sharpformer.Experiments.Points;

/// <summary>What a point took.</summary>
/// <param name="TeachSeconds">Seconds of teaching.</param>
/// <param name="CpuSeconds">Processor seconds of teaching, of all threads.</param>
/// <param name="PeakBytes">Peak memory of the program while the point ran; null where the system does not tell.</param>
/// <param name="BytesPerEdit">Numbers that an edit consists of, in bytes.</param>
/// <param name="TokensPerSecond">Tokens written a second with the edits.</param>
/// <param name="BaseTokensPerSecond">The same by the base model.</param>
/// <param name="Seconds">Seconds of the whole point.</param>
public sealed record PointCosts(
    double TeachSeconds, double CpuSeconds, double? PeakBytes, double BytesPerEdit, double TokensPerSecond, double BaseTokensPerSecond,
    double Seconds);

/// <summary>On what a point was measured.</summary>
/// <param name="Version">The program's version.</param>
/// <param name="Processor">The processor.</param>
/// <param name="System">The operating system.</param>
/// <param name="Device">What computed.</param>
/// <param name="Threads">Threads of the CPU; 0 on an accelerator.</param>
public sealed record PointMachine(string Version, string Processor, string System, string Device, int Threads);

/// <summary>What was measured in a point: one file, present or not.</summary>
/// <param name="Key">The point's key.</param>
/// <param name="Point">The point, as <see cref="ExperimentPoint.ToJson"/> gives it.</param>
/// <param name="Figures">The figures.</param>
/// <param name="Costs">What it took.</param>
/// <param name="Machine">On what.</param>
/// <param name="At">When it was done, UTC.</param>
public sealed record PointResult(
    string Key, JsonObject Point, IReadOnlyList<Figure> Figures, PointCosts Costs, PointMachine Machine, DateTimeOffset At)
{
    /// <summary>Whether it is what its name says: of the point whose key that is.</summary>
    public bool IsOf(string key) => Key == key && ExperimentPoint.KeyOf(Point) == key;

    /// <summary>The figure of a name and a group, however it was measured; null where there is none.</summary>
    public Figure? Find(string name, string group) => Figures.FirstOrDefault(figure => figure.Name == name && figure.Group == group);

    /// <summary>As a file has it: one figure to a line.</summary>
    public string ToJson()
    {
        var text = new StringBuilder("{\n");
        text.Append($"\"key\": \"{Key}\",\n\"point\": {Point.ToJsonString(StoredJson.Options)},\n\"figures\": [\n");
        text.AppendJoin(",\n", Figures.Select(StoredJson.Line));
        text.Append($"\n],\n\"costs\": {StoredJson.Line(Costs)},\n\"machine\": {StoredJson.Line(Machine)},\n");
        return text.Append($"\"at\": {StoredJson.Line(At)}\n}}\n").ToString();
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="InputException">The file cannot be read, or is none.</exception>
    public static PointResult Load(string path) =>
        StoredJson.Load<PointResult>(path, "result of a point", "it is the result of a point of an experiment.");
}
