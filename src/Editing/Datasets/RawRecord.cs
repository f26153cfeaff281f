using System.Text.Json;

namespace Sharpformer.Editing.Datasets;

/// <summary>A record as its file has it: a JSON object, or why there is none.</summary>
/// <param name="Index">Its number in the file, counted from 0.</param>
/// <param name="Line">The line where it begins.</param>
internal sealed record RawRecord(int Index, int Line) : IDisposable
{
    /// <summary>The object; of a table's row one with a text for each cell that is not blank.</summary>
    public JsonDocument? Json { get; init; }

    /// <summary>Its bytes in the file; empty for a row.</summary>
    public ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>What is wrong where there is no object: what was expected, and what is there.</summary>
    public (string Expected, string Got)? Fault { get; init; }

    public void Dispose() => Json?.Dispose();
}
