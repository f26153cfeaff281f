using System.Text.Json;
using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Transformer.Families;

namespace Sharpformer.Transformer;

/// <summary>
/// The tensors of a model folder: <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c>
/// names. Names may carry the <c>transformer.</c> prefix; it is dropped. Whatever a family asks for in vain, or
/// never asks for, is collected and told in one error by <see cref="ThrowIfUnfit"/>.
/// </summary>
internal sealed class Checkpoint : IWeights, IDisposable
{
    private const string Prefix = "transformer.";

    private readonly string folder;
    private readonly Device device;
    private readonly List<SafeTensorsFile> files = [];
    private readonly Dictionary<string, (SafeTensorsFile File, string Name)> tensors = [];
    private readonly HashSet<string> unused = [];
    private readonly List<string> missing = [], misshaped = [];

    private Checkpoint(string folder, Device device) => (this.folder, this.device) = (folder, device);

    /// <summary>The weight files of a model folder, in ordinal order of their names.</summary>
    /// <exception cref="InputException">There is neither a single file nor a usable index.</exception>
    public static IReadOnlyList<string> WeightFiles(string folder)
    {
        string single = Path.Combine(folder, "model.safetensors"), index = single + ".index.json";
        if (File.Exists(single)) return [single];
        if (!File.Exists(index)) throw new InputException($"{folder}: neither model.safetensors nor model.safetensors.index.json is there.");
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(index));
            if (json.RootElement.ValueKind != JsonValueKind.Object
                || !json.RootElement.TryGetProperty("weight_map", out JsonElement map)
                || map.ValueKind != JsonValueKind.Object
                || map.EnumerateObject().Any(entry => entry.Value.ValueKind != JsonValueKind.String))
            {
                throw new InputException($"{index}: expected an object weight_map from tensor names to file names.");
            }

            string[] names = [.. map.EnumerateObject().Select(entry => entry.Value.GetString()!).Distinct().Order(StringComparer.Ordinal)];
            foreach (string name in names)
            {
                if (name != Path.GetFileName(name)) throw new InputException($"{index}: weight_map names {Quoted.Text(name)}, expected a file in the same folder.");
                if (!File.Exists(Path.Combine(folder, name))) throw new InputException($"{index}: weight_map names {Quoted.Text(name)}, which is not there.", "an incomplete download?");
            }

            return [.. names.Select(name => Path.Combine(folder, name))];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InputException($"{index}: not valid JSON ({Quoted.Position(e)}).", inner: e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{index}: cannot be read ({e.Message})", inner: e);
        }
    }

    /// <summary>Maps all files and reads their headers.</summary>
    public static Checkpoint Open(string folder, Device device)
    {
        var checkpoint = new Checkpoint(folder, device);
        try
        {
            foreach (string path in WeightFiles(folder)) checkpoint.Add(path);
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
        Family family = Family.Of(config);
        CausalLm model = family.Build(config, this);
        for (int l = 0; l < config.NLayer; l++) Ignore([.. family.Buffers(l)]);
        if (config.TiesHead) Ignore("lm_head.weight"); // some programs write the token table a second time
        ThrowIfUnfit();
        return model;
    }

    /// <summary>Whether there is a tensor of this name.</summary>
    public bool Has(string name) => tensors.ContainsKey(name);

    /// <summary>A matrix <c>[rows,columns]</c>, as stored.</summary>
    public Tensor Matrix(string name, int rows, int columns) => Find(name, new Shape(rows, columns));

    /// <summary>A vector <c>[length]</c>, widened to float32: the element-wise loops take nothing else.</summary>
    public Tensor Vector(string name, int length)
    {
        Tensor stored = Find(name, new Shape(length));
        return stored.DType == DType.F32 ? stored : device.From(stored.ToArray(), length);
    }

    /// <summary>Tensors that may be there but are not weights.</summary>
    public void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (string name in names) unused.Remove(name);
    }

    /// <summary>Reports everything that did not fit, in one sentence.</summary>
    /// <exception cref="InputException">Something did not.</exception>
    public void ThrowIfUnfit()
    {
        var problems = new List<string>();
        if (missing.Count > 0) problems.Add($"missing {Some(missing)}");
        if (misshaped.Count > 0) problems.Add($"misshaped {Some(misshaped)}");
        if (unused.Count > 0) problems.Add($"unknown {Some([.. unused.Order(StringComparer.Ordinal)])}");
        if (problems.Count > 0)
            throw new InputException($"{folder}: the checkpoint does not fit its config.json: {string.Join("; ", problems)}.", "is it the config.json of this very checkpoint?");
    }

    /// <summary>Closes the files; mapped memory stays as long as tensors need it.</summary>
    public void Dispose() => files.ForEach(file => file.Dispose());

    private void Add(string path)
    {
        SafeTensorsFile file = SafeTensorsFile.Open(path);
        files.Add(file);
        foreach (string stored in file.Names)
        {
            string name = stored.StartsWith(Prefix, StringComparison.Ordinal) ? stored[Prefix.Length..] : stored;
            if (!tensors.TryAdd(name, (file, stored)))
                throw new InputException($"{path}: tensor {Quoted.Text(stored)} is there a second time.", "leftover shards of another download?");
            unused.Add(name);
        }
    }

    private Tensor Find(string name, Shape expected)
    {
        unused.Remove(name);
        if (!tensors.TryGetValue(name, out (SafeTensorsFile File, string Name) found))
        {
            missing.Add(name);
            return device.Allocate(1); // never used: ThrowIfUnfit follows
        }

        string shape = Quoted.Shape(found.File.Info(found.Name).Shape);
        if (shape != expected.ToString())
        {
            misshaped.Add($"{name} {shape}, expected {expected}");
            return device.Allocate(1);
        }

        return found.File.Load(found.Name, device);
    }

    private static string Some(List<string> names) =>
        names.Count <= 4 ? string.Join(", ", names) : $"{string.Join(", ", names.Take(4))} and {names.Count - 4} more";
}
