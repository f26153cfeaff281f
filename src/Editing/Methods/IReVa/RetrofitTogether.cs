using Sharpformer.Tensors;
using Sharpformer.Transformer;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>
/// Trains many neurons in few batches and gives each what it would have got had they been trained one after the other.
/// Neuron i depends on an earlier one, t, only through the constant α·s_t(x̂_i)·v_t at its own position, which leaves no trace
/// for almost all pairs: the activation is as good as zero some units below the threshold. So a round trains, side by side, all
/// neurons whose firing predecessors are settled, and then looks at who fires where with the keys as they have become. It ends when
/// every neuron has been trained with just the constant, bit for bit, that all before it now give. Then every one is what sequential
/// training would have made of it: the first is, and each next one follows.
/// </summary>
/// <param name="model">The base model.</param>
/// <param name="earlier">Neurons that were there before.</param>
/// <param name="settings">Every number of the training.</param>
internal sealed class RetrofitTogether(CausalLm model, KeyValueAdaptor earlier, IReVaSettings settings)
{
    /// <summary>
    /// α·s below which a predecessor is not waited for, as it will hardly change a bit of the hidden state. Only the number of
    /// rounds depends on it: if a bit does change, the neuron is trained again.
    /// </summary>
    private const float Negligible = 1e-7f;

    private readonly Device device = model.Device;

    /// <summary>Trains newborn neurons.</summary>
    /// <param name="born">N neurons at birth, in order.</param>
    /// <param name="trace">Their N positions.</param>
    /// <param name="standardized">x̂ there, <c>[N,C]</c>.</param>
    /// <param name="outOfScope">What L_irr sees, per fact; null leaves it out.</param>
    /// <param name="factOf">Which fact each neuron belongs to.</param>
    /// <param name="cancellation">Checked before each step.</param>
    public Neuron[] Train(
        IReadOnlyList<Neuron> born, Trace trace, Tensor standardized, OutOfScope? outOfScope, int[] factOf,
        CancellationToken cancellation)
    {
        using BufferScope scope = device.Scope();
        Tensor constant = device.Zeros(standardized.Shape);
        earlier.AddAll(standardized, constant);
        Neuron[] neurons = [.. born];
        float[]?[] trainedWith = new float[]?[neurons.Length]; // the hidden state each was trained on, null before that
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope round = device.Scope();
            (Tensor hidden, float[] fires) = Look(neurons, trace, standardized, constant);
            float[][] wanted = [.. hidden.ToArray().Chunk(hidden.Columns)];
            int[] ready = Ready(fires, neurons.Length, i => trainedWith[i] is { } with && with.AsSpan().SequenceEqual(wanted[i]));
            if (ready.Length == 0) return neurons;

            Neuron[] trained = Retrofit.Train(
                [.. ready.Select(i => born[i])], Embedding(standardized, ready).Value, Embedding(hidden, ready).Value, trace.TailOf(ready),
                earlier.Activation, outOfScope?.Of([.. ready.Select(i => factOf[i])]), settings, cancellation);
            for (int i = 0; i < ready.Length; i++) (neurons[ready[i]], trainedWith[ready[i]]) = (trained[i], wanted[ready[i]]);
        }
    }

    /// <summary>
    /// The edited block's output at each position as all earlier neurons leave it, and α·s of each neuron at each position,
    /// <c>[N·N]</c>.
    /// </summary>
    private (Tensor Hidden, float[] Fires) Look(Neuron[] neurons, Trace trace, Tensor standardized, Tensor constant)
    {
        KeyValueAdaptor together = earlier.Emptied().With(neurons, settings.Alpha, edit: 0);
        Tensor contributions = together.Contributions(standardized), sum = device.Allocate(constant.Shape);
        device.Copy(constant, sum);
        together.AddFirst(contributions, [.. Enumerable.Range(0, neurons.Length)], sum);
        return (Add(trace.Hidden, sum).Value, contributions.ToArray());
    }

    /// <summary>
    /// Which neurons to train next: those that are not consistent and need not wait. None only if all are consistent, for the first
    /// that is not waits for nobody.
    /// </summary>
    /// <param name="fires">α·s, <c>[N·N]</c>.</param>
    /// <param name="N">Neurons.</param>
    /// <param name="isConsistent">Whether a neuron was trained with the constant it would get now.</param>
    private static int[] Ready(ReadOnlySpan<float> fires, int N, Func<int, bool> isConsistent)
    {
        bool[] settled = new bool[N];
        var ready = new List<int>();
        for (int i = 0; i < N; i++)
        {
            bool waits = false;
            ReadOnlySpan<float> atPosition = fires.Slice(i * N, i);
            for (int t = 0; t < i && !waits; t++) waits = !settled[t] && MathF.Abs(atPosition[t]) > Negligible;
            if (waits) continue;
            settled[i] = isConsistent(i);
            if (!settled[i]) ready.Add(i);
        }

        return [.. ready];
    }
}
