using System.Text.RegularExpressions;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Adapters;

/// <summary>Which modules of a model an adapter's settings mean, by a regular expression of Python's kind.</summary>
internal sealed class ModulePattern
{
    // A hostile pattern may take years for a short name.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Regex regex;
    private readonly string where;

    private ModulePattern(string where, string pattern, string framed)
    {
        this.where = $"{where}: {Quoted.Text(pattern)}";
        try
        {
            regex = new Regex(framed.Replace("(?P<", "(?<", StringComparison.Ordinal), RegexOptions.CultureInvariant, Patience);
        }
        catch (ArgumentException e)
        {
            throw new InputException($"{this.where} is no regular expression.", null, e);
        }
    }

    /// <summary>A pattern that a module's name must match as a whole.</summary>
    public static ModulePattern Whole(string where, string pattern) => new(where, pattern, $@"\A(?:{pattern})\z");

    /// <summary>A pattern that must match the name from the start of one of its words on: PEFT's <c>(.*\.)?(pattern)$</c>.</summary>
    public static ModulePattern FromWord(string where, string pattern) => new(where, pattern, $@"\A(.*\.)?({pattern})$");

    /// <summary>Whether the module of this name is meant.</summary>
    /// <exception cref="InputException">The pattern takes too long.</exception>
    public bool Matches(string module)
    {
        try
        {
            return regex.IsMatch(module);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InputException($"{where} takes too long to compare with {Quoted.Text(module)}.", "simplify the pattern.", e);
        }
    }
}
