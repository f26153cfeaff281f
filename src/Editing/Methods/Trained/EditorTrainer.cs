using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>
/// Trains a network that makes edits, on examples in a new order each epoch. What a step reads depends on the seed and its number alone.
/// </summary>
internal sealed class EditorTrainer : INetTrainer
{
    /// <summary>How many other edits' prompts shall stay as they are beside an edit.</summary>
    private const int Neighbours = 2;

    private readonly CausalLm model;
    private readonly IEditorNet net;
    private readonly MetaLoss loss;
    private readonly TrainingSettings settings;
    private readonly IReadOnlyList<MetaExample> examples;
    private readonly EpochOrder order;

    /// <summary>A trainer that has taken no step.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="net">What is trained; changed in place.</param>
    /// <param name="settings">How.</param>
    /// <param name="counts">What the sides of the loss count.</param>
    /// <param name="examples">At least one.</param>
    public EditorTrainer(
        CausalLm model, IEditorNet net, TrainingSettings settings, MetaWeights counts, IReadOnlyList<MetaExample> examples)
    {
        (this.model, this.net, this.settings, this.examples) = (model, net, settings, examples);
        loss = new MetaLoss(model, net, counts);
        order = new EpochOrder(examples.Count, settings.Seed);
        Optimizer = new WeightOptimizer(net.Weights, settings, net.State);
    }

    /// <inheritdoc/>
    public WeightOptimizer Optimizer { get; }

    /// <summary>Each edit is made alone on the base model, unless the network makes one change of all.</summary>
    /// <inheritdoc/>
    public StepReport Step(int step, int edits, CancellationToken cancellation)
    {
        using BufferScope scope = model.Device.Scope();
        float[][] state = [.. net.State.Select(one => one.Value.ToArray())];
        try
        {
            return Taken(step, edits, cancellation);
        }
        catch
        {
            foreach ((TrainedWeight one, float[] before) in net.State.Zip(state)) model.Device.Upload(before, one.Value);
            throw;
        }
    }

    /// <inheritdoc/>
    public MeasuredLoss Evaluate(IReadOnlyList<MetaExample> heldOut, CancellationToken cancellation)
    {
        Variable[] weights = [.. net.Weights.Select(weight => Variable.Constant(weight.Value))];
        var reports = new List<MetaReport>();
        double sum = 0;
        using BufferScope all = model.Device.Scope();
        IReadOnlyList<RankTerms>? together = net.IsJoint ? Made([.. heldOut.Select(example => example.Edit)]) : null;
        for (int i = 0; i < heldOut.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope scope = model.Device.Scope();
            MetaExample[] others = [.. Enumerable.Range(1, Neighbours).Select(n => heldOut[(i + n) % heldOut.Count])];
            IReadOnlyList<RankTerms> change = together ?? Made(heldOut[i].Edit);
            reports.Add(loss.Of(change, heldOut[i].Rephrased[0], Beside(heldOut[i], others)));
            sum += reports[^1].Loss.Value.ToScalar();
        }

        return new MeasuredLoss(sum / heldOut.Count, Terms(reports, isEvaluation: true));

        IReadOnlyList<RankTerms> Made(params IReadOnlyList<EditTokens> edits) =>
            net.Change(weights, EditGradient.Together(EditGradient.Of(model, net.Settings, edits, cancellation)));
    }

    private StepReport Taken(int step, int edits, CancellationToken cancellation)
    {
        Rng rng = new Rng(settings.Seed).Fork("example of step").Fork((ulong)step);
        MetaExample[] read = [.. Enumerable.Range(0, edits).Select(i => At(((long)step * edits) + i))];
        IReadOnlyList<EditGradient> gradients =
            EditGradient.Of(model, net.Settings, [.. read.Select(example => example.Edit)], cancellation);
        net.Count(gradients);
        var tape = new Tape(releases: true);
        Variable[] parameters = [.. net.Weights.Select(weight => tape.Parameter(weight.Value))];
        JointChange? joint = net.IsJoint ? new JointChange(net.Change(parameters, EditGradient.Together(gradients)), edits) : null;
        Variable? sum = null;
        double value = 0;
        var reports = new List<MetaReport>();
        for (int i = 0; i < edits; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            EditTokens asked = read[i].Rephrased[rng.NextInt(read[i].Rephrased.Count)];
            MetaExample[] others = [.. Enumerable.Range(0, Neighbours).Select(_ => examples[rng.NextInt(examples.Count)])];
            IReadOnlyList<KeptText> unrelated = Beside(read[i], others);
            MetaReport report = joint is null
                ? loss.Of(parameters, gradients[i], asked, unrelated)
                : joint.Step(terms => loss.Of(terms, asked, unrelated));
            reports.Add(report);
            value += report.Loss.Value.ToScalar() / edits;
            if (joint is null) sum = sum is null ? report.Loss : Ops.Add(sum, report.Loss);
        }

        tape.Backward(joint is null ? Ops.Scale(sum!, 1f / edits) : joint.Slope());
        Tensor[] slopes = [.. parameters.Select(parameter => parameter.Gradient ?? model.Device.Zeros(parameter.Shape))];
        return Optimizer.Step(slopes, value, edits) with { Terms = Terms(reports, isEvaluation: false) };
    }

    /// <summary>What shall stay beside an edit: its own unrelated texts, and what is said behind other edits' prompts.</summary>
    private static IReadOnlyList<KeptText> Beside(MetaExample example, MetaExample[] others) =>
    [
        .. example.Unrelated,
        .. others.Where(other => !other.Edit.Prompt.SequenceEqual(example.Edit.Prompt)).Select(other => KeptText.Behind(other.Edit.Prompt)),
    ];

    private static Dictionary<string, double> Terms(List<MetaReport> reports, bool isEvaluation)
    {
        var terms = new Dictionary<string, double>
        {
            ["edit"] = reports.Average(report => report.Nll),
            ["locality"] = reports.Average(report => report.Divergence),
        };
        if (!isEvaluation) return terms;
        terms["said"] = reports.Average(report => report.IsSaid ? 1.0 : 0);
        terms["kept"] = reports.Average(report => report.Kept);
        return terms;
    }

    private MetaExample At(long place) => examples[order.Of((int)(place / examples.Count))[(int)(place % examples.Count)]];
}
