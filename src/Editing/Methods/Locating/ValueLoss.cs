using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Locating;

/// <summary>
/// The losses that the values of some edits minimise, each its own: mean over templates of the target's negative log-likelihood, plus the
/// Kullback-Leibler divergence of what the model says of "… is a" from what it said before, plus ‖δ‖ / ‖v₀‖², each with its weight. Edits
/// go through the model together and do not touch one another.
/// </summary>
internal sealed class ValueLoss
{
    private readonly CausalLm model;
    private readonly ValueSearchSettings settings;
    private readonly ValueProblem problem;
    private readonly double[]?[] before; // log p₀ [V] of each edit; those of the first pass, whose δ is zero

    /// <summary>The losses of edits.</summary>
    /// <exception cref="InputException">The loss layer is none of the model's blocks from the edited one on.</exception>
    public ValueLoss(CausalLm model, ValueSearchSettings settings, ValueProblem problem)
        : this(UpToLoss(model, settings), settings, problem, new double[]?[problem.Prompts.Edits.Count])
    {
    }

    private ValueLoss(CausalLm model, ValueSearchSettings settings, ValueProblem problem, double[]?[] before) =>
        (this.model, this.settings, this.problem, this.before) = (model, settings, problem, before);

    /// <summary>The losses with δ added at the subjects, the first time zero.</summary>
    /// <param name="deltas">
    /// δ of each edit, <c>[E,C]</c>: what is added to the MLP's output, and so to the block's. With a <see cref="ValueProblem.Middle"/>
    /// <c>[2E,C]</c>, those behind being added to the attention's output.
    /// </param>
    /// <param name="weights">What each edit's negative log-likelihood counts; null for 1.</param>
    public ValueLosses At(Variable deltas, float[]? weights = null)
    {
        PromptBatch prompts = problem.Prompts;
        int edits = prompts.Edits.Count;
        float[] decays = [.. problem.Origins.Select(origin => (float)(settings.WeightDecay / SquaredNorm(origin)))];
        Variable decay = Ops.Multiply(Norms(deltas), model.Device.From(decays, decays.Length, 1));
        Variable moved = Ops.PutRows(problem.Below, Moved(deltas), prompts.SubjectRows);
        KvCache cache = model.NewCache(prompts.Tokens.B, prompts.Tokens.T, model.Blocks.Count);
        Variable hidden = model.HiddenFrom(
            settings.Layer + 1, moved, prompts.Tokens, cache, rows: [.. prompts.TargetRows, .. prompts.KeptRows]);
        int[] targets = prompts.Targets;
        Variable logits = model.Logits(Rows(hidden, 0, targets.Length));
        Variable nll = MeanOfEach(Ops.CrossEntropy(logits, targets));
        Variable divergence = Ops.Scale(Divergence(model.Logits(Rows(hidden, targets.Length, edits))), settings.KlWeight);
        if (decays.Length > edits) decay = Ops.Add(Rows(decay, 0, edits), Rows(decay, edits, edits));
        Variable weighted = weights is null ? nll : Ops.Multiply(nll, model.Device.From(weights, edits, 1));
        bool[] isSaid = settings.EasesOffOnceSaid ? IsSaid(model.Device.ArgMax(logits.Value)) : new bool[edits];
        return new ValueLosses(
            Ops.Add(Ops.Add(weighted, divergence), decay), nll.Value.ToArray(), divergence.Value.ToArray(), isSaid);
    }

    /// <summary>The losses of some of the edits alone.</summary>
    /// <param name="edits">Their places, ascending.</param>
    public ValueLoss Of(IReadOnlyList<int> edits) => new(model, settings, problem.Of(edits), [.. edits.Select(e => before[e])]);

    private static CausalLm UpToLoss(CausalLm model, ValueSearchSettings settings)
    {
        int last = settings.LossLayer ?? model.Blocks.Count - 1;
        if (last < settings.Layer || last >= model.Blocks.Count)
            throw new InputException($"The loss layer is {last}, expected {settings.Layer} to {model.Blocks.Count - 1}.");
        return model.UpTo(last + 1);
    }

    private static Variable Rows(Variable x, int first, int count) => Ops.Embedding(x, [.. Enumerable.Range(first, count)]);

    private static double SquaredNorm(float[] x) => x.Sum(value => (double)value * value);

