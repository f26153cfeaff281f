using System.Text.RegularExpressions;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>Which weights stay as they are, by their names.</summary>
internal static class FrozenWeights
{
    /// <summary>Whether the weight of a name is trained.</summary>
    /// <param name="patterns">Names of those that are not; <c>*</c> stands for anything.</param>
    /// <param name="names">All names of the model.</param>
    /// <exception cref="InputException">A pattern means no weight, or all of them together mean every one.</exception>
    public static Func<string, bool> Trained(IReadOnlyList<string> patterns, IReadOnlyList<string> names)
    {
        var frozen = new HashSet<string>();
        foreach (string pattern in patterns)
        {
            var regex = new Regex(
                $@"\A{Regex.Escape(pattern).Replace(@"\*", ".*", StringComparison.Ordinal)}\z",
                RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
            string[] meant = [.. names.Where(name => regex.IsMatch(name))];
            if (meant.Length == 0)
            {
                throw new InputException(
                    $"freeze: {Quoted.Text(pattern)} is the name of no weight.{Nearest.Question(pattern, names)}",
                    $"names are as {string.Join(", ", names.Take(4))}; * stands for anything.");
            }

            frozen.UnionWith(meant);
        }

        return frozen.Count < names.Count ? name => !frozen.Contains(name) : throw new InputException(
            "freeze: every weight is to stay as it is, expected some to be trained.");
    }
}
