using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>What a conversion writes: which tensors of a model folder, and what becomes of each.</summary>
internal sealed class Conversion : IDisposable
{
    private readonly CpuDevice device = new(threads: 1);
    private readonly Checkpoint checkpoint;
    private readonly DType? wanted;
    private readonly IReadOnlyDictionary<string, string> typesOfReplaced = new Dictionary<string, string>();
    private readonly Counter counter;

    private Conversion(string source, DType? wanted, string? adapter, ReplacedWeights? replaced, Action<long, long>? progress)
    {
        (this.wanted, counter) = (wanted, new Counter(progress));
        ModelConfig config = ModelConfig.Load(source);
        checkpoint = Checkpoint.Open(source, device, loads: false, adapter: adapter);
        try
        {
            if (replaced is not null) typesOfReplaced = checkpoint.Stored.LayOver(source, replaced);
            Config = checkpoint.WithStoredHead(config);
            UntiesHead = config.TiesHead && !Config.TiesHead;
            (ITensorFile File, TensorInfo Info)[] all = [.. PlainLayout.Of(checkpoint.Stored, Config)];
            // PyTorch saves both names of tied weights.
            bool hasCopy = Config.TiesHead && checkpoint.Has(TensorNames.Table);
            Dropped =
                [.. all.Select(t => t.Info.Name).Where(name => ModelFolder.IsBuffer(name) || (hasCopy && name == TensorNames.Head))];
            (ITensorFile File, TensorInfo Info)[] kept = [.. all.Where(t => !Dropped.Contains(t.Info.Name))];
            if (kept.Length == 0) throw new InputException($"{source}: holds no weights.");
            Narrowed = kept.Count(t => t.Info.DType == "F64");
            if (kept.Any(t => BecomesQ8(t.Info) || StaysQ8(t.File, t.Info))) Metadata[Q8Container.MetadataKey] = Q8Container.Metadata;
            Tensors =
            [
                .. kept.Select(t => Entries(t.File, t.Info)),
                .. PlainLayout.LeftOut(checkpoint.Stored, Config).Select(left => (SafeTensorsEntry[])[Zeros(left.Name, left.Shape)]),
            ];
            counter.Total = Bytes = Tensors.Sum(Length);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Looks at a model folder.</summary>
    /// <param name="source">The model folder.</param>
    /// <param name="wanted">How weights are written; null for as they are stored.</param>
    /// <param name="adapter">The folder of a LoRA adapter to merge into the weights; null for none.</param>
    /// <param name="replaced">Weights to write in place of stored ones; null for none.</param>
    /// <param name="progress">Told how many bytes of how many are written.</param>
    /// <exception cref="InputException">It is no whole model folder, or the adapter or a weight does not fit it.</exception>
    public static Conversion Of(
        string source, DType? wanted, string? adapter = null, ReplacedWeights? replaced = null, Action<long, long>? progress = null) =>
        new(source, wanted, adapter, replaced, progress);

    /// <summary>The model, with what only the weights tell of it.</summary>
    public ModelConfig Config { get; }

    /// <summary>Whether the weights, or the adapter, make the head of a tied model one of its own.</summary>
    public bool UntiesHead { get; }

    /// <summary>What is written of each tensor, in order; a Q8 matrix is two.</summary>
    public IReadOnlyList<SafeTensorsEntry[]> Tensors { get; }

    /// <summary>What is written of all of them, in bytes.</summary>
    public long Bytes { get; }

    /// <summary>Tensors that are no weights of their own.</summary>
    public IReadOnlyList<string> Dropped { get; }

    /// <summary>How many tensors are F64 and become less.</summary>
    public int Narrowed { get; }

    /// <summary>What each file says of itself.</summary>
    public Dictionary<string, string> Metadata { get; } = new() { ["format"] = "pt" };

    /// <summary>The same in files of so many bytes at most, unless a single tensor is larger.</summary>
    public List<List<SafeTensorsEntry>> Shards(long shardBytes)
    {
        var shards = new List<List<SafeTensorsEntry>> { new() };
        long filled = 0;
        foreach (SafeTensorsEntry[] tensor in Tensors)
        {
            if (filled > 0 && Length(tensor) > shardBytes - filled)
            {
                shards.Add([]);
                filled = 0;
            }

            shards[^1].AddRange(tensor);
            filled += Length(tensor);
        }

        return shards;
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        checkpoint.Dispose();
        device.Dispose();
    }

    private bool BecomesQ8(TensorInfo info) => wanted == DType.Q8 && ModelFolder.TakesQ8(info);

    private bool StaysQ8(ITensorFile file, TensorInfo info) => wanted is null or DType.Q8 && Q8Container.Holds(file, info);

    private SafeTensorsEntry[] Entries(ITensorFile file, TensorInfo info)
    {
        if (BecomesQ8(info)) return [.. Q8Container.Entries(file, info, counter.Add)];
        if (StaysQ8(file, info)) return [Copied(file, Q8Container.ScaleName(info.Name)), Copied(file, info.Name)];
        if (!Q8Container.Holds(file, info) && info.DType is not ("F32" or "F16" or "BF16" or "F64")) return [Copied(file, info.Name)];
        string own = typesOfReplaced.GetValueOrDefault(checkpoint.Stored.Names.Plain(info.Name), info.DType);
        DType dtype = wanted is { } other and not DType.Q8 ? other : own == "F64" ? DType.F32 : Enum.Parse<DType>(own);
        if (dtype.ToString() == info.DType) return [Copied(file, info.Name)];
        return
        [
            new SafeTensorsEntry(info.Name, dtype, info.EngineShape(file.Path), (start, values) =>
            {
                file.ReadFloats(info.Name, start, values);
                counter.Add(values.Length * dtype.Size());
            }),
        ];
    }

    private SafeTensorsEntry Copied(ITensorFile file, string name) => new(file, name, counter.Add);

    private SafeTensorsEntry Zeros(string name, Shape shape)
    {
        DType dtype = wanted is { } other and not DType.Q8 ? other : DType.F32;
        return new SafeTensorsEntry(name, dtype, shape, (_, values) =>
        {
            values.Clear();
            counter.Add(values.Length * dtype.Size());
        });
    }

    private static long Length(SafeTensorsEntry[] tensor) => tensor.Sum(entry => entry.Info.Length);

    /// <summary>Counts what is written, from several threads.</summary>
    private sealed class Counter(Action<long, long>? progress)
    {
        private readonly Lock gate = new();
        private long written;

        public long Total { get; set; }

        public void Add(int bytes)
        {
            lock (gate) progress?.Invoke(written += bytes, Total);
        }
    }
}
