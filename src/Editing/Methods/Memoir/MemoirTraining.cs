using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Memoir;

/// <summary>
/// Trains what one edit adds to its rows of the memory, beside all that earlier ones have written there: plain gradient descent, whose
/// gradient is clipped.
/// </summary>
/// <param name="model">The base model.</param>
/// <param name="settings">How.</param>
/// <param name="rows">The edit's rows.</param>
/// <param name="written">W_m before it.</param>
internal sealed class MemoirTraining(CausalLm model, MemoirSettings settings, int[] rows, Tensor written)
{
    private const double ClipEpsilon = 1e-6; // as torch has it

    private readonly Tensor delta = model.Device.Zeros(written.Shape); // stays 0 outside the rows, where x is masked

    /// <summary>The loss before each step.</summary>
    public List<float> Losses { get; } = [];

    /// <summary>What the memory before the edit is multiplied with.</summary>
    public float Kept { get; private set; } = 1;

    /// <summary>What the edit adds to its rows, <c>[k,C]</c>.</summary>
    public Tensor Delta => Ops.Embedding(delta, rows).Value;

    /// <summary>Takes steps until the edit is learnt, or often enough.</summary>
    /// <param name="texts">The edit's prompt, bare and behind texts.</param>
    /// <param name="cancellation">Checked before each step.</param>
    public void Train(AnswerTexts texts, CancellationToken cancellation)
    {
        float shrinks = 1 - (settings.LearningRate * settings.WeightDecay);
        for (int step = 0; step < settings.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope scope = model.Device.Scope();
            var tape = new Tape();
            Variable moved = tape.Parameter(delta);
            Variable memory = Ops.Add(Kept == 1 ? written : Ops.Scale(written, Kept), moved);
            Variable loss = texts.Loss(model, [MemoirRouter.OpeningOf(settings.Layer, written.Rows, rows, () => memory)]);
            Losses.Add(loss.Value.ToScalar());
            if (IsLearnt()) return;
            tape.Backward(loss);
            double clip = Math.Min(1, settings.ClipNorm / (Autograd.Gradients.Norm(moved.Gradient!) + ClipEpsilon));
            Variable change = Ops.Scale(moved.Gradient!, (float)(-settings.LearningRate * clip));
            model.Device.Copy(Ops.Add(shrinks == 1 ? delta : Ops.Scale(delta, shrinks), change).Value, delta);
            Kept *= shrinks;
        }
    }

    private bool IsLearnt() => Losses[^1] <= settings.StopLoss && Losses.Count > 1
        && Math.Abs(Losses[^1] - Losses[^2]) <= settings.StopChange;
}
