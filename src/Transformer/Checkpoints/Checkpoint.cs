using Sharpformer.Tensors;
using Sharpformer.Transformer.Families;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>
/// The tensors of a model folder, whatever files they are in and whatever stands before their names; see <see cref="ModelFolder"/>
/// and <see cref="TensorNames"/>. Whatever a family asks for in vain, or never asks for, is collected and told in one error.
/// </summary>
internal sealed class Checkpoint : IWeights, IDisposable
{
    private readonly string folder;
    private readonly Device device;
    private readonly StoredWeights stored;
    private readonly Action<string>? notice;
    private readonly bool loads;
    private readonly WeightForm form;
    private readonly Dictionary<string, (ITensorFile File, string Name)> tensors = [];
    private readonly HashSet<string> unused = [];
    private readonly List<string> missing = [], misshaped = [];

    private Checkpoint(string folder, string? adapter, Device device, Action<string>? notice, bool loads, WeightForm form)
    {
        (this.folder, this.device, this.notice, this.loads, this.form) = (folder, device, notice, loads, form);
        stored = StoredWeights.Open(folder, adapter);
    }

    /// <summary>Maps all files and reads their headers.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="device">Where the tensors shall be.</param>
    /// <param name="notice">Told what is no error but worth knowing: weights that are narrowed from F64, or not used.</param>
    /// <param name="loads">
    /// Whether tensors are loaded; if not, what <see cref="Build"/> makes is of no use, but everything is checked.
    /// </param>
    /// <param name="form">How weights are held.</param>
    /// <param name="adapter">The folder of a LoRA adapter to lay over the weights; null for none.</param>
    /// <exception cref="InputException">Files are missing or damaged, a tensor is there twice, or the adapter does not fit.</exception>
    public static Checkpoint Open(
        string folder, Device device, Action<string>? notice = null, bool loads = true, WeightForm form = WeightForm.Stored,
        string? adapter = null)
    {
        var checkpoint = new Checkpoint(folder, adapter, device, notice, loads, form);
        try
        {
            foreach ((ITensorFile file, TensorInfo info) in checkpoint.stored.Tensors) checkpoint.Add(file, info.Name);
            int wide = checkpoint.tensors.Values.Count(t => t.File.Info(t.Name).DType == "F64" && !ModelFolder.IsBuffer(t.Name));
            string[] heads = [.. checkpoint.tensors.Keys.Where(ModelFolder.IsOfOtherHead).Order(StringComparer.Ordinal)];
            if (heads.Length > 0)
                notice?.Invoke(
                    $"{folder}: {Some([.. heads.Select(name => Quoted.Text(name))])} {(heads.Length == 1 ? "belongs" : "belong")} "
                    + $"to a head for another task and {(heads.Length == 1 ? "is" : "are")} not used.");
            if (wide > 0) notice?.Invoke($"{folder}: {wide} of {checkpoint.tensors.Count} tensors are stored as F64 and narrowed to F32.");
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Device Device => device;

    /// <summary>The tensors as they are stored.</summary>
    public StoredWeights Stored => stored;

    /// <summary>Makes the model of its family, and makes sure that nothing is missing or left over.</summary>
    /// <exception cref="InputException">Tensors are missing, too many or misshaped.</exception>
    public CausalLm Build(ModelConfig config)
    {
        config = WithStoredHead(config);
        var family = Family.Of(config);
        CausalLm model = family.Build(config, this);
        unused.RemoveWhere(name => ModelFolder.IsBuffer(name) || ModelFolder.IsOfOtherHead(name));
        if (config.TiesHead) unused.Remove(TensorNames.Head);
        ThrowIfUnfit();
        if (model.HeadBias is not null && !family.HasHeadBias)
            notice?.Invoke(
                $"{folder}: a bias of the head is stored, {TensorNames.HeadBias}, which {family.ModelType} has none of; it is used.");
        return model;
    }

    /// <summary>
    /// A head that differs from the token table was trained; whether it is used is config.json's to say, and the head's own where that says
    /// nothing. Some programs write the token table a second time, which is no head of its own.
    /// </summary>
    public ModelConfig WithStoredHead(ModelConfig config)
    {
        if (stored.UntiesHead) return config with { TiesHead = false };
        if (!config.TiesHead || !Has(TensorNames.Head) || !Has(TensorNames.Table) || IsTableAgain()) return config;
        string head = $"{folder}: the stored {TensorNames.Head} differs from {TensorNames.Table}";
        if (config.LeavesTieUnsaid)
        {
            notice?.Invoke($"{head}, and config.json does not say tie_word_embeddings; it is used.");
            return config with { TiesHead = false };
        }

        notice?.Invoke($"{head} and is not used, as config.json says tie_word_embeddings is true.");
        return config;
    }

    private bool IsTableAgain()
    {
        (ITensorFile File, string Name) head = tensors[TensorNames.Head], table = tensors[TensorNames.Table];
        TensorInfo one = head.File.Info(head.Name), other = table.File.Info(table.Name);
        return one.Shape.SequenceEqual(other.Shape) && one.DType == other.DType
            && head.File.Bytes(head.Name).HasSameBytes(table.File.Bytes(table.Name));
    }

    /// <inheritdoc/>
    public bool Has(string name) => tensors.ContainsKey(name);

    /// <inheritdoc/>
    public IReadOnlyList<long>? ShapeOf(string name) =>
        tensors.TryGetValue(name, out (ITensorFile File, string Name) found) ? found.File.Info(found.Name).Shape : null;

    /// <inheritdoc/>
    public Tensor Matrix(string name, int rows, int columns) => Find(name, new Shape(rows, columns));

    /// <inheritdoc/>
    public (Tensor Matrix, bool IsOutIn) TurnedMap(string name, int inputs, int outputs)
    {
        if (form != WeightForm.Q8 || !tensors.TryGetValue(name, out (ITensorFile File, string Name) found)
            || found.File.Info(found.Name) is not { } info || !ModelFolder.TakesQ8(info)) return (Matrix(name, outputs, inputs), true);
        tensors[name] = (new MovedTensor(found.File, info, found.Name, isTurned: true), found.Name);
        return (Matrix(name, inputs, outputs), false);
    }

    /// <summary>A vector <c>[length]</c>, widened to float32: the element-wise loops take nothing else.</summary>
    public Tensor Vector(string name, int length)
    {
        Tensor stored = Find(name, new Shape(length));
        return stored.DType == DType.F32 ? stored : stored.Float32Copy();
    }

    /// <summary>Closes the files; mapped memory stays as long as tensors need it.</summary>
    public void Dispose() => stored.Dispose();

    private void Add(ITensorFile file, string storedName)
    {
        string name = stored.Names.Plain(storedName);
        if (!tensors.TryAdd(name, (file, storedName)))
            throw new InputException(
                $"{file.Path}: tensor {Quoted.Text(storedName)} is there a second time, as {Quoted.Text(tensors[name].Name)}.",
                "two models in one file?");
        unused.Add(name);
    }

    private Tensor Find(string name, Shape expected)
    {
        unused.Remove(name);
        if (!tensors.TryGetValue(name, out (ITensorFile File, string Name) found))
        {
            missing.Add(name);
            return device.Allocate(1); // never used: ThrowIfUnfit follows
        }

        IReadOnlyList<long> shape = found.File.Info(found.Name).Shape;
        if (!shape.SequenceEqual(expected.Dims.ToArray().Select(dim => (long)dim)))
        {
            misshaped.Add($"{name} {Quoted.Shape(shape)}, expected {expected}");
            return device.Allocate(1);
        }

        TensorInfo info = found.File.Info(found.Name);
        if (loads && form == WeightForm.Q8 && ModelFolder.TakesQ8(info)) return found.File.LoadQ8(found.Name, device);
        if (loads) return found.File.Load(found.Name, device);
        _ = found.File.TypeOf(info); // which loading would look at
        return device.Allocate(1);
    }

    private void ThrowIfUnfit()
    {
        if (missing.Count == 0 && misshaped.Count == 0 && unused.Count == 0) return;
        foreach ((string name, InputException told) in stored.Absent)
            if (missing.Contains(stored.Names.Plain(name))) throw told;
        var problems = new List<string>();
        if (missing.Count > 0) problems.Add($"missing {Some(missing)}");
        if (misshaped.Count > 0) problems.Add($"misshaped {Some(misshaped)}");
        if (unused.Count > 0) problems.Add($"unknown {Some([.. unused.Order(StringComparer.Ordinal).Select(Quoted.Bare)])}");
        throw new InputException(
            $"{folder}: the checkpoint does not fit its config.json: {string.Join("; ", problems)}.",
            ForeignFolder.HintOf(unused.Order(StringComparer.Ordinal)) ?? "is it the config.json of this very checkpoint?");
    }

    private static string Some(List<string> names) =>
        names.Count <= 4 ? string.Join(", ", names) : $"{string.Join(", ", names.Take(4))} and {names.Count - 4} more";
}
