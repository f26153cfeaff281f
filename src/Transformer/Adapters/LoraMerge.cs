using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Families;

namespace Sharpformer.Transformer.Adapters;

/// <summary>Lays an adapter over the tensors of a base model: W' = W + scale·B·A, and whole weights in place of others.</summary>
internal sealed class LoraMerge
{
    private static readonly string[] Tables = [TensorNames.Table, "wpe.weight"];

    private readonly LoraAdapter adapter;
    private readonly string folder;
    private readonly Dictionary<string, (ITensorFile File, TensorInfo Info)> stored = [];
    private readonly HashSet<string> unused;
    private readonly bool mapsAreInOut;

    private LoraMerge(
        LoraAdapter adapter, string folder, ModelConfig config, IEnumerable<(string Name, ITensorFile File, TensorInfo Info)> tensors)
    {
        (this.adapter, this.folder) = (adapter, folder);
        unused = [.. adapter.Changed, .. adapter.Replaced];
        foreach ((string name, ITensorFile file, TensorInfo info) in tensors)
            if (!ModelFolder.IsBuffer(name) && !ModelFolder.IsOfOtherHead(name)) stored.TryAdd(name, (file, info));
        IReadOnlyList<long>? first = stored.TryGetValue(Gpt2.FirstMap, out (ITensorFile File, TensorInfo Info) map) ? map.Info.Shape : null;
        mapsAreInOut = config.ModelType == "gpt2" && !Gpt2.IsOutIn(config, first);
    }

    /// <summary>Every tensor of the model with the adapter.</summary>
    /// <param name="adapter">The adapter; open as long as the tensors are read.</param>
    /// <param name="folder">The base model's folder, for messages.</param>
    /// <param name="config">The base model.</param>
    /// <param name="tensors">Its tensors, each with the name that families ask for.</param>
    /// <param name="untiesHead">Whether the head is another one than the token table from now on.</param>
    /// <exception cref="InputException">The adapter does not fit the model.</exception>
    public static IReadOnlyList<(ITensorFile File, TensorInfo Info)> Apply(
        LoraAdapter adapter, string folder, ModelConfig config, IReadOnlyList<(string Name, ITensorFile File, TensorInfo Info)> tensors,
        out bool untiesHead)
    {
        var merge = new LoraMerge(adapter, folder, config, tensors);
        merge.CheckCoverage(config);
        var laidOver = new List<(ITensorFile, TensorInfo)>();
        bool isTied = config.TiesHead && merge.Touches(TensorNames.Table, TensorNames.Head);
        foreach ((string name, ITensorFile file, TensorInfo info) in tensors)
        {
            if (isTied && name is TensorNames.Table or TensorNames.Head) continue;
            laidOver.Add(merge.stored.ContainsKey(name) ? merge.LaidOver(name, (file, info)) : (file, info));
        }

        untiesHead = false;
        if (isTied) laidOver.AddRange(merge.TableAndHead(config, out untiesHead));
        merge.ThrowIfUnused();
        return laidOver;
    }

    /// <summary>The module that a weight or a bias is of.</summary>
    public static string ModuleOf(string weight) => weight[..Math.Max(0, weight.LastIndexOf('.'))];

    /// <summary>
    /// Both of a tied model. A pair changes its own module alone, and so does a copy that was trained in its place; what PEFT saves
    /// along because it wrote over it (embedding layers) stays tied.
    /// </summary>
    private IEnumerable<(ITensorFile File, TensorInfo Info)> TableAndHead(ModelConfig config, out bool unties)
    {
        (ITensorFile, TensorInfo) table = stored.GetValueOrDefault(TensorNames.Table), head = stored.GetValueOrDefault(TensorNames.Head);
        if (table.Item1 is null && head.Item1 is null) throw Unfit($"the base model lacks {TensorNames.Table}");
        if (table.Item1 is null) table = Named(TensorNames.Table, head);
        if (head.Item1 is null || !config.LeavesTieUnsaid) head = Named(TensorNames.Head, table);
        TensorInfo? ownTable = adapter.ReplacementOf(TensorNames.Table), ownHead = adapter.ReplacementOf(TensorNames.Head);
        unties = true;
        if (ownHead is null && ownTable is not null && !adapter.IsCopy(TensorNames.Table))
        {
            head = Replaced(TensorNames.Head, head, ownTable);
            unties = Pairs(TensorNames.Table, TensorNames.Head);
        }
        else if (ownTable is null && ownHead is not null && !adapter.IsCopy(TensorNames.Head))
        {
            table = Replaced(TensorNames.Table, table, ownHead);
            unties = Pairs(TensorNames.Table, TensorNames.Head);
        }

        table = LaidOver(TensorNames.Table, table);
        head = LaidOver(TensorNames.Head, head);
        return unties ? [table, head] : [table];
    }

    private bool Touches(params string[] weights) => weights.Any(unused.Contains);

    private bool Pairs(params string[] weights) => adapter.Changed.Any(weights.Contains);

    private static (ITensorFile File, TensorInfo Info) Named(string name, (ITensorFile File, TensorInfo Info) tensor)
    {
        var moved = new MovedTensor(tensor.File, tensor.Info, name, isTurned: false);
        return (moved, moved.Tensors[0]);
    }

