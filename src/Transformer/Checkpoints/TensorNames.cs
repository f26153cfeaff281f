using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>
/// The names that families ask for, made of those that training programs leave: these put words before, and between, the model's own
/// (<c>_orig_mod.module.transformer.h.0.…</c>), and older ones had other words for some of them.
/// </summary>
internal sealed class TensorNames
{
    internal const string Table = "wte.weight", Head = "lm_head.weight", HeadBias = "lm_head.bias";

    // torch.compile, PyTorch's data-parallel and sharding wrappers, and activation checkpointing put these around any module.
    private static readonly string[] Wrappers =
        ["_orig_mod", "module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"];

    // What model classes call the parts that hold all others; more follow from where the token table is.
    private static readonly string[] Containers = ["transformer", "model"];

    // The tensors of which every model has exactly one; where a tied table is stored as the head, the others tell.
    private static readonly string[] Anchors = ["wte.weight", "wpe.weight", "ln_f.weight"];

    // TensorFlow's names of a norm's vectors, and OpenAI's of 2019, as early PyTorch ports kept them.
    private static readonly (string Old, string New)[] Endings =
        [(".gamma", ".weight"), (".beta", ".bias"), (".g", ".weight"), (".b", ".bias"), (".w", ".weight")];

    private readonly string[] container;

    private TensorNames(string[] container) => this.container = container;

    /// <summary>Names behind none but the usual words.</summary>
    public static TensorNames Usual { get; } = new([]);

    /// <summary>Finds out what stands before the names of one model.</summary>
    /// <param name="folder">The model folder, for messages.</param>
    /// <param name="stored">All names that are stored.</param>
    /// <exception cref="InputException">They are of two models.</exception>
    public static TensorNames Of(string folder, IReadOnlyCollection<string> stored)
    {
        foreach (string anchor in Anchors)
        {
            string[][] found =
            [
                .. stored.Select(Unwrapped).Where(name => name == anchor || name.EndsWith("." + anchor, StringComparison.Ordinal))
                    .Distinct().Order(StringComparer.Ordinal)
                    .Select(name => name[..^anchor.Length].Split('.', StringSplitOptions.RemoveEmptyEntries)),
            ];
            // The same model with and without one of the usual words is told by whoever meets a name twice.
            string[][] unusual = [.. found.Where(words => words.Except(Containers).Any())];
            if (unusual.Length > 0 && found.Length > 1)
                throw new InputException(
                    $"{folder}: the weights are of {found.Length} models: {anchor} stands behind "
                    + $"{string.Join(" and ", found.Take(4).Select(words => Quoted.Text(string.Join('.', words))))}.",
                    "save the one that you mean by itself.");
            if (found.Length > 0) return new TensorNames(found.MaxBy(words => words.Length)!);
        }

        return Usual;
    }

    /// <summary>What families call a stored tensor.</summary>
    public string Plain(string stored)
    {
        string[] words = Unwrapped(stored).Split('.');
        int start = 0;
        while (start < container.Length && start < words.Length - 1 && words[start] == container[start]) start++;
        while (start < words.Length - 1 && Containers.Contains(words[start])) start++;
        string name = string.Join('.', words.Skip(start));
        foreach ((string old, string today) in Endings)
            if (name.EndsWith(old, StringComparison.Ordinal)) name = name[..^old.Length] + today;
        return name == "lm_head.decoder.weight" ? Head : name;
    }

    private static string Unwrapped(string name) =>
        Wrappers.Any(wrapper => name.Contains(wrapper, StringComparison.Ordinal))
            ? string.Join('.', name.Split('.').Where((word, i) => !Wrappers.Contains(word)))
            : name;
}