    /// <summary>The block's output at the subjects, with δ.</summary>
    private Variable Moved(Variable deltas)
    {
        PromptBatch prompts = problem.Prompts;
        Variable atMlp = Ops.Embedding(deltas, prompts.SubjectEdits);
        if (problem.Middle is null) return Ops.Add(Ops.Embedding(problem.Below, prompts.SubjectRows), atMlp);
        Block block = model.Blocks[settings.Layer];
        Variable atAttention = Ops.Embedding(deltas, [.. prompts.SubjectEdits.Select(e => e + prompts.Edits.Count)]);
        Variable stream = block.Norm2 is null // beside the MLP, which does not see it
            ? Ops.Add(Ops.Embedding(problem.Below, prompts.SubjectRows), atAttention)
            : Behind(Ops.Add(problem.Middle, atAttention), block.Norm2);
        return Ops.Add(stream, atMlp);

        Variable Behind(Variable middle, NormWeights norm) => Ops.Add(middle, block.Mlp.Forward(norm.Forward(middle)));
    }

    private bool[] IsSaid(int[] best)
    {
        int row = 0;
        PromptBatch prompts = problem.Prompts;
        bool[] isSaid = new bool[prompts.Edits.Count];
        for (int e = 0; e < isSaid.Length; e++)
        {
            int asked = prompts.Asked(e);
            isSaid[e] = best.AsSpan(row, asked).SequenceEqual(prompts.Targets.AsSpan(row, asked));
            row += asked;
        }

        return isSaid;
    }

    /// <summary>The mean over each edit's rows of losses <c>[rows,1]</c>, <c>[E,1]</c>.</summary>
    private Variable MeanOfEach(Variable losses)
    {
        int edits = problem.Prompts.Edits.Count;
        int[] asked = [.. Enumerable.Range(0, edits).Select(problem.Prompts.Asked)];
        var means = new float[edits];
        for (int e = 0, first = 0; e < edits; first += asked[e++])
            means[e] = Ops.Scale(Ops.Sum(losses.Value.Slice(first, asked[e])), 1f / asked[e]).Value.ToScalar();
        Device device = losses.Device;
        return Tape.Record(device.From(means, edits, 1), [losses], dMeans =>
        {
            float[] each = dMeans.ToArray();
            float[] gradient = [.. asked.SelectMany((count, e) => Enumerable.Repeat(each[e] * (1f / count), count))];
            losses.AddGradient(device.From(gradient, gradient.Length, 1));
        });
    }

    /// <summary>KL(p‖p₀) of each row of logits <c>[E,V]</c>, in float64 on the host: d/dz = p·(log p - log p₀ - KL).</summary>
    private Variable Divergence(Variable logits)
    {
        int edits = logits.Value.Rows, V = logits.Value.Columns;
        double[][] now = [.. logits.Value.ToArray().Chunk(V).Select(LogSoftmax)];
        var sums = new double[edits];
        for (int e = 0; e < edits; e++)
        {
            double[] was = before[e] ??= now[e];
            for (int v = 0; v < V; v++) sums[e] += Math.Exp(now[e][v]) * (now[e][v] - was[v]);
        }

        Device device = logits.Device;
        return Tape.Record(device.From([.. sums.Select(sum => (float)sum)], edits, 1), [logits], dSums =>
        {
            float[] scales = dSums.ToArray();
            var gradient = new float[edits * V];
            for (int e = 0; e < edits; e++)
            {
                double scale = scales[e];
                (double[] log, double[] was) = (now[e], before[e]!);
                for (int v = 0; v < V; v++) gradient[e * V + v] = (float)(scale * Math.Exp(log[v]) * (log[v] - was[v] - sums[e]));
            }

            logits.AddGradient(device.From(gradient, edits, V));
        });
    }

    /// <summary>‖x‖ of each row, <c>[rows,1]</c>, with a gradient of zero where x is zero.</summary>
    private static Variable Norms(Variable x)
    {
        int C = x.Value.Columns;
        float[] values = x.Value.ToArray();
        double[] norms = [.. values.Chunk(C).Select(row => Math.Sqrt(SquaredNorm(row)))];
        return Tape.Record(x.Device.From([.. norms.Select(norm => (float)norm)], norms.Length, 1), [x], dNorms =>
        {
            float[] each = dNorms.ToArray();
            double[] scales = [.. norms.Select((norm, r) => norm == 0 ? 0 : each[r] / norm)];
            x.AddGradient(x.Device.From([.. values.Select((value, i) => (float)(value * scales[i / C]))], norms.Length, C));
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

/// <summary>Losses of edits, each its own.</summary>
/// <param name="Each">The loss of each, <c>[E,1]</c>.</param>
/// <param name="Nll">The negative log-likelihood in it.</param>
/// <param name="Divergence">The weighted divergence in it.</param>
/// <param name="IsSaid">Whether the target is the most likely token everywhere; only where the settings ask for it.</param>
internal sealed record ValueLosses(Variable Each, float[] Nll, float[] Divergence, bool[] IsSaid);
