using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Rome;

/// <summary>
/// The loss that v* minimises: mean over templates of the target's negative log-likelihood, plus the Kullback-Leibler divergence of what
/// the model says of "… is a" from what it said before, plus ‖δ‖ / ‖v₀‖², each with its weight.
/// </summary>
internal sealed class RomeLoss
{
    private readonly CausalLm model;
    private readonly RomeSettings settings;
    private readonly RomePrompts prompts;
    private readonly RomeStates states;
    private readonly double squaredNorm; // ‖v₀‖²
    private double[]? before; // log p₀ [V]; that of the first pass, whose δ is zero

    /// <summary>The loss of one edit.</summary>
    public RomeLoss(CausalLm model, RomeSettings settings, RomePrompts prompts, RomeStates states)
    {
        int last = settings.LossLayer ?? model.Blocks.Count - 1;
        if (last < settings.Layer || last >= model.Blocks.Count)
            throw new InputException($"ROME's loss layer is {last}, expected {settings.Layer} to {model.Blocks.Count - 1}.");
        this.model = model.UpTo(last + 1);
        (this.settings, this.prompts, this.states) = (settings, prompts, states);
        squaredNorm = states.Output.Sum(x => (double)x * x);
    }

    /// <summary>The loss with δ added to the MLP's output, the first time zero: the same as to the block's.</summary>
    /// <param name="delta">δ <c>[C]</c>.</param>
    /// <returns>The loss <c>[1]</c>, and the negative log-likelihood in it.</returns>
    public (Variable Total, double Nll) At(Variable delta)
    {
        int[] subjects = prompts.SubjectRows, targets = prompts.AskedTargets;
        TokenBatch tokens = prompts.Tokens;
        Variable moved = Ops.PutRows(states.Below, Ops.Add(Ops.Embedding(states.Below, subjects), delta), subjects);
        KvCache cache = model.NewCache(tokens.B, tokens.T, model.Blocks.Count);
        Variable hidden = model.HiddenFrom(settings.Layer + 1, moved, tokens, cache, rows: prompts.AskedRows);
        Variable logits = model.Logits(Ops.Embedding(hidden, [.. Enumerable.Range(0, targets.Length)]));
        Variable nll = Ops.Mean(Ops.CrossEntropy(logits, targets));
        Variable divergence = Divergence(model.Logits(Ops.Embedding(hidden, [targets.Length])));
        Variable decay = Ops.Scale(Norm(delta), (float)(settings.WeightDecay / squaredNorm));
        return (Ops.Add(Ops.Add(nll, Ops.Scale(divergence, settings.KlWeight)), decay), nll.Value.ToScalar());
    }

    /// <summary>KL(p‖p₀) of one row of logits <c>[1,V]</c>, in float64 on the host: d/dz = p·(log p - log p₀ - KL).</summary>
    private Variable Divergence(Variable logits)
    {
        double[] now = LogSoftmax(logits.Value.ToArray());
        before ??= now;
        double sum = 0;
        for (int v = 0; v < now.Length; v++) sum += Math.Exp(now[v]) * (now[v] - before[v]);
        Device device = logits.Device;
        return Tape.Record(device.From([(float)sum], 1), [logits], dSum =>
        {
            double scale = dSum.ToScalar();
            var gradient = new float[now.Length];
            for (int v = 0; v < gradient.Length; v++) gradient[v] = (float)(scale * Math.Exp(now[v]) * (now[v] - before[v] - sum));
            logits.AddGradient(device.From(gradient, 1, gradient.Length));
        });
    }

    /// <summary>‖x‖, with a gradient of zero where x is zero.</summary>
    private static Variable Norm(Variable x)
    {
        float[] values = x.Value.ToArray();
        double norm = Math.Sqrt(values.Sum(value => (double)value * value));
        return Tape.Record(x.Device.From([(float)norm], 1), [x], dNorm =>
        {
            double scale = norm == 0 ? 0 : dNorm.ToScalar() / norm;
            x.AddGradient(x.Device.From([.. values.Select(value => (float)(value * scale))], values.Length));
        });
    }

    private static double[] LogSoftmax(float[] logits)
    {
        double max = logits.Max(), sum = 0;
        foreach (float z in logits) sum += Math.Exp(z - max);
        double log = max + Math.Log(sum);
        return [.. logits.Select(z => z - log)];
    }
}
