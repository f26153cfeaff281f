using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Training;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Editing.Methods.KnowledgeEditor;

/// <summary>A linear map whose rows are directions with lengths of their own, w = g·v/‖v‖ (Salimans and Kingma 2016).</summary>
/// <param name="name">What its weights' names begin with.</param>
internal sealed class NormedLinear(string name)
{
    /// <summary>
    /// Weights drawn within ±1/√inputs: v <c>[outputs,inputs]</c>, g <c>[outputs,1]</c>, which begins as its rows' lengths, b
    /// <c>[outputs]</c>.
    /// </summary>
    public IEnumerable<TrainedWeight> Begin(Device device, int inputs, int outputs, Rng rng)
    {
        double bound = 1 / Math.Sqrt(inputs);
        Tensor v = NewTensor.Uniform(device, rng.Fork($"{name}.v"), bound, outputs, inputs);
        float[] lengths = [.. v.ToArray().Chunk(inputs).Select(row => (float)Math.Sqrt(row.Sum(x => (double)x * x)))];
        int next = 0;
        yield return new TrainedWeight($"{name}.v", v);
        yield return new TrainedWeight($"{name}.g", NewTensor.Of(device, () => lengths[next++], outputs, 1));
        yield return new TrainedWeight($"{name}.bias", NewTensor.Uniform(device, rng.Fork($"{name}.bias"), bound, outputs));
    }

    /// <summary>x <c>[rows,inputs]</c> to <c>[rows,outputs]</c>.</summary>
    /// <param name="x">The input.</param>
    /// <param name="weight">Finds a weight by its name.</param>
    public Variable Forward(Variable x, Func<string, Variable> weight)
    {
        Variable v = weight($"{name}.v"), scale = Multiply(weight($"{name}.g"), InverseRoot(Dot(v, v)));
        return Linear(x, [ScaleRows(v, scale)], weight($"{name}.bias"), transposeWeights: true);
    }
}
