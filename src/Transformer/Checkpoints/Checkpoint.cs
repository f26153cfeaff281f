using Sharpformer.Tensors;
using Sharpformer.Transformer.Families;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>
/// The tensors of a model folder, whatever files they are in; see <see cref="ModelFolder"/>. Names may carry the
/// <c>transformer.</c> prefix; it is dropped. Whatever a family asks for in vain, or never asks for, is collected and told in
/// one error.
/// </summary>
internal sealed class Checkpoint : IWeights, IDisposable
{
    internal const string Prefix = "transformer.";

    private readonly string folder;
    private readonly Device device;
    private readonly StoredWeights stored;
    private readonly bool loads;
    private readonly Dictionary<string, (ITensorFile File, string Name)> tensors = [];
    private readonly HashSet<string> unused = [];
    private readonly List<string> missing = [], misshaped = [];

    private Checkpoint(string folder, Device device, bool loads) =>
        (this.folder, this.device, this.loads, stored) = (folder, device, loads, StoredWeights.Open(folder));

    /// <summary>Maps all files and reads their headers.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="device">Where the tensors shall be.</param>
    /// <param name="notice">Told what is no error but worth knowing: weights that are narrowed from F64, or not used.</param>
    /// <param name="loads">
    /// Whether tensors are loaded; if not, what <see cref="Build"/> makes is of no use, but everything is checked.
    /// </param>
    /// <exception cref="InputException">Files are missing or damaged, or a tensor is there twice.</exception>
    public static Checkpoint Open(string folder, Device device, Action<string>? notice = null, bool loads = true)
    {
        var checkpoint = new Checkpoint(folder, device, loads);
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

    /// <summary>Makes the model of its family, and makes sure that nothing is missing or left over.</summary>
    /// <exception cref="InputException">Tensors are missing, too many or misshaped.</exception>
    public CausalLm Build(ModelConfig config)
    {
        CausalLm model = Family.Of(config).Build(config, this);
        unused.RemoveWhere(name => ModelFolder.IsBuffer(name) || ModelFolder.IsOfOtherHead(name));
        if (config.TiesHead) unused.Remove("lm_head.weight"); // some programs write the token table a second time
        ThrowIfUnfit();
        return model;
    }

    /// <inheritdoc/>
    public bool Has(string name) => tensors.ContainsKey(name);

    /// <inheritdoc/>
    public Tensor Matrix(string name, int rows, int columns) => Find(name, new Shape(rows, columns));

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
        string name = storedName.StartsWith(Prefix, StringComparison.Ordinal) ? storedName[Prefix.Length..] : storedName;
        if (!tensors.TryAdd(name, (file, storedName)))
            throw new InputException(
                $"{file.Path}: tensor {Quoted.Text(storedName)} is there a second time, with and without {Prefix}",
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

        if (loads) return found.File.Load(found.Name, device);
        _ = found.File.TypeOf(found.File.Info(found.Name)); // which loading would look at
        return device.Allocate(1);
    }

    private void ThrowIfUnfit()
    {
        var problems = new List<string>();
        if (missing.Count > 0) problems.Add($"missing {Some(missing)}");
        if (misshaped.Count > 0) problems.Add($"misshaped {Some(misshaped)}");
        if (unused.Count > 0) problems.Add($"unknown {Some([.. unused.Order(StringComparer.Ordinal).Select(Quoted.Bare)])}");
        if (problems.Count > 0)
            throw new InputException($"{folder}: the checkpoint does not fit its config.json: {string.Join("; ", problems)}.", Hint());
    }

    private string Hint()
    {
        const string table = "wte.weight";
        return unused.FirstOrDefault(name => name.EndsWith("." + table, StringComparison.Ordinal)) is { } wrapped
            ? $"all names begin with {Quoted.Text(wrapped[..^table.Length])}, as training programs save what they wrap: "
                + "save the model inside."
            : "is it the config.json of this very checkpoint?";
    }

    private static string Some(List<string> names) =>
        names.Count <= 4 ? string.Join(", ", names) : $"{string.Join(", ", names.Take(4))} and {names.Count - 4} more";
}
