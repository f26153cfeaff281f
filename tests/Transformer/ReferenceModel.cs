using Sharpformer.Tests.Autograd;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Transformer;

/// <summary>
/// The families once more in float64, straight from tensors under the names that checkpoints give them to the mean cross-entropy,
/// one sequence at a time: plain, slow, apart. It has no backward pass; its gradients are central differences.
/// </summary>
/// <param name="config">Architecture.</param>
/// <param name="weights">Tensors by name.</param>
internal sealed class ReferenceModel(ModelConfig config, IReadOnlyDictionary<string, double[]> weights)
{
    private const double H = 1e-4;

    private readonly int C = config.NEmbd;

    /// <summary>Tensors by name; whoever changes a value changes the model.</summary>
    public IReadOnlyDictionary<string, double[]> Weights => weights;

    /// <summary>Added to what an MLP gives at one position of one sequence: <c>[C]</c>.</summary>
    public (int Block, int Sequence, int Position, double[] Values)? Shift { get; init; }

    /// <summary>The mean over all positions that predict a token, of all sequences.</summary>
    public double Loss(IReadOnlyList<int[]> sequences) =>
        sequences.SelectMany((tokens, s) => Reference.CrossEntropy(Logits(s, tokens[..^1]), tokens[1..], smoothing: 0)).Average();

    /// <summary>d loss / d <paramref name="values"/>, one of <see cref="Weights"/> or the shift's.</summary>
    public double[] Gradient(double[] values, IReadOnlyList<int[]> sequences)
    {
        double[] slopes = new double[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            double value = values[i];
            values[i] = value + H;
            double above = Loss(sequences);
            values[i] = value - H;
            slopes[i] = (above - Loss(sequences)) / (2 * H);
            values[i] = value;
        }

        return slopes;
    }

    private double[] Logits(int sequence, int[] tokens)
    {
        int T = tokens.Length;
        double[] h = [.. tokens.SelectMany(token => weights["wte.weight"].Skip(token * C).Take(C))];
        if (config.ModelType != "gptj") h = Sum(h, weights["wpe.weight"][..(T * C)]);
        for (int l = 0; l < config.NLayer; l++) h = Block(l, sequence, h, T);

        double[] head = weights[config.TiesHead ? "wte.weight" : "lm_head.weight"];
        double[] logits = Reference.MatMul(Norm("ln_f", h), head, T, C, config.VocabSize, transposeY: true);
        return config.ModelType == "gptj" ? Reference.Map(logits, weights["lm_head.bias"], (z, b) => z + b) : logits;
    }

    private double[] Block(int l, int sequence, double[] h, int T)
    {
        double[] normed = Norm($"h.{l}.ln_1", h), mid, x;
        if (config.ModelType == "gptj")
        {
            (mid, x) = (Sum(h, Attention(l, normed, T)), normed);
        }
        else
        {
            mid = Sum(h, Attention(l, normed, T));
            x = Norm($"h.{l}.ln_2", mid);
        }

        (string up, string down) = config.ModelType == "gptj" ? ("fc_in", "fc_out") : ("c_fc", "c_proj");
        double[] hidden = Linear($"h.{l}.mlp.{up}", x, T, C, config.NInner);
        hidden = Array.ConvertAll(hidden, e => Reference.Activate(e, config.Activation));
        double[] output = Linear($"h.{l}.mlp.{down}", hidden, T, config.NInner, C);
        if (Shift is { } shift && (shift.Block, shift.Sequence) == (l, sequence))
            for (int c = 0; c < C; c++) output[shift.Position * C + c] += shift.Values[c];
        return Sum(mid, output);
    }

    private double[] Attention(int l, double[] x, int T)
    {
        (string name, string output) = config.ModelType switch
        {
            "gpt2" => ($"h.{l}.attn", "c_proj"),
            "gpt_neo" => ($"h.{l}.attn.attention", "out_proj"),
            _ => ($"h.{l}.attn", "out_proj"),
        };
        double[] qkv = config.ModelType == "gpt2"
            ? Linear($"{name}.c_attn", x, T, C, 3 * C)
            : Beside(Linear($"{name}.q_proj", x, T, C, C), Linear($"{name}.k_proj", x, T, C, C), Linear($"{name}.v_proj", x, T, C, C), T);
        int D = C / config.NHead, window = config.Windows.Count > 0 && config.Windows[l] > 0 ? config.Windows[l] : int.MaxValue;
        double scale = config.ModelType == "gpt_neo" ? 1 : 1 / Math.Sqrt(D);
        if (config.ScalesAttentionByLayer) scale /= l + 1;
        if (config.ModelType == "gptj") Turn(qkv, D, T);
        return Linear($"{name}.{output}", Reference.Attention(qkv, config.NHead, [], [], [0], scale, T, window), T, C, C);
    }

    /// <summary>Turns the first pairs of channels of each head of queries and keys by an angle that grows with the position.</summary>
    private void Turn(double[] qkv, int D, int T)
    {
        int R = config.RotaryDim;
        for (int t = 0; t < T; t++)
            for (int head = 0; head < 2 * C; head += D)
                for (int pair = 0; pair < R / 2; pair++)
                {
                    int at = t * 3 * C + head + 2 * pair;
                    double angle = t * Math.Pow(10000, -2.0 * pair / R);
                    (double a, double b) = (qkv[at], qkv[at + 1]);
                    qkv[at] = a * Math.Cos(angle) - b * Math.Sin(angle);
                    qkv[at + 1] = a * Math.Sin(angle) + b * Math.Cos(angle);
                }
    }

    /// <summary>With the bias if there is one; only GPT-2 stores <c>[in,out]</c>.</summary>
    private double[] Linear(string name, double[] x, int T, int inputs, int outputs)
    {
        double[] y = Reference.MatMul(x, weights[$"{name}.weight"], T, inputs, outputs, transposeY: config.ModelType != "gpt2");
        return weights.TryGetValue($"{name}.bias", out double[]? bias) ? Reference.Map(y, bias, (e, b) => e + b) : y;
    }

    private double[] Norm(string name, double[] x) =>
        Reference.LayerNorm(x, weights[$"{name}.weight"], weights[$"{name}.bias"], config.LayerNormEpsilon);

    private double[] Beside(double[] q, double[] k, double[] v, int T) =>
        [.. Enumerable.Range(0, T).SelectMany(t => new[] { q, k, v }.SelectMany(part => part.Skip(t * C).Take(C)))];

    private static double[] Sum(double[] x, double[] y) => Reference.Map(x, y, (a, b) => a + b);
}
