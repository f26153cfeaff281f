namespace Sharpformer.Tensors.PyTorch;

/// <summary>The tensors by name that a checkpoint's outermost dictionary holds.</summary>
internal static class StateDict
{
    // What training programs put a model's state dict under: PyTorch's own examples, Lightning, DeepSpeed, nanoGPT.
    private static readonly string[] Wrappers = ["state_dict", "model_state_dict", "model", "module"];

    private const int MaxWrappers = 4;

    /// <summary>
    /// Names and tensors in their order, of the dictionary itself or of the one within it that a training program wrapped. Whatever
    /// else is there (steps, settings, an optimizer's state) is left alone.
    /// </summary>
    /// <exception cref="InputException">It is no such dictionary, or a name is there twice.</exception>
    public static List<(string Name, TensorView View)> Tensors(string path, object? root)
    {
        if (root is not PickleDict dict)
            throw new InputException(
                $"{path}: holds {Kind(root)}, expected a dictionary from names to tensors.", "save model.state_dict().");
        // From the innermost outwards: beside what is wrapped there may be tensors that are no weights, a loss for example.
        foreach (PickleDict inner in Nested(dict).Reverse())
            if (Flat(path, inner) is { Count: > 0 } tensors) return tensors;
        string keys = string.Join(
            ", ", dict.Items.Take(5).Select(item => item.Key is string key ? Quoted.Text(key) : "a key that is no text"));
        throw new InputException(
            $"{path}: holds no tensor by name, expected a dictionary of them, or one under {string.Join(" or ", Wrappers)}; "
            + $"got {(keys.Length == 0 ? "an empty one" : keys)}.",
            "save model.state_dict().");
    }

    /// <summary>The numbers, texts and flags by name of a dictionary that stands beside the weights; null if there is none.</summary>
    public static IReadOnlyDictionary<string, object?>? Settings(object? root, string key)
    {
        if ((root as PickleDict)?.Items.LastOrDefault(item => item.Key as string == key).Value is not PickleDict dict) return null;
        var settings = new Dictionary<string, object?>();
        foreach ((object? name, object? value) in dict.Items)
            if (name is string text && value is (null or bool or long or double or string)) settings[text] = value;
        return settings;
    }

    private static IEnumerable<PickleDict> Nested(PickleDict root)
    {
        PickleDict? dict = root;
        for (int depth = 0; dict is not null && depth <= MaxWrappers; depth++)
        {
            yield return dict;
            PickleDict outer = dict;
            dict = Wrappers.Select(wrapper => outer.Items.Find(item => item.Key as string == wrapper).Value)
                .OfType<PickleDict>().FirstOrDefault();
        }
    }

    private static List<(string Name, TensorView View)> Flat(string path, PickleDict dict)
    {
        var tensors = new List<(string Name, TensorView View)>();
        var names = new HashSet<string>();
        foreach ((object? key, object? value) in dict.Items)
        {
            if (value is not TensorView view) continue;
            if (key is not string name) throw new InputException($"{path}: a tensor's name is {Kind(key)}, expected a text.");
            if (!names.Add(name)) throw new InputException($"{path}: tensor {Quoted.Text(name)} is there twice.", "is the file damaged?");
            tensors.Add((name, view));
        }

        return tensors;
    }

    private static string Kind(object? value) => value switch
    {
        null => "None",
        PickleDict => "a dictionary",
        List<object?> => "a list",
        object?[] => "a tuple",
        string => "a text",
        TensorView => "a single tensor",
        StorageReference => "a storage",
        _ => "a number or the like",
    };
}
