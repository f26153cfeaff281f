using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Transformer.Families;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>
/// Writes a model folder of any family with the weights of a model that has learnt nothing: as large and as fast as a trained one, for
/// measuring. Initialised as GPT-2 was (Radford et al. 2019, section 2.3): normal with deviation 0.02, the two projections
/// onto the residual stream divided by √(2L), biases 0, norms 1 and 0.
/// </summary>
public static class RandomCheckpoint
{
    private const double Deviation = 0.02;

    // The maps back onto the residual stream, in the names of all families.
    private static readonly string[] ResidualProjections = [".c_proj.weight", ".out_proj.weight", ".fc_out.weight"];

    /// <summary>
    /// Writes a new folder: complete or not at all, and the same bytes for the same arguments. Takes a few MB of memory
    /// whatever the size of the model.
    /// </summary>
    /// <param name="folder">The folder; must not exist.</param>
    /// <param name="config">Architecture.</param>
    /// <param name="dtype">How weights are stored.</param>
    /// <param name="seed">Seeds the weights.</param>
    /// <param name="tokenizerFolder">Where to copy the tokenizer's files from; without it the model reads token ids only.</param>
    /// <param name="progress">Told how many parameters of how many are made; from several threads, one at a time.</param>
    /// <param name="cancellation">Stops the writing; nothing is left behind.</param>
    /// <returns>Number of parameters.</returns>
    /// <exception cref="InputException">The folder is there, cannot be written, or the tokenizer does not fit.</exception>
    public static long Write(
        string folder, ModelConfig config, DType dtype, ulong seed, string? tokenizerFolder = null,
        Action<long, long>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentNullException.ThrowIfNull(config);
        NewFolder.CheckIsNew(folder);
        if (tokenizerFolder is not null) _ = Tokenizer.Load(tokenizerFolder, config);

        var filling = new Filling(dtype, new Rng(seed));
        SafeTensorsEntry[] tensors = [.. Tensors(config, filling)];
        long parameters = tensors.Sum(t => t.Info.Count);
        filling.Progress = made => progress?.Invoke(made, parameters);
        NewFolder.Write(folder, temporary =>
        {
            SafeTensorsWriter.Write(
                Path.Combine(temporary, "model.safetensors"), tensors, new Dictionary<string, string> { ["format"] = "pt" }, cancellation);
            File.WriteAllText(Path.Combine(temporary, "config.json"), ConfigJson(config, dtype));
            if (tokenizerFolder is null) return;
            foreach (string name in Tokenizer.Files(tokenizerFolder)) SmallFile.Copy(tokenizerFolder, name, temporary);
        });
        return parameters;
    }

    /// <summary>The same model in memory, with weights as they are before they are rounded.</summary>
    /// <param name="config">Architecture.</param>
    /// <param name="seed">Seeds the weights.</param>
    /// <param name="device">Where the model shall live.</param>
    public static CausalLm Build(ModelConfig config, ulong seed, Device device)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(device);
        return Family.Of(config).Build(config, new Made(device, Tensors(config, new Filling(DType.F32, new Rng(seed)))));
    }

    /// <summary>A <c>config.json</c>, with the special tokens where the model names any.</summary>
    internal static string ConfigJson(ModelConfig config, DType dtype)
    {
        var family = Family.Of(config);
        JsonObject json = family.Write(config);
        json.Insert(0, "architectures", new JsonArray(family.Architecture));
        json.Insert(1, "model_type", family.ModelType);
        if (config.BosTokenId is { } bos) json["bos_token_id"] = bos;
        if (config.EosTokenIds is [var eos]) json["eos_token_id"] = eos;
        else if (config.EosTokenIds.Count > 1) json["eos_token_id"] = new JsonArray([.. config.EosTokenIds.Select(id => (JsonNode)id)]);
        if (config.PadTokenId is { } pad) json["pad_token_id"] = pad;
        json["initializer_range"] = Deviation;
        json["torch_dtype"] = ModelConfig.TorchName(dtype);
        return json.ToJsonString(JsonText) + "\n";
    }

    /// <summary>Every tensor that the family asks for: layer norms 1 and 0, biases 0, everything else normal.</summary>
    private static IEnumerable<SafeTensorsEntry> Tensors(ModelConfig config, Filling filling)
    {
        double residual = Deviation / Math.Sqrt(2.0 * config.NLayer);
        foreach ((string name, Shape shape) in WeightList.Of(config))
        {
            bool isResidual = ResidualProjections.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal));
            bool isGain = name.EndsWith(".weight", StringComparison.Ordinal);
            yield return shape.Rank == 1
                ? filling.Constant(name, isGain ? 1 : 0, shape[0])
                : filling.Normal(name, isResidual ? residual : Deviation, shape);
        }
    }

    /// <summary>How files of settings are written.</summary>
    internal static readonly JsonSerializerOptions JsonText = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>The tensors in memory.</summary>
    private sealed class Made(Device device, IEnumerable<SafeTensorsEntry> tensors) : IWeights
    {
        private readonly Dictionary<string, SafeTensorsEntry> tensors = tensors.ToDictionary(tensor => tensor.Info.Name);

        public Device Device => device;

        public bool Has(string name) => tensors.ContainsKey(name);

        public IReadOnlyList<long>? ShapeOf(string name) =>
            tensors.TryGetValue(name, out SafeTensorsEntry? tensor) ? tensor.Info.Shape : null;

        public Tensor Matrix(string name, int rows, int columns) => device.From(tensors[name].ToArray(), rows, columns);

        public Tensor Vector(string name, int length) => device.From(tensors[name].ToArray(), length);
    }

    /// <summary>Each block of each tensor has a random stream of its own, so threads may make them in any order.</summary>
    private sealed class Filling(DType dtype, Rng rng)
    {
        private readonly Lock gate = new();
        private long made;

        public Action<long>? Progress { get; set; }

        public SafeTensorsEntry Normal(string name, double deviation, Shape shape)
        {
            Rng own = rng.Fork(name);
            return new SafeTensorsEntry(name, dtype, shape, (start, values) =>
            {
                Rng block = own.Fork((ulong)start);
                for (int i = 0; i < values.Length; i += 2)
                {
                    (double first, double second) = block.NextNormals();
                    values[i] = (float)(deviation * first);
                    if (i + 1 < values.Length) values[i + 1] = (float)(deviation * second);
                }

                Count(values.Length);
            });
        }

        public SafeTensorsEntry Constant(string name, float value, int length) => new(name, dtype, new Shape(length), (_, values) =>
        {
            values.Fill(value);
            Count(values.Length);
        });

        private void Count(int length)
        {
            lock (gate) Progress?.Invoke(made += length);
        }
    }
}
