using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Families;

namespace Sharpformer.Tests.Transformer;

/// <summary>Models small enough for a derivative by each weight, in the families' shapes, of odd sizes wherever they may be.</summary>
internal static class TinyModel
{
    private static readonly ModelConfig Gpt2 = new()
    {
        ModelType = "gpt2",
        NEmbd = 12,
        NLayer = 2,
        NHead = 3,
        NPositions = 9,
        VocabSize = 11,
        NInner = 17,
    };

    private static readonly ModelConfig Neo = Gpt2 with { ModelType = "gpt_neo", ScalesAttention = false, Windows = [0, 2] };

    private static readonly ModelConfig J = Gpt2 with { ModelType = "gptj", NHead = 2, RotaryDim = 4, TiesHead = false };

    public static IReadOnlyDictionary<string, ModelConfig> Configs { get; } = new OrderedDictionary<string, ModelConfig>
    {
        ["gpt2"] = Gpt2,
        ["gpt2, scores by layer, head untied"] = Gpt2 with
        {
            ScalesAttentionByLayer = true,
            TiesHead = false,
            Activation = Activation.Gelu,
        },
        ["gpt-neo"] = Neo,
        ["gpt-neo, windows first, head untied"] = Neo with { Windows = [3, 0], TiesHead = false, Activation = Activation.Silu },
        ["gpt-j"] = J,
        ["gpt-j, heads turned whole, head tied"] = J with { NHead = 3, TiesHead = true, Activation = Activation.QuickGelu },
    };

    /// <summary>Sequences of unequal length; the shortest has one position that predicts.</summary>
    public static int[][] Sequences { get; } = [[3, 1, 4, 1, 5, 9], [2, 6], [10, 3, 5, 0]];

    /// <summary>Random tensors of a whole checkpoint by their names, as they come back from <paramref name="stored"/>.</summary>
    public static OrderedDictionary<string, float[]> Weights(ModelConfig config, DType stored)
    {
        using Device device = Devices.Create("cpu-1-thread");
        var weights = new OrderedDictionary<string, float[]>();
        foreach ((string name, Shape shape) in WeightList.Of(config))
        {
            float[] values = Devices.Values(shape.Count, weights.Count + 1);
            bool isGain = name.Contains("ln_", StringComparison.Ordinal) && name.EndsWith(".weight", StringComparison.Ordinal);
            for (int i = 0; i < values.Length; i++) values[i] = isGain ? 1 + values[i] / 4 : values[i] / 4;
            weights.Add(name, shape.Rank == 1 ? values : Devices.Stored(device, values, stored, shape.Dims.ToArray()).ToArray());
        }

        return weights;
    }

    /// <summary>The model of such tensors.</summary>
    public static CausalLm Build(
        ModelConfig config, IReadOnlyDictionary<string, float[]> weights, Device device, DType stored = DType.F32) =>
        Family.Of(config).Build(config, new Named(weights, device, stored));

    /// <summary>The mean cross-entropy of all tokens but each sequence's first.</summary>
    public static Variable Loss(CausalLm model, IReadOnlyList<int[]> sequences, KvCache? cache = null, params Opening[] openings)
    {
        var tokens = new TokenBatch([.. sequences.Select(s => s[..^1])]);
        int[] rows = [.. Enumerable.Range(0, tokens.B).SelectMany(b => Enumerable.Range(b * tokens.T, tokens.Lengths[b]))];
        Variable hidden = model.Hidden(tokens, cache ?? model.NewCache(tokens.B, tokens.T), openings, rows);
        return Ops.Mean(Ops.CrossEntropy(model.Logits(hidden), [.. sequences.SelectMany(s => s[1..])]));
    }

    private sealed class Named(IReadOnlyDictionary<string, float[]> weights, Device device, DType stored) : IWeights
    {
        public Device Device => device;

        public bool Has(string name) => weights.ContainsKey(name);

        public IReadOnlyList<long>? ShapeOf(string name) => null;

        public Tensor Matrix(string name, int rows, int columns) => Devices.Stored(device, weights[name], stored, rows, columns);

        public Tensor Vector(string name, int length) => device.From(weights[name], length);
    }
}
