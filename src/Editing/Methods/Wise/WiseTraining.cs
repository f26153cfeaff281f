using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.FineTuning;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Wise;

/// <summary>
/// Trains a shard's change of the matrix, one edit after the other: plain gradient descent on the target's loss and on margins between how
/// far the edit's prompts are moved and how far an unrelated text is.
/// </summary>
internal sealed class WiseTraining
{
    private readonly CausalLm model;
    private readonly WiseSettings settings;
    private readonly MlpWeights mlp;
    private readonly Tensor mask, delta;
    private readonly Tensor? weight; // W₀ as [m,C], which weight decay pulls at

    /// <summary>Nothing has moved yet. What is made belongs to the device's current scope.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="settings">How.</param>
    /// <param name="before">How many edits earlier shards have.</param>
    public WiseTraining(CausalLm model, WiseSettings settings, long before)
    {
        (this.model, this.settings, mlp) = (model, settings, model.Blocks[settings.Layer].Mlp);
        int m = model.Config.NInner, columns = model.Config.NEmbd;
        bool[] moves = WiseParts.Mask(settings, before, checked(m * columns));
        mask = model.Device.From([.. moves.Select(one => one ? 1f : 0f)], m, columns);
        delta = model.Device.Zeros(mask.Shape);
        if (settings.WeightDecay == 0) return;
        weight = model.Device.Allocate(mask.Shape);
        Tensor stored = mlp.Down.Matrices.Single().Value.Float32Copy();
        model.Device.Copy(mlp.Down.IsOutIn ? MatrixView.Of(stored).Transposed : stored, weight);
    }

    /// <summary>The losses before each step, edit by edit.</summary>
    public List<float> Losses { get; } = [];

    /// <summary>How the matrix has moved, <c>[m,C]</c>.</summary>
    public Tensor Delta => delta;

    /// <summary>Takes steps until an edit is learnt, or often enough.</summary>
    /// <param name="rows">The edit's prompt, bare and behind texts.</param>
    /// <param name="unrelated">A text that shall not be moved.</param>
    /// <param name="cancellation">Checked before each step.</param>
    public void Train(IReadOnlyList<EditTokens> rows, int[] unrelated, CancellationToken cancellation)
    {
        using BufferScope scope = model.Device.Scope();
        var texts = new AnswerTexts(model, settings.Layer, rows);
        Margins margins = Seen([.. rows.Select(row => row.Prompt), unrelated]);
        float previous = float.PositiveInfinity;
        for (int step = 0; step < settings.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope here = model.Device.Scope();
            Variable moved = new Tape().Parameter(delta);
            Variable loss = texts.Loss(model, [WiseRouter.OpeningOf(settings.Layer, () => moved)]);
            if (settings.MarginWeight > 0) loss = Ops.Add(loss, Ops.Scale(Margin(margins, moved), settings.MarginWeight));
            float now = loss.Value.ToScalar();
            Losses.Add(now);
            if (now <= settings.StopLoss && Math.Abs(now - previous) <= settings.StopChange) return;
            previous = now;
            moved.Tape!.Backward(loss);
            Step(moved.Gradient!);
        }
    }

    private void Step(Tensor gradient)
    {
        Variable change = Ops.Multiply(gradient, mask);
        if (weight is not null) change = Ops.Add(change, Ops.Scale(Ops.Add(weight, delta), settings.WeightDecay)); // masked or not
        model.Device.Copy(Ops.Add(delta, Ops.Scale(change, -settings.LearningRate)).Value, delta);
        model.Device.Map<ClampOp>(delta, settings.Clamp, delta);
    }

    /// <summary>[D_out - D_in + γ]₊ + [D_out - α]₊ + [β - D_in]₊, the mean over the edit's rows.</summary>
    private Variable Margin(Margins margins, Variable moved)
    {
        Variable each = Movement.OfRows(margins.X, mlp, moved); // of each token
        Variable inside = Ops.MatMul(margins.Inside, each), outside = Ops.MatMul(margins.Outside, each);
        Variable apart = Above(Ops.Subtract(outside, inside), settings.Gamma);
        return Ops.Mean(Ops.Add(
            Ops.Add(apart, Above(outside, -settings.Alpha)), Above(Ops.Scale(inside, -1), settings.Beta)));

        Variable Above(Variable x, float offset) => Ops.MaxZero(Ops.Add(x, model.Device.From([offset], 1)));
    }

    /// <summary>What the base model's block sees of some prompts, the last of which is unrelated.</summary>
    private Margins Seen(int[][] prompts)
    {
        var tokens = new TokenBatch(prompts);
        CausalLm lower = model.UpTo(settings.Layer + 1);
        Tensor x = model.Device.Allocate(tokens.B * tokens.T, model.Config.NInner);
        using BufferScope scope = model.Device.Scope();
        Opening look = Opening.Look(settings.Layer, Site.MlpHidden, Reach.All, passing => model.Device.Copy(passing.Value, x));
        lower.Hidden(tokens, lower.NewCache(tokens.B, tokens.T, lower.Blocks.Count), [look]);
        int edits = tokens.B - 1;
        float[] inside = new float[edits * x.Rows], outside = new float[edits * x.Rows];
        for (int row = 0; row < edits; row++)
        {
            Mean(inside, row, row);
            Mean(outside, row, edits);
        }

        return new Margins(
            x, scope.Keep(model.Device.From(inside, edits, x.Rows)), scope.Keep(model.Device.From(outside, edits, x.Rows)));

        void Mean(float[] shares, int row, int b) =>
            shares.AsSpan((row * x.Rows) + (b * tokens.T), tokens.Lengths[b]).Fill(1f / tokens.Lengths[b]);
    }

    /// <summary>What margins are computed from.</summary>
    /// <param name="X">The MLP's hidden channels at every token, <c>[B·T,m]</c>.</param>
    /// <param name="Inside">Averages over the tokens of each of the edit's rows, <c>[R,B·T]</c>.</param>
    /// <param name="Outside">Averages over those of the unrelated text, as often.</param>
    private sealed record Margins(Tensor X, Tensor Inside, Tensor Outside);
}
