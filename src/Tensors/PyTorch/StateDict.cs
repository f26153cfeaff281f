namespace Sharpformer.Tensors.PyTorch;

/// <summary>The tensors by name that a checkpoint's outermost dictionary holds.</summary>
internal static class StateDict
{
    private const string Wrapper = "state_dict";

    /// <summary>
    /// Names and tensors in their order, of the dictionary itself or of the one under its key <c>state_dict</c>. Whatever
    /// else is in it (steps, settings, an optimizer's state) is left alone.
    /// </summary>
    /// <exception cref="InputException">It is no such dictionary, or a name is there twice.</exception>
    public static List<(string Name, TensorView View)> Tensors(string path, object? root)
    {
        if (root is not PickleDict dict)
            throw new InputException(
                $"{path}: holds {Kind(root)}, expected a dictionary from names to tensors.", "save model.state_dict().");
        List<(string, TensorView)> tensors = Flat(path, dict);
        PickleDict? wrapped = dict.Items.Where(item => item.Key as string == Wrapper)
            .Select(item => item.Value).OfType<PickleDict>().FirstOrDefault();
        if (tensors.Count == 0 && wrapped is not null) tensors = Flat(path, wrapped);
        if (tensors.Count > 0) return tensors;
        string keys = string.Join(
            ", ", dict.Items.Take(5).Select(item => item.Key is string key ? Quoted.Text(key) : "a key that is no text"));
        throw new InputException(
            $"{path}: holds no tensor by name, expected a dictionary of them, or one under {Wrapper}; "
            + $"got {(keys.Length == 0 ? "an empty one" : keys)}.",
            "save model.state_dict().");
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
