using System.CommandLine;
using System.Globalization;
using Sharpformer.Tensors;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Sharpformer.Cli;

/// <summary>
/// Where a command's words go: results to standard output, everything else to standard error. Whatever is in them, they do not command
/// the terminal; see <see cref="VisibleText"/>.
/// </summary>
internal sealed class Terminal
{
    // A file has no right margin: nothing that is redirected is ever wrapped.
    private const int Unlimited = 1 << 20;

    private readonly TextWriter output, error;

    private Terminal(TextWriter output, TextWriter error, bool json) => (this.output, this.error, Json) = (output, error, json);

    /// <summary>The one that a command was called with.</summary>
    public static Terminal Of(ParseResult parse) =>
        new(parse.InvocationConfiguration.Output, parse.InvocationConfiguration.Error, parse.GetValue<bool>("--json"));

    /// <summary>Whether the result shall be one JSON document.</summary>
    public bool Json { get; }

    /// <summary>Whether standard error is a screen on which a line can be drawn again.</summary>
    public bool HasScreen => ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected;

    /// <summary>Prints the result as JSON: the only thing on standard output under <c>--json</c>.</summary>
    public void Document(object result) => output.WriteLine(JsonText.Of(result));

    /// <summary>Prints a line of the result; under <c>--json</c> to standard error, beside the one document.</summary>
    public void Line(string text) => (Json ? error : output).WriteLine(VisibleText.Lines(text));

    /// <summary>Prints a part of a text as soon as it is there; no character is cut in two.</summary>
    public void Piece(string text)
    {
        output.Write(VisibleText.Lines(text));
        output.Flush();
    }

    /// <summary>Prints a table of the result; where is as for <see cref="Line"/>.</summary>
    public void Show(IRenderable table) => (Json ? Screen(error, HasScreen) : Screen(output, OutputIsScreen)).Write(table);

    /// <summary>Columns a table may take: those of the screen, or more than any table needs.</summary>
    public int Width => OutputIsScreen ? Screen(output, isScreen: true).Profile.Width : Unlimited;

    /// <summary>Says something about the run that is no part of its result.</summary>
    public void Note(string text) => error.WriteLine(VisibleText.Lines(text));

    /// <summary>Whether lines that are too long for it are broken.</summary>
    public bool HasMargin => OutputIsScreen;

    /// <summary>The console for a progress bar; see <see cref="HasScreen"/>.</summary>
    public IAnsiConsole ErrorScreen() => Screen(error, HasScreen);

    private bool OutputIsScreen => ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected;

    /// <summary>A table with these columns.</summary>
    public static Table NewTable(params ReadOnlySpan<string> columns)
    {
        var table = new Table { Border = TableBorder.Rounded };
        foreach (string column in columns) table.AddColumn(new TableColumn(Cell(column)));
        return table;
    }

    /// <summary>Adds a row of plain texts; nothing in them is taken for markup.</summary>
    public static void AddRow(Table table, params ReadOnlySpan<string> cells)
    {
        var texts = new List<IRenderable>();
        foreach (string cell in cells) texts.Add(Cell(cell));
        table.AddRow(texts);
    }

    /// <summary>A plain text, in a colour where there are colours.</summary>
    public static IRenderable Cell(string text, Color? color = null) => new CellText(Visible(text), new Style(color));

    /// <summary>A text in quotation marks, on one line.</summary>
    public static string Quoted(string text) => $"\"{Visible(text)}\"";

    /// <summary>A number for people, to so many decimals at most; a dash for none.</summary>
    public static string Number(double? value, string format = "0.####") => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";

    /// <summary>A count and its noun, in the plural unless it is one.</summary>
    public static string Counted(long count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";

    /// <summary>A text that others wrote, on one line.</summary>
    public static string Visible(string text) => VisibleText.OneLine(text);

    private static IAnsiConsole Screen(TextWriter writer, bool isScreen)
    {
        bool colours = isScreen && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isScreen ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = colours ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isScreen ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!isScreen) console.Profile.Width = Unlimited;
        return console;
    }
}
