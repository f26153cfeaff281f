using Sharpformer.Tensors;
using Sharpformer.Transformer.Adapters;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>
/// All weight files of a model folder, opened and checked against their index, with what an adapter makes of them; see
/// <see cref="ModelFolder"/>.
/// </summary>
public sealed class StoredWeights : IDisposable
{
    private readonly List<ITensorFile> files = [];
    private IReadOnlyList<(ITensorFile File, TensorInfo Info)>? laidOver;

    private StoredWeights()
    {
    }

    /// <summary>
    /// Every tensor, each with the file that holds it, in the order of <see cref="ModelFolder.WeightFiles"/>; no name is
    /// there twice. The scales of a Q8 matrix belong to it and are none of their own.
    /// </summary>
    public IEnumerable<(ITensorFile File, TensorInfo Info)> Tensors =>
        laidOver ?? files.SelectMany(file => file.Tensors.Where(info => !Q8Container.IsScale(file, info)).Select(info => (file, info)));

    /// <summary>Whether the matrices are Q8 as they are stored.</summary>
    public bool AreQ8 => Tensors.Any(t => Q8Container.Holds(t.File, t.Info)) && !Tensors.Any(t => ModelFolder.TakesQ8(t.Info));

    /// <summary>The adapter that lies over them; null for none.</summary>
    public LoraAdapter? Adapter { get; private set; }

    /// <summary>Bytes of what the adapter adds to, which is held in memory of its own as float32; all else is used in place.</summary>
    public long MergedBytes => Tensors.Where(t => t.File is MergedTensor).Sum(t => t.Info.Length);

    /// <summary>Whether the adapter makes the head of a tied model one of its own.</summary>
    internal bool UntiesHead { get; private set; }

    /// <summary>What families call these tensors.</summary>
    internal TensorNames Names { get; private set; } = null!;

    /// <summary>Tensors that the index lists and no file has, and how that is told to whoever needs one.</summary>
    internal IReadOnlyList<(string Name, InputException Told)> Absent { get; private set; } = [];

    /// <summary>Opens them.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="adapter">The folder of a LoRA adapter to lay over them; null for none.</param>
    /// <exception cref="InputException">Something is missing, damaged, or there twice, or the adapter does not fit.</exception>
    public static StoredWeights Open(string folder, string? adapter = null)
    {
        (IReadOnlyList<string> paths, WeightIndex? index) = WeightLocation.Find(folder);
        var weights = new StoredWeights();
        try
        {
            var names = new HashSet<string>();
            foreach (string path in paths)
            {
                ITensorFile file = ModelFolder.OpenWeights(path);
                weights.files.Add(file);
                foreach (TensorInfo tensor in file.Tensors)
                    if (!names.Add(tensor.Name))
                        throw new InputException(
                            $"{path}: tensor {Quoted.Text(tensor.Name)} is there a second time.", "leftover shards of another download?");
            }

            weights.Names = TensorNames.Of(folder, names);
            weights.Absent = index?.Absent(weights.files) ?? [];
            if (adapter is not null) weights.LayOver(folder, LoraAdapter.Open(adapter));
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Closes the files; tensors that were loaded from them stay valid.</summary>
    public void Dispose()
    {
        files.ForEach(file => file.Dispose());
        Adapter?.Dispose();
    }

    /// <summary>Lays weights over them that a model of this folder has instead.</summary>
    /// <returns>As what each is stored that is hidden now, by the name that families ask for.</returns>
    /// <exception cref="InputException">There is no place for one of them.</exception>
    internal IReadOnlyDictionary<string, string> LayOver(string folder, ReplacedWeights weights)
    {
        (string Name, ITensorFile File, TensorInfo Info)[] named = Named();
        laidOver = weights.Over(folder, named);
        return named.Where(t => weights.Names.Contains(t.Name)).ToDictionary(t => t.Name, t => t.Info.DType);
    }

    private void LayOver(string folder, LoraAdapter adapter)
    {
        Adapter = adapter;
        laidOver = LoraMerge.Apply(adapter, folder, ModelConfig.Load(folder), Named(), out bool unties);
        UntiesHead = unties;
    }

    private (string Name, ITensorFile File, TensorInfo Info)[] Named() =>
        [.. Tensors.Select(t => (Names.Plain(t.Info.Name), t.File, t.Info))];
}
