using System.Text;

namespace Sharpformer.Cli;

/// <summary>
/// Standard error for a program whose work matters more than what it says about it: where nothing can be written any
/// more (a full disk, a closed descriptor), words are lost and the work goes on.
/// </summary>
internal sealed class ForgivingWriter : TextWriter
{
    private readonly TextWriter inner;

    private ForgivingWriter(TextWriter inner) => this.inner = inner;

    /// <summary>A writer that forgives, or the screen itself: a screen takes everything, and its bar must know it is one.</summary>
    public static TextWriter Over(TextWriter writer) =>
        ReferenceEquals(writer, Console.Error) && !Console.IsErrorRedirected ? writer : new ForgivingWriter(writer);

    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => Try(() => inner.Write(value));

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    /// <inheritdoc/>
    public override void Write(string? value) => Try(() => inner.Write(value));

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

    /// <inheritdoc/>
    public override void Flush() => Try(inner.Flush);

    private static void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
