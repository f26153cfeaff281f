using System.Globalization;
using Sharpformer.Tensors;

namespace Sharpformer.FactsCorpus;

/// <summary>The options of a command line, <c>--name value</c>, and <c>--json</c> without a value.</summary>
internal sealed class Arguments
{
    private const string Json = "--json";

    private readonly Dictionary<string, string> values = [];

    /// <summary>Reads them.</summary>
    /// <param name="args">All behind the command.</param>
    /// <param name="known">The options that the command has, with their dashes.</param>
    /// <exception cref="InputException">An option is unknown, given twice, or has no value.</exception>
    public Arguments(IReadOnlyList<string> args, params IReadOnlyList<string> known)
    {
        for (int i = 0; i < args.Count; i++)
        {
            string name = args[i];
            if (!known.Contains(name))
                throw new InputException($"{Quoted.Text(name)} is no option here, expected one of {string.Join(", ", known)}.");
            if (name != Json && i + 1 == args.Count) throw new InputException($"{name} has no value.");
            if (!values.TryAdd(name, name == Json ? "" : args[++i])) throw new InputException($"{name} is given twice.");
        }
    }

    /// <summary>Whether the result shall be JSON.</summary>
    public bool IsJson => values.ContainsKey(Json);

    /// <summary>The value of an option.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="otherwise">What it is where it is not given; null if it must be.</param>
    /// <exception cref="InputException">It must be given and is not.</exception>
    public string Text(string name, string? otherwise = null) =>
        values.GetValueOrDefault(name, otherwise ?? "") is { Length: > 0 } text ? text : throw new InputException($"{name} is missing.");

    /// <summary>A positive whole number.</summary>
    /// <param name="name">The option.</param>
    /// <param name="otherwise">What it is where it is not given.</param>
    /// <exception cref="InputException">It is no positive whole number.</exception>
    public int Count(string name, int otherwise) =>
        !values.TryGetValue(name, out string? text) ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0 ? number
        : throw new InputException($"{name} is {Quoted.Text(text)}, expected a whole number from 1 to {int.MaxValue}.");

    /// <summary>The seed, 0 where none is given.</summary>
    /// <exception cref="InputException">It is no whole number from 0 on.</exception>
    public ulong Seed() =>
        !values.TryGetValue("--seed", out string? text) ? 0
        : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed) ? seed
        : throw new InputException($"--seed is {Quoted.Text(text)}, expected a whole number from 0 to {ulong.MaxValue}.");
}
