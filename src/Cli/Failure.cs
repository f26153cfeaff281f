using System.Text.Json.Nodes;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>
/// Says why there is no result: a sentence on standard error, and under <c>--json</c> the one document on standard output,
/// <c>{"error":{"message","hint","exitCode"}}</c>.
/// </summary>
/// <param name="output">Standard output.</param>
/// <param name="error">Standard error.</param>
/// <param name="isJson">Whether a document is wanted.</param>
internal sealed class Failure(TextWriter output, TextWriter error, bool isJson)
{
    /// <summary>Says it.</summary>
    /// <param name="sentence">What went wrong; what files say may be in it.</param>
    /// <param name="hint">What to do; null for nothing. Behind wrong usage it is a line of its own.</param>
    /// <param name="exitCode">What is returned.</param>
    public int Tell(string sentence, string? hint, int exitCode)
    {
        (sentence, hint) = (Fit(sentence), hint is null ? null : Fit(hint));
        string start = exitCode == ExitCode.Interrupted ? "" : "error: ";
        string end = hint is null ? "" : exitCode == ExitCode.WrongUsage ? $"\n{hint}" : $" Hint: {hint}";
        string text = $"{start}{sentence}{end}";
        error.WriteLine(Terminal.IsScreen(error) ? TextWrap.Prose(text, Terminal.ScreenWidth) : text);
        if (!isJson) return exitCode;
        try
        {
            output.WriteLine(JsonText.Of(new JsonObject
            {
                ["error"] = new JsonObject { ["message"] = sentence, ["hint"] = hint, ["exitCode"] = exitCode },
            }));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // That the output cannot be written is what was just said, or the least of what went wrong.
        }

        return exitCode;
    }

    private static string Fit(string text) => ProgramName.InHints(VisibleText.OneLine(text));
}
