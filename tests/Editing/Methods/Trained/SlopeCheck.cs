using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Trained;

/// <summary>
/// Holds the gradients of the loss that networks are trained with against differences: along its own gradient, the loss of a weight rises
/// by the gradient's length.
/// </summary>
internal static class SlopeCheck
{
    private static readonly MetaWeights Counts = new(0.7, 1.3);

    /// <summary>Checks every weight of a network.</summary>
    /// <param name="model">The model.</param>
    /// <param name="net">A network that has counted the gradient, if it counts.</param>
    /// <param name="edit">An edit.</param>
    /// <param name="other">Another, whose answer shall stay.</param>
    public static void Run(CausalLm model, IEditorNet net, EditTokens edit, EditTokens other)
    {
        var loss = new MetaLoss(model, net, Counts);
        EditGradient gradient = EditGradient.Of(model, net.Settings, [edit], CancellationToken.None)[0];
        KeptText[] unrelated = [KeptText.Behind(other.Prompt), new(edit.Prompt[..4], 1)];
        using BufferScope scope = model.Device.Scope();
        var tape = new Tape();
        Variable[] parameters = [.. net.Weights.Select(weight => tape.Parameter(weight.Value))];
        MetaReport report = loss.Of(parameters, gradient, edit, unrelated);
        Assert.Equal(Counts.Edit * report.Nll + Counts.Locality * report.Divergence, report.Loss.Value.ToScalar(), 1e-4);
        Assert.InRange(report.Divergence, 1e-4, 100); // or else half of the loss would go untested
        tape.Backward(report.Loss);
        for (int w = 0; w < net.Weights.Count; w++)
        {
            float[] slope = parameters[w].Gradient!.ToArray(), at = net.Weights[w].Value.ToArray();
            double length = Math.Sqrt(slope.Sum(g => (double)g * g)), step = 5e-3 / length;
            double above = Loss(+step), below = Loss(-step);
            model.Device.Upload(at, net.Weights[w].Value);
            Assert.True(
                (above - below) / (2 * step) / length is > 0.97 and < 1.03,
                $"{net.Weights[w].Name}: {(above - below) / (2 * step)}, expected {length}");

            double Loss(double distance)
            {
                using BufferScope inner = model.Device.Scope();
                model.Device.Upload([.. at.Zip(slope, (x, g) => (float)(x + distance * g / length))], net.Weights[w].Value);
                Variable[] constants = [.. net.Weights.Select(weight => Variable.Constant(weight.Value))];
                return loss.Of(constants, gradient, edit, unrelated).Loss.Value.ToScalar();
            }
        }
    }
}
