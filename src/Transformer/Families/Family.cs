using System.Text.Json.Nodes;
using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Transformer.Families;

/// <summary>
/// What sets one family of checkpoints apart: the keys of its <c>config.json</c>, the names of its tensors, and which
/// parts its blocks are made of. Everything else is the same <see cref="CausalLm"/>.
/// </summary>
internal abstract class Family
{
    /// <summary>All that this engine runs.</summary>
    public static IReadOnlyList<Family> All { get; } = [new Gpt2(), new GptNeo(), new GptJ()];

    /// <summary>How <c>config.json</c> names it.</summary>
    public abstract string ModelType { get; }

    /// <summary>The class that other programs load it with.</summary>
    public abstract string Architecture { get; }

    /// <summary>Whether its head has a bias.</summary>
    public virtual bool HasHeadBias => false;

    /// <summary>The modules that PEFT gives a LoRA where none are named.</summary>
    public virtual IReadOnlyList<string> LoraModules => ["q_proj", "v_proj"];

    /// <summary>The published sizes by name, smallest first.</summary>
    public abstract IReadOnlyDictionary<string, ModelConfig> Sizes { get; }

    /// <summary>What its <c>config.json</c> states, in the order in which it is written and read.</summary>
    protected abstract IReadOnlyList<ConfigKey> Keys { get; }

    /// <summary>The family of that name; null if there is none.</summary>
    public static Family? Named(string modelType) => All.FirstOrDefault(family => family.ModelType == modelType);

    /// <summary>
    /// The family of the first class that <c>architectures</c> names, with or without its head: files of 2019 have no <c>model_type</c>.
    /// </summary>
    public static Family? OfArchitectures(JsonPart file)
    {
        if (file.Find("architectures")?.Elements().FirstOrDefault() is not { File: not null } first) return null;
        string named = Stem(first.AsText());
        return All.FirstOrDefault(family => Stem(family.Architecture) == named);

        static string Stem(string name) =>
            ((string[])["LMHeadModel", "DoubleHeadsModel", "ForCausalLM", "Model"])
                .Where(end => name.EndsWith(end, StringComparison.Ordinal)).Select(end => name[..^end.Length]).FirstOrDefault(name);
    }

    /// <summary>The family of a model that is known to have one.</summary>
    public static Family Of(ModelConfig config) =>
        Named(config.ModelType) ?? throw new ArgumentException($"No family {config.ModelType}.", nameof(config));

    /// <summary>Reads the architecture from a <c>config.json</c>.</summary>
    /// <exception cref="InputException">A value is missing or impossible.</exception>
    public ModelConfig Read(JsonPart file)
    {
        ModelConfig config = Sizes.Values.First(); // what no key states is the same in all sizes
        foreach (ConfigKey key in Keys) config = key.Read?.Invoke(config, file) ?? config;
        return config;
    }

    /// <summary>The same the other way: what the family's <c>config.json</c> states.</summary>
    public JsonObject Write(ModelConfig config) => new(Keys.Select(key => KeyValuePair.Create(key.Name, key.Write(config))));

    /// <summary>The names of these keys.</summary>
    public IEnumerable<string> KeyNames => Keys.Select(key => key.Name);

    /// <summary>Makes the model of its tensors, each asked for by name.</summary>
    public abstract CausalLm Build(ModelConfig config, IWeights weights);

    /// <summary>A layer norm's two vectors.</summary>
    protected static NormWeights Norm(ModelConfig config, IWeights weights, string name) =>
        new(weights.Vector($"{name}.weight", config.NEmbd), weights.Vector($"{name}.bias", config.NEmbd), config.LayerNormEpsilon);

    /// <summary>The token table, which a tied checkpoint may hold under the head's name instead.</summary>
    protected static Variable TokenTable(ModelConfig config, IWeights weights)
    {
        bool isHead = config.TiesHead && !weights.Has(TensorNames.Table) && weights.Has(TensorNames.Head);
        return weights.Matrix(isHead ? TensorNames.Head : TensorNames.Table, config.VocabSize, config.NEmbd);
    }

    /// <summary>The output head: the token table again, or a matrix of its own.</summary>
    protected static Variable Head(ModelConfig config, IWeights weights, Variable tokens) =>
        config.TiesHead ? tokens : weights.Matrix(TensorNames.Head, config.VocabSize, config.NEmbd);

    /// <summary>The head's bias: the family's, or one that a checkpoint has all the same.</summary>
    protected Variable? HeadBias(ModelConfig config, IWeights weights) =>
        HasHeadBias || weights.Has(TensorNames.HeadBias) ? weights.Vector(TensorNames.HeadBias, config.VocabSize) : null;

    /// <summary>A linear map stored <c>[out,in]</c>, as most programs store it.</summary>
    protected static LinearWeights OutIn(IWeights weights, string name, int inputs, int outputs, bool hasBias) =>
        new([weights.Matrix($"{name}.weight", outputs, inputs)], hasBias ? weights.Vector($"{name}.bias", outputs) : null, IsOutIn: true);

    /// <summary>Queries, keys and values from a matrix each, stored <c>[out,in]</c> and without bias.</summary>
    protected static LinearWeights SeparateQkv(IWeights weights, string attention, int width) =>
        new(
            [.. ((string[])["q_proj", "k_proj", "v_proj"]).Select(part =>
                Variable.Constant(weights.Matrix($"{attention}.{part}.weight", width, width)))],
            Bias: null, IsOutIn: true);
}