    /// <summary>A tensor of the base model with all that the adapter has for it.</summary>
    private (ITensorFile File, TensorInfo Info) LaidOver(string weight, (ITensorFile File, TensorInfo Info) tensor)
    {
        if (!unused.Remove(weight)) return tensor;
        if (adapter.ReplacementOf(weight) is { } own) tensor = Replaced(weight, tensor, own);
        if (adapter.Pairs.FirstOrDefault(pair => pair.Weight == weight) is not { } change) return tensor;
        bool isTable = Tables.Contains(weight), isInOut = isTable || (mapsAreInOut && weight != TensorNames.Head);
        if (change.IsEmbedding != isTable || tensor.Info.Shape.Count != 2)
            throw Unfit($"{Quoted.Text(change.A)} is of {(change.IsEmbedding ? "a table" : "a linear map")}, which {weight} is not");
        long inputs = adapter.File.Info(change.A).Shape[1], outputs = adapter.File.Info(change.B).Shape[0];
        if (!tensor.Info.Shape.SequenceEqual(isInOut ? [inputs, outputs] : [outputs, inputs]))
            throw Unfit($"{Quoted.Text(change.A)} and its other half map {inputs} numbers to {outputs}, {weight} is "
                + $"{Quoted.Shape(tensor.Info.Shape)}");
        _ = tensor.File.TypeOf(tensor.Info);
        var merged = new MergedTensor(tensor.File, tensor.Info, LoraFactors.Read(adapter.File, change, isInOut));
        return (merged, merged.Tensors[0]);
    }

    private (ITensorFile File, TensorInfo Info) Replaced(string weight, (ITensorFile File, TensorInfo Info) tensor, TensorInfo own)
    {
        if (!own.Shape.SequenceEqual(tensor.Info.Shape))
            throw Unfit(
                $"{own} shall replace {weight}, which is {Quoted.Shape(tensor.Info.Shape)}",
                isVocabulary: weight is TensorNames.Table or TensorNames.Head);
        _ = adapter.File.TypeOf(own);
        var moved = new MovedTensor(adapter.File, own, tensor.Info.Name, isTurned: false);
        return (moved, moved.Tensors[0]);
    }

    /// <summary>Makes sure that the file has exactly what the settings ask for.</summary>
    private void CheckCoverage(ModelConfig config)
    {
        HashSet<string> changed = [.. adapter.Changed], replaced = [.. adapter.Replaced];
        IEnumerable<string> names = stored.Keys.Union(config.TiesHead ? [TensorNames.Head, TensorNames.Table] : []);
        TargetModules targets = adapter.Settings.Targets;
        var missing = new List<string>();
        foreach (string name in names.Order(StringComparer.Ordinal))
        {
            string module = LoraSettings.FullName(ModuleOf(name));
            if (adapter.IsCopy(name)) missing.AddRange(replaced.Contains(name) ? [] : [name]);
            else if (!targets.IsUnsaid && IsMatrix(name) && !changed.Contains(name) && targets.Has(module, IsInBlock(name)))
                missing.Add(name);
        }

        if (missing.Count > 0)
            throw Unfit($"{LoraSettings.FileName} means {Some(missing)} too, for which {Path.GetFileName(adapter.Path)} has nothing");
        string[] extra =
        [
            .. adapter.Pairs.Where(pair => !targets.IsUnsaid && !targets.Has(pair.Module, IsInBlock(pair.Weight))).Select(pair => pair.A),
        ];
        if (extra.Length > 0) throw Unfit($"{LoraSettings.FileName} does not mean {Some(extra)}, which would not be used");
        if (adapter.Settings.ModulesToSave.FirstOrDefault(end => !replaced.Any(name => IsEnd(name, end))) is { } unknown)
            throw Unfit($"modules_to_save names {Quoted.Text(unknown)}, of which nothing is stored");
    }

    private static bool IsEnd(string weight, string end) =>
        LoraSettings.FullName(ModuleOf(weight)).EndsWith(end, StringComparison.Ordinal);

    private bool IsMatrix(string name) =>
        name.EndsWith(".weight", StringComparison.Ordinal) && (!stored.TryGetValue(name, out var tensor) || tensor.Info.Shape.Count == 2);

    private static bool IsInBlock(string name) => name.StartsWith("h.", StringComparison.Ordinal);

    private void ThrowIfUnused()
    {
        if (unused.Count == 0) return;
        string[] names = [.. unused.Order(StringComparer.Ordinal).Select(weight =>
            adapter.ReplacementOf(weight)?.Name ?? adapter.Pairs.First(pair => pair.Weight == weight).A)];
        throw Unfit($"it has no place for {Some(names)}");
    }

    private InputException Unfit(string why, bool isVocabulary = false) => new(
        $"{adapter.Path}: the adapter does not fit the model {folder}: {why}.",
        isVocabulary ? "was the vocabulary resized before the training? Then the base model must be as well."
            : adapter.BaseModel is { } trained ? $"it was trained on {Quoted.Text(trained)}." : null);

    private static string Some(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(4).Select(Quoted.Text)) + (names.Count > 4 ? $" and {names.Count - 4} more" : "");
}
