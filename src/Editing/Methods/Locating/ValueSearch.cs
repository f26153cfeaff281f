using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Locating;

/// <summary>What the edited MLP, or block, shall give at the subject so that the model says the target.</summary>
/// <param name="Value">v₀ + δ, <c>[C]</c>.</param>
/// <param name="Loss">The target's mean negative log-likelihood with it.</param>
internal sealed record FoundValue(float[] Value, double Loss);

/// <summary>
/// Searches δ by Adam, for several edits in one pass: each has its own δ, moments and end, so that it finds what it would find alone. δ is
/// added where the subject ends in every prompt.
/// </summary>
internal static class ValueSearch
{
    /// <summary>Finds the values of edits.</summary>
    /// <param name="model">The model with the edits before these.</param>
    /// <param name="settings">How.</param>
    /// <param name="problem">The prompts and what the model computes of them up to the edited block.</param>
    /// <param name="cancellation">Checked before each step.</param>
    public static FoundValue[] Find(
        CausalLm model, ValueSearchSettings settings, ValueProblem problem, CancellationToken cancellation)
    {
        Device device = model.Device;
        using BufferScope scope = device.Scope();
        int edits = problem.Prompts.Edits.Count, perEdit = problem.Origins.Count / edits, C = model.Config.NEmbd;
        double[] mosts = [.. problem.Origins.Select(origin => settings.Clamp * Norm(origin))];
        var loss = new ValueLoss(model, settings, problem);
        Tensor deltas = device.Zeros(new Shape(problem.Origins.Count, C));
        AdamW[] adams = [.. Enumerable.Range(0, edits).Select(_ => new AdamW(settings.LearningRate))];
        foreach (int row in Rows([.. Enumerable.Range(0, edits)])) adams[row % edits].Add(deltas.Slice(row, 1));
        double[] nll = [.. Enumerable.Repeat(double.NaN, edits)];
        float[] weights = [.. Enumerable.Repeat(1f, edits)];
        int[] active = [.. Enumerable.Range(0, edits)], left = active; // who still searches, and who of those goes on
        for (int step = 0; step < settings.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (left.Length < active.Length)
            {
                loss = loss.Of(left);
                active = [.. left.Select(i => active[i])];
            }

            using BufferScope inner = device.Scope();
            var tape = new Tape();
            Variable parameters = tape.Parameter(Ops.Embedding(deltas, Rows(active)).Value);
            float[]? counts = settings.EasesOffOnceSaid ? [.. active.Select(e => weights[e])] : null;
            ValueLosses losses = loss.At(parameters, counts);
            float[] each = losses.Each.Value.ToArray();
            bool[] isFound = [.. each.Select((value, i) => value < settings.StopLoss || IsEasyEnough(losses, i))];
            for (int i = 0; i < active.Length; i++)
            {
                nll[active[i]] = losses.Nll[i];
                weights[active[i]] = losses.IsSaid[i] ? ValueSearchSettings.EasedOff : 1;
            }

            if (step == settings.Steps - 1 || Array.TrueForAll(isFound, found => found)) break;
            tape.Backward(Ops.Sum(losses.Each));
            for (int i = 0; i < active.Length; i++)
            {
                if (isFound[i]) continue;
                Tensor[] gradients = [.. Enumerable.Range(0, perEdit).Select(d => parameters.Gradient!.Slice(d * active.Length + i, 1))];
                adams[active[i]].Step(gradients);
                for (int row = active[i]; row < deltas.Rows; row += edits) Shorten(deltas.Slice(row, 1), mosts[row]);
            }

            left = [.. Enumerable.Range(0, active.Length).Where(i => !isFound[i])];
        }

        float[][] found = [.. deltas.ToArray().Chunk(C)];
        return [.. Enumerable.Range(0, edits).Select(e =>
            new FoundValue([.. problem.Origins[e].Zip(found[e], (v, d) => v + d)], nll[e]))];

        int[] Rows(int[] some) => [.. Enumerable.Range(0, perEdit).SelectMany(d => some.Select(e => d * edits + e))];
    }

    private static bool IsEasyEnough(ValueLosses losses, int edit) =>
        losses.IsSaid[edit] && losses.Divergence[edit] <= ValueSearchSettings.SmallDivergence;

    /// <summary>Brings δ back to the length that it may have.</summary>
    private static void Shorten(Tensor delta, double most)
    {
        float[] moved = delta.ToArray();
        double norm = Norm(moved);
        if (norm > most) delta.Device.Upload([.. moved.Select(x => (float)(x * (most / norm)))], delta);
    }

    private static double Norm(float[] x) => Math.Sqrt(x.Sum(value => (double)value * value));
}
