using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Training;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Editing.Methods.KnowledgeEditor;

/// <summary>
/// One direction of an LSTM (Hochreiter and Schmidhuber 1997): [i, f, g, o] = x·W_xᵀ + h·W_hᵀ + b, c ← σ(f)·c + σ(i)·tanh(g),
/// h = σ(o)·tanh(c).
/// </summary>
/// <param name="name">What its weights' names begin with.</param>
/// <param name="hidden">H: numbers of h and of c.</param>
internal sealed class LongShortTermMemory(string name, int hidden)
{
    private const int Gates = 4;

    /// <summary>Weights drawn within ±1/√H: W_x <c>[4H,inputs]</c>, W_h <c>[4H,H]</c>, b <c>[4H]</c>.</summary>
    public IEnumerable<TrainedWeight> Begin(Device device, int inputs, Rng rng)
    {
        double bound = 1 / Math.Sqrt(hidden);
        foreach ((string weight, int[] dims) in ((string, int[])[])
            [("input", [Gates * hidden, inputs]), ("hidden", [Gates * hidden, hidden]), ("bias", [Gates * hidden])])
        {
            yield return new TrainedWeight($"{name}.{weight}", NewTensor.Uniform(device, rng.Fork($"{name}.{weight}"), bound, dims));
        }
    }

    /// <summary>The state behind a text.</summary>
    /// <param name="text">x <c>[T,inputs]</c>.</param>
    /// <param name="order">The positions, in the order in which they are read.</param>
    /// <param name="weight">Finds a weight by its name.</param>
    /// <returns>h, <c>[1,H]</c>.</returns>
    public Variable Read(Variable text, IEnumerable<int> order, Func<string, Variable> weight)
    {
        Variable read = Linear(text, [weight($"{name}.input")], weight($"{name}.bias"), transposeWeights: true);
        Variable W = weight($"{name}.hidden");
        Variable? c = null, h = null;
        foreach (int position in order)
        {
            Variable gates = Embedding(read, [position]);
            if (h is not null) gates = Add(gates, MatMul(h, W, transposeY: true));
            Variable input = Multiply(Sigmoid(Gate(gates, 0)), Ops.Tanh(Gate(gates, 2)));
            c = c is null ? input : Add(Multiply(Sigmoid(Gate(gates, 1)), c), input);
            h = Multiply(Sigmoid(Gate(gates, 3)), Ops.Tanh(c));
        }

        return h ?? throw new ArgumentException("LongShortTermMemory: nothing to read.");
    }

    private Variable Gate(Variable gates, int gate) => Columns(gates, gate * hidden, hidden);
}
