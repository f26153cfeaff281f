using Sharpformer.Autograd;

namespace Sharpformer.Tests.Autograd;

/// <summary>The operations once more in float64, written as the formulas stand in a textbook: plain, slow, apart.</summary>
internal static class Reference
{
    /// <summary>f of each element of x and of y, which repeats.</summary>
    public static double[] Map(double[] x, double[] y, Func<double, double, double> f) => [.. x.Select((e, i) => f(e, y[i % y.Length]))];

    /// <summary>x <c>[M,K]</c> · y <c>[K,N]</c>, or <c>[N,K]</c> when transposed.</summary>
    public static double[] MatMul(double[] x, double[] y, int M, int K, int N, bool transposeY = false)
    {
        double[] z = new double[M * N];
        for (int m = 0; m < M; m++)
            for (int n = 0; n < N; n++)
                for (int k = 0; k < K; k++)
                    z[m * N + n] += x[m * K + k] * (transposeY ? y[n * K + k] : y[k * N + n]);
        return z;
    }

    public static double[] LayerNorm(double[] x, double[] gain, double[] bias, double epsilon)
    {
        int C = gain.Length;
        double[] y = new double[x.Length];
        for (int r = 0; r < x.Length; r += C)
        {
            double mean = x.Skip(r).Take(C).Average();
            double variance = x.Skip(r).Take(C).Average(e => (e - mean) * (e - mean));
            for (int c = 0; c < C; c++) y[r + c] = (x[r + c] - mean) / Math.Sqrt(variance + epsilon) * gain[c] + bias[c];
        }

        return y;
    }

    public static double Activate(double x, Activation f) => f switch
    {
        Activation.GeluTanh => x * Sigmoid(Bend(x)), // ½(1 + tanh u) = σ(2u), which keeps its digits far below 0
        Activation.Gelu => x * Normal(x),
        Activation.Relu => Math.Max(x, 0),
        Activation.Silu => x * Sigmoid(x),
        Activation.QuickGelu => x * Sigmoid(1.702 * x),
        _ => throw new ArgumentOutOfRangeException(nameof(f)),
    };

    public static double ActivateSlope(double x, Activation f) => f switch
    {
        Activation.GeluTanh => Sigmoid(Bend(x)) + x * Math.Sqrt(8 / Math.PI) * (1 + 3 * 0.044715 * x * x) * SigmoidSlope(Bend(x)),
        Activation.Gelu => Normal(x) + x * Density(x),
        Activation.Relu => x > 0 ? 1 : 0,
        Activation.Silu => Sigmoid(x) + x * SigmoidSlope(x),
        Activation.QuickGelu => Sigmoid(1.702 * x) + 1.702 * x * SigmoidSlope(1.702 * x),
        _ => throw new ArgumentOutOfRangeException(nameof(f)),
    };

    /// <summary>Each row's loss; the probability q of a column is (1-ε)·onehot + ε/V.</summary>
    public static double[] CrossEntropy(double[] logits, int[] targets, double smoothing)
    {
        int V = logits.Length / targets.Length;
        double[] loss = new double[targets.Length];
        for (int r = 0; r < targets.Length; r++)
        {
            double target = logits[r * V + targets[r]];

            // -log p = log Σ exp(z - z_t) = log(1 + Σ_{others} …) keeps all digits of a small loss.
            double others = 0, mean = 0, max = logits.Skip(r * V).Take(V).Max();
            for (int c = 0; c < V; c++)
            {
                if (c != targets[r]) others += Math.Exp(logits[r * V + c] - max);
                mean += (logits[r * V + c] - target) / V;
            }

            double negativeLog = target == max ? LogOnePlus(others) : Math.Log(others + Math.Exp(target - max)) - (target - max);
            loss[r] = negativeLog - smoothing * mean;
        }

        return loss;
    }

    /// <summary>
    /// Outputs <c>[B·T,C]</c> of queries, keys, values <c>[B·T,3C]</c> after the first past[b] positions of the
    /// caches <c>[B,S,C]</c>, one query and one head at a time.
    /// </summary>
    public static double[] Attention(
        double[] qkv, int heads, float[] keys, float[] values, int[] past, double scale, int T, int window = int.MaxValue)
    {
        int B = past.Length, C = qkv.Length / (3 * B * T), S = keys.Length / (B * C), D = C / heads;
        double[] y = new double[B * T * C];
        for (int b = 0; b < B; b++)
            for (int t = 0; t < T; t++)
                for (int h = 0; h < heads; h++)
                {
                    int seen = past[b] + t + 1;
                    double[] p = new double[seen];
                    for (int j = 0; j < seen; j++)
                        for (int d = 0; d < D; d++)
                            p[j] += scale * qkv[(b * T + t) * 3 * C + h * D + d] * At(keys, 1, b, j, h * D + d);
                    for (int j = 0; j < seen - window; j++) p[j] = double.NegativeInfinity;
                    double max = p.Max(), sum = p.Sum(e => Math.Exp(e - max));
                    for (int j = 0; j < seen; j++)
                        for (int d = 0; d < D; d++)
                            y[(b * T + t) * C + h * D + d] += Math.Exp(p[j] - max) / sum * At(values, 2, b, j, h * D + d);
                }

        return y;

        // Key (part 1) or value (part 2) of position j: cached, or among the new ones.
        double At(float[] cache, int part, int b, int j, int c) =>
            j < past[b] ? cache[(b * S + j) * C + c] : qkv[(b * T + j - past[b]) * 3 * C + part * C + c];
    }

    private static double Bend(double x) => Math.Sqrt(8 / Math.PI) * (x + 0.044715 * x * x * x);

    private static double Sigmoid(double x) => x < 0 ? Math.Exp(x) / (1 + Math.Exp(x)) : 1 / (1 + Math.Exp(-x));

    private static double SigmoidSlope(double x) => Sigmoid(x) * Sigmoid(-x);

    private static double Density(double x) => Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);

    /// <summary>The normal distribution: its series near 0, Laplace's continued fraction for the tails.</summary>
    private static double Normal(double x)
    {
        double y = Math.Abs(x), tail;
        if (y < 3)
        {
            double term = y, sum = y;
            for (int k = 1; k < 60; k++) sum += term *= y * y / (2 * k + 1);
            tail = 0.5 - Density(y) * sum;
        }
        else
        {
            double fraction = y;
            for (int k = 300; k > 0; k--) fraction = y + k / fraction;
            tail = Density(y) / fraction;
        }

        return x < 0 ? tail : 1 - tail;
    }

    /// <summary>log(1 + x), exact for small x too.</summary>
    private static double LogOnePlus(double x) => x > 1e-4 ? Math.Log(1 + x) : x - x * x / 2 + x * x * x / 3;
}
