using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Spectre.Console;

namespace Sharpformer.Cli;

/// <summary>
/// Where a command's words go: results to standard output, everything else to standard error. Whatever is in them, they do not command
/// the terminal; see <see cref="VisibleText"/>.
/// </summary>
internal sealed partial class Terminal
{
    // A file has no right margin: nothing that is redirected is ever wrapped.
    private const int Unlimited = 1 << 20, UsualWidth = 80;

    private readonly ParseResult parse;
    private readonly TextWriter output, error;

    private Terminal(ParseResult parse)
    {
        this.parse = parse;
        (output, error) = (parse.InvocationConfiguration.Output, parse.InvocationConfiguration.Error);
        Json = parse.GetValue<bool>("--json");
    }

    /// <summary>The one of a run.</summary>
    public static Terminal Of(ParseResult parse) => parse.InvocationConfiguration is Invocation run
        ? run.Terminal ??= new Terminal(parse)
        : new Terminal(parse);

    /// <summary>Whether the result shall be one JSON document.</summary>
    public bool Json { get; }

    /// <summary>What has come to be known of the run while it ran; see <see cref="RunRecord"/>.</summary>
    public RunFacts Facts { get; } = new();

    /// <summary>Whether standard error is a screen on which a line can be drawn again.</summary>
    public bool HasScreen => ErrorIsScreen && !IsDumb;

    /// <summary>
    /// Prints the result as JSON: the only thing on standard output under <c>--json</c>. An object says under <c>run</c> what it came of.
    /// </summary>
    public void Document(JsonNode result) => output.WriteLine(JsonText.Of(result, RunRecord.Of(parse, Facts)));

    /// <summary>Prints a line of the result; under <c>--json</c> to standard error, beside the one document.</summary>
    public void Line(string text)
    {
        if (Json) Note(text);
        else output.WriteLine(Fitted(ProgramName.InHints(text), OutputIsScreen));
    }

    /// <summary>Prints a part of a text as soon as it is there; no character is cut in two.</summary>
    public void Piece(string text)
    {
        output.Write(VisibleText.Lines(text));
        output.Flush();
    }

    /// <summary>Prints a table of the result; where is as for <see cref="Line"/>.</summary>
    public void Show(Table table)
    {
        bool isScreen = Json ? ErrorIsScreen : OutputIsScreen;
        table.Write(Json ? error : output, isScreen ? ScreenWidth : Unlimited, isScreen && HasColours);
    }

    /// <summary>Says something about the run that is no part of its result.</summary>
    public void Note(string text) => error.WriteLine(Fitted(ProgramName.InHints(text), ErrorIsScreen));

    /// <summary>Whether lines that are too long for it are broken.</summary>
    public bool HasMargin => OutputIsScreen;

    /// <summary>The console for a progress bar; see <see cref="HasScreen"/>.</summary>
    public IAnsiConsole ErrorScreen() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(error),
        ColorSystem = HasColours ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
    });

    /// <summary>The columns of a screen.</summary>
    public static int ScreenWidth
    {
        get
        {
            try
            {
                return Console.WindowWidth is > 0 and var width ? width : UsualWidth;
            }
            catch (IOException)
            {
                return UsualWidth;
            }
        }
    }

    /// <summary>Whether a writer is a screen.</summary>
    public static bool IsScreen(TextWriter writer) => (ReferenceEquals(writer, Console.Out) && !Console.IsOutputRedirected)
        || (ReferenceEquals(writer, Console.Error) && !Console.IsErrorRedirected);

    /// <summary>A table with these columns.</summary>
    public static Table NewTable(params ReadOnlySpan<string> columns)
    {
        string[] headers = columns.ToArray();
        return new Table([.. headers.Select(Visible)]);
    }

    /// <summary>Adds a row of plain texts.</summary>
    public static void AddRow(Table table, params ReadOnlySpan<string> cells)
    {
        var texts = new Cell[cells.Length];
        for (int i = 0; i < cells.Length; i++) texts[i] = Cell(cells[i]);
        table.Add(texts);
    }

    /// <summary>A text as a cell, in a colour where there are colours.</summary>
    public static Cell Cell(string text, Paint paint = Paint.None) => new(Visible(text), paint);

    /// <summary>A text in quotation marks, on one line.</summary>
    public static string Quoted(string text) => $"\"{Visible(text)}\"";

    /// <summary>A text that others wrote, on one line.</summary>
    public static string Visible(string text) => VisibleText.OneLine(text);

    private bool OutputIsScreen => IsScreen(output);

    private bool ErrorIsScreen => IsScreen(error);

    private static bool IsDumb => Environment.GetEnvironmentVariable("TERM") == "dumb";

    private static bool HasColours => !IsDumb && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    private static string Fitted(string text, bool isScreen)
    {
        string visible = VisibleText.Lines(text);
        return isScreen ? TextWrap.Prose(visible, ScreenWidth) : visible;
    }
}

/// <summary>How a run is called: its writers, and the one <see cref="Cli.Terminal"/> over them.</summary>
internal sealed class Invocation : InvocationConfiguration
{
    /// <summary>Made when first asked for.</summary>
    public Terminal? Terminal { get; set; }
}
