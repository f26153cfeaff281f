using Sharpformer.Tensors;

namespace Sharpformer.Editing.Datasets;

/// <summary>A record of a file that cannot be used, and why.</summary>
/// <param name="File">The file.</param>
/// <param name="Index">Its number in the file, counted from 0.</param>
/// <param name="Line">
/// The line where it begins, or where the field does that is wrong, counted from 1 as editors count them: a line ends at LF, CRLF or a
/// lone CR.
/// </param>
/// <param name="Field">The field, as in <c>requested_rewrite.subject</c>; null where it is no single one.</param>
/// <param name="Expected">What should be there.</param>
/// <param name="Got">What is there.</param>
public sealed record BadRecord(string File, int Index, int Line, string? Field, string Expected, string Got)
{
    /// <summary>All of it in one sentence.</summary>
    public override string ToString()
    {
        string field = Field is null ? "" : $", field {Quoted.Text(Field)}";
        return $"Record file '{File}', record {Index} (counted from 0), line {Line}{field}: expected {Expected}, got {Got}.";
    }
}
