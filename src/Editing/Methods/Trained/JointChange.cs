using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>
/// A change of weights that many edits make together, asked about one edit after the other: each question has a tape of its own, which ends
/// with it, so that memory does not grow with the batch. What they come to flows back into the network at the end.
/// </summary>
/// <param name="terms">The change; of each matrix the left side is a constant.</param>
/// <param name="questions">How many questions there will be, whose losses' mean counts.</param>
internal sealed class JointChange(IReadOnlyList<RankTerms> terms, int questions)
{
    private readonly Tensor[] slopes = [.. terms.Select(one => one.Right.Device.Zeros(one.Right.Shape))];

    /// <summary>Asks a question, and keeps how its loss depends on the change.</summary>
    public MetaReport Step(Func<IReadOnlyList<RankTerms>, MetaReport> ask)
    {
        Device device = terms[0].Right.Device;
        using BufferScope scope = device.Scope();
        var tape = new Tape(releases: true);
        RankTerms[] own = [.. terms.Select(one => one with { Right = tape.Parameter(one.Right.Value) })];
        MetaReport report = ask(own);
        scope.Keep(report.Loss.Value);
        tape.Backward(report.Loss);
        Sharpformer.Autograd.Gradients.Accumulate(slopes, [.. own.Select(one => one.Right.Gradient!)]);
        return report;
    }

    /// <summary>A number that the network's weights move as they move the mean loss.</summary>
    public Variable Slope()
    {
        Variable? sum = null;
        for (int m = 0; m < terms.Count; m++)
        {
            Variable own = Ops.Sum(Ops.Multiply(terms[m].Right, slopes[m]));
            sum = sum is null ? own : Ops.Add(sum, own);
        }

        return Ops.Scale(sum!, 1f / questions);
    }
}
