using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Editing.Methods.Serac;

/// <summary>
/// Trains the scope classifier: -log s for an edit in other words, -log(1 - s) for unrelated texts and for that prompt of the step's other
/// edits which comes nearest, the means of both sides weighed. A prompt is embedded once; a step takes no pass through the model.
/// </summary>
internal sealed class ScopeTrainer : INetTrainer
{
    private const double Nearest = 1e-6; // z below which 1 - exp(-z) is taken as it is there

    private readonly CausalLm model;
    private readonly ScopeNet net;
    private readonly MetaWeights counts;
    private readonly Example[] examples;
    private readonly EpochOrder order;
    private readonly ulong? seed;

    /// <summary>A trainer that has taken no step; what unrelated texts have in common it takes from the examples.</summary>
    public ScopeTrainer(
        CausalLm model, ScopeNet net, TrainingSettings settings, MetaWeights counts, IReadOnlyList<MetaExample> examples)
    {
        (this.model, this.net, this.counts, seed) = (model, net, counts, settings.Seed);
        net.Embedding = PromptEmbedding.OfTexts(
            model, ((SeracSettings)net.Settings).Layer,
            [.. examples.SelectMany(example => example.Unrelated.Select(Text).Prepend(example.Edit.Prompt))], CancellationToken.None);
        this.examples = Embedded(examples, CancellationToken.None);
        order = new EpochOrder(examples.Count, settings.Seed);
        Optimizer = new WeightOptimizer(net.Weights, settings, net.State);
    }

    /// <inheritdoc/>
    public WeightOptimizer Optimizer { get; }

    /// <inheritdoc/>
    public StepReport Step(int step, int edits, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using BufferScope scope = model.Device.Scope();
        Rng rng = new Rng(seed ?? 0).Fork("example of step").Fork((ulong)step);
        Example[] read = [.. Enumerable.Range(0, edits).Select(i => At(((long)step * edits) + i))];
        Scored scored = Score(read, example => rng.NextInt(example.Rephrased.Length));
        Tensor slope = model.Device.From([.. scored.Slope.Select(x => (float)x)], scored.Slope.Length);
        return Optimizer.Step([slope], scored.Loss, edits) with
        {
            Terms = new Dictionary<string, double> { ["edit"] = scored.Inside, ["locality"] = scored.Outside },
        };
    }

    /// <inheritdoc/>
    public MeasuredLoss Evaluate(IReadOnlyList<MetaExample> heldOut, CancellationToken cancellation)
    {
        Scored scored = Score(Embedded(heldOut, cancellation), _ => 0);
        return new MeasuredLoss(scored.Loss, new Dictionary<string, double>
        {
            ["edit"] = scored.Inside,
            ["locality"] = scored.Outside,
            ["said"] = scored.Answered,
            ["kept"] = scored.Kept,
        });
    }

    /// <summary>The loss of some examples, its slope along the weights, and how many texts lie on the right side.</summary>
    private Scored Score(Example[] read, Func<Example, int> which)
    {
        double[] weights = [.. net.Channels.Select(a => (double)a)];
        double[] inside = new double[weights.Length], outside = new double[weights.Length]; // slopes of either side
        double scope = -Math.Log(((SeracSettings)net.Settings).Scope), nll = 0, others = 0;
        int answered = 0, kept = 0, negatives = 0;
        foreach (Example example in read)
        {
            float[] asked = example.Rephrased[which(example)];
            double z = Square(example.Edit, asked);
            nll += z;
            answered += z < scope ? 1 : 0;
            Add(inside, example.Edit, asked, 1);
            foreach (float[] text in Negatives(example))
            {
                double far = Math.Max(Nearest, Square(example.Edit, text));
                others -= Math.Log(1 - Math.Exp(-far));
                kept += far >= scope ? 1 : 0;
                negatives++;
                Add(outside, example.Edit, text, -1 / (Math.Exp(far) - 1));
            }
        }

        int n = read.Length, m = Math.Max(1, negatives);
        return new Scored(
            (counts.Edit * nll / n) + (counts.Locality * others / m), nll / n, others / m, (double)answered / n, (double)kept / m,
            [.. inside.Zip(outside, (x, y) => (counts.Edit * x / n) + (counts.Locality * y / m))]);

        IEnumerable<float[]> Negatives(Example example)
        {
            float[]? nearest = read.Where(other => !other.Prompt.AsSpan().SequenceEqual(example.Prompt)).Select(other => other.Edit)
                .MinBy(prompt => Square(example.Edit, prompt));
            return nearest is null ? example.Unrelated : [.. example.Unrelated, nearest];
        }

        double Square(float[] x, float[] y)
        {
            double sum = 0;
            for (int c = 0; c < weights.Length; c++)
            {
                double d = weights[c] * ((double)x[c] - y[c]);
                sum += d * d;
            }

            return sum;
        }

        void Add(double[] slope, float[] x, float[] y, double factor)
        {
            for (int c = 0; c < weights.Length; c++)
            {
                double d = (double)x[c] - y[c];
                slope[c] += factor * 2 * weights[c] * d * d;
            }
        }
    }

    private Example At(long place) => examples[order.Of((int)(place / examples.Length))[(int)(place % examples.Length)]];

    private Example[] Embedded(IReadOnlyList<MetaExample> of, CancellationToken cancellation)
    {
        using BufferScope scope = model.Device.Scope();
        int[][] texts = [.. of.SelectMany(example => (IEnumerable<int[]>)[
            example.Edit.Prompt, .. example.Rephrased.Select(asked => asked.Prompt), .. example.Unrelated.Select(Text)])];
        float[][] embedded = [.. net.Embedding.Embed(model, texts, cancellation).ToArray().Chunk(model.Config.NEmbd)];
        int at = 0;
        return [.. of.Select(example => new Example(
            example.Edit.Prompt, embedded[at++], Next(example.Rephrased.Count), Next(example.Unrelated.Count)))];

        float[][] Next(int count) => embedded[at..(at += count)];
    }

    /// <summary>A question, or running text as a whole.</summary>
    private static int[] Text(KeptText text) => text.First == 0 ? text.Tokens : text.Tokens[..(text.First + 1)];

    private sealed record Example(int[] Prompt, float[] Edit, float[][] Rephrased, float[][] Unrelated);

    private sealed record Scored(double Loss, double Inside, double Outside, double Answered, double Kept, double[] Slope);
}
