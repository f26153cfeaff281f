using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.TPatcher;

/// <summary>The neurons of an edit while they are trained, with their values as a·u.</summary>
/// <param name="K"><c>[n,C]</c>.</param>
/// <param name="B"><c>[n]</c>.</param>
/// <param name="U"><c>[n,C]</c>.</param>
/// <param name="A"><c>[1]</c>.</param>
internal sealed record PatchParameters(Variable K, Variable B, Variable U, Variable A)
{
    /// <summary>All of them.</summary>
    public IReadOnlyList<Variable> All => [K, B, U, A];

    /// <summary>The same as parameters of a tape.</summary>
    public PatchParameters On(Tape tape) =>
        new(tape.Parameter(K.Value), tape.Parameter(B.Value), tape.Parameter(U.Value), tape.Parameter(A.Value));
}

/// <summary>What the loss is made of.</summary>
/// <param name="Edit">The negative log-likelihood of the target tokens, smoothed.</param>
/// <param name="Activation">How silent neurons are where they shall speak.</param>
/// <param name="Memory">How much they speak elsewhere.</param>
internal readonly record struct PatchLosses(double Edit, double Activation, double Memory)
{
    /// <summary>All together.</summary>
    public double Total => Edit + Activation + Memory;
}

/// <summary>
/// L = NLL + w_a·mean exp(-a_own) + w_m·(mean exp(a_mem - a_own + m₁) + mean exp(a_mem + m₂)), where a is a neuron's sum before its
/// activation function, and of those at other texts' states only the strongest count. Nothing below the last MLP depends on neurons in it,
/// so a step costs the head for the target tokens and products with the states.
/// </summary>
/// <param name="model">The model with the neurons before these.</param>
/// <param name="settings">The weights and margins.</param>
/// <param name="x">What the last MLP reads where target tokens are predicted, <c>[T,C]</c>.</param>
/// <param name="hidden">The last block's output there without the new neurons, <c>[T,C]</c>.</param>
/// <param name="targets">The target tokens.</param>
/// <param name="own">Of each neuron the row of x at which it shall speak.</param>
/// <param name="memory">States of other texts, <c>[…,C]</c> each.</param>
internal sealed class PatchLoss(
    CausalLm model, TPatcherSettings settings, Tensor x, Tensor hidden, int[] targets, int[] own, IReadOnlyList<Tensor> memory)
{
    private readonly Device device = model.Device;
    private readonly Activation activation = model.Blocks[^1].Mlp.Activation;

    private double OwnMargin => settings.AsPublished ? 0 : settings.OwnMargin;

    private double ZeroMargin => settings.AsPublished ? 0 : settings.ZeroMargin;

    /// <summary>Whether every target token is the likeliest with neurons as they are.</summary>
    public bool IsSaid(PatchParameters patches)
    {
        using BufferScope scope = device.Scope();
        return device.ArgMax(Logits(patches, Sums(x, patches)).Value).AsSpan().SequenceEqual(targets);
    }

    /// <summary>The loss.</summary>
    /// <param name="patches">Neurons; where they are parameters the second result has the loss's gradient, if not its value.</param>
    public (PatchLosses Losses, Variable Surrogate) At(PatchParameters patches)
    {
        Variable sums = Sums(x, patches);
        Variable[] elsewhere = [.. memory.Select(states => Sums(states, patches))];
        Variable edit = Ops.Mean(Ops.CrossEntropy(Logits(patches, sums), targets, settings.LabelSmoothing));
        float[] atRows = sums.Value.ToArray();
        float[][] atMemory = [.. elsewhere.Select(some => some.Value.ToArray())];
        int n = own.Length;
        double[] spoken = [.. own.Select((row, j) => (double)atRows[(row * n) + j])];

        // Of the exponentials the derivatives are known, so those by each sum are all that a tape needs.
        float[] ofRows = new float[atRows.Length];
        float[][] ofMemory = [.. atMemory.Select(some => new float[some.Length])];
        double activationLoss = 0, memoryLoss = 0;
        for (int j = 0; j < n; j++)
        {
            double part = settings.ActivationWeight * Math.Exp(-spoken[j]) / n;
            activationLoss += part;
            ofRows[(own[j] * n) + j] -= (float)part;
        }

        foreach ((int set, int at, double score) in StrongestOf(atMemory, (sum, j) => sum - spoken[j] + OwnMargin))
        {
            double part = Add(set, at, score);
            ofRows[(own[at % n] * n) + (at % n)] -= (float)part;
        }

        foreach ((int set, int at, double score) in StrongestOf(atMemory, (sum, _) => sum + ZeroMargin)) Add(set, at, score);
        Variable surrogate = Ops.Add(edit, Weighted(sums, ofRows));
        for (int m = 0; m < elsewhere.Length; m++) surrogate = Ops.Add(surrogate, Weighted(elsewhere[m], ofMemory[m]));
        return (new PatchLosses(edit.Value.ToScalar(), activationLoss, memoryLoss), surrogate);

        double Add(int set, int at, double score)
        {
            int count = Math.Min(settings.Strongest, atMemory.Sum(some => some.Length));
            double part = settings.MemoryWeight * Math.Exp(score) / count;
            memoryLoss += part;
            ofMemory[set][at] += (float)part;
            return part;
        }

        Variable Weighted(Variable of, float[] weights) =>
            Ops.Sum(Ops.Multiply(of, device.From(weights, of.Value.Rows, of.Value.Columns)));
    }

    private static Variable Sums(Tensor states, PatchParameters patches) =>
        Ops.Linear(states, [patches.K], patches.B, transposeWeights: true);

    private Variable Logits(PatchParameters patches, Variable sums) => model.Logits(Ops.Add(
        hidden, Ops.MatMul(Ops.Activate(sums, activation), Ops.Multiply(patches.U, patches.A))));

    /// <summary>The strongest of all neurons at all states of other texts, which of them does not depend on how many there are.</summary>
    private List<(int Set, int At, double Score)> StrongestOf(float[][] sums, Func<double, int, double> score)
    {
        var kept = new PriorityQueue<(int Set, int At, double Score), double>();
        for (int set = 0; set < sums.Length; set++)
        {
            for (int at = 0; at < sums[set].Length; at++)
            {
                double one = score(sums[set][at], at % own.Length);
                if (kept.Count < settings.Strongest) kept.Enqueue((set, at, one), one);
                else if (kept.TryPeek(out _, out double least) && one > least) kept.EnqueueDequeue((set, at, one), one);
            }
        }

        return [.. kept.UnorderedItems.Select(item => item.Element)];
    }
}
