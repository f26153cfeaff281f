using System.Globalization;
using System.Text;

namespace Sharpformer.Transformer.Tokenization.Surfaces;

/// <summary>How much white space the first token of a text loses.</summary>
internal enum LeadingBlanks
{
    /// <summary>None.</summary>
    Kept,

    /// <summary>One blank, the one that was put in front.</summary>
    OneDropped,

    /// <summary>All in the token.</summary>
    AllDropped,
}

/// <summary>Tokens in which a mark such as <c>▁</c> stands for each blank.</summary>
/// <param name="blank">The mark.</param>
/// <param name="leading">What becomes of blanks where a text begins.</param>
/// <param name="hasBytes">Whether <c>&lt;0x41&gt;</c> is a byte.</param>
/// <param name="controls">Ids of tokens such as <c>&lt;s&gt;</c>, behind which a text begins.</param>
internal sealed class SpaceSurface(string blank, LeadingBlanks leading, bool hasBytes, IReadOnlySet<int> controls) : ITokenSurface
{
    /// <inheritdoc/>
    public byte[] Of(Token token, Token? before)
    {
        if (hasBytes && token.IsBase && ByteOf(token.Text) is { } value) return [value];
        string text = token.Text;
        if (before is not { } other || controls.Contains(other.Id))
        {
            if (leading == LeadingBlanks.AllDropped) text = text.Replace(blank, "", StringComparison.Ordinal);
            else if (leading == LeadingBlanks.OneDropped && text.StartsWith(blank, StringComparison.Ordinal)) text = text[blank.Length..];
        }

        return Encoding.UTF8.GetBytes(text.Replace(blank, " ", StringComparison.Ordinal));
    }

    private static byte? ByteOf(string text) =>
        text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) && text[5] == '>'
        && byte.TryParse(text.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value)
            ? value
            : null;
}
