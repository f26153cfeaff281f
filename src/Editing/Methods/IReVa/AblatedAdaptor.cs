using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>What is taken from an adaptor to see what it is good for (Table 3).</summary>
public enum Ablation
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The winner is picked before the activation, as Eq. 12 prints it.</summary>
    PicksBeforeActivation,

    /// <summary>No max-pooling: all neurons speak, each as loudly as it fires.</summary>
    NoMaxPooling,

    /// <summary>No activation: the winner speaks as loudly as it is above its threshold, and with the sign turned as it is below.</summary>
    NoActivation,
}

/// <summary>The neurons of an adaptor without a part of what decides which of them speaks, for ablations: the edits are the same.</summary>
/// <param name="adaptor">The adaptor.</param>
/// <param name="ablation">What it lacks: max-pooling or the activation.</param>
public sealed class AblatedAdaptor(KeyValueAdaptor adaptor, Ablation ablation) : IEditMemory
{
    /// <inheritdoc/>
    public int Block => adaptor.Layer;

    /// <inheritdoc/>
    public Site Reads => Site.MlpInput;

    /// <inheritdoc/>
    public Site Writes => Site.BlockOutput;

    /// <summary>An edited model with its adaptors of knowledge neurons ablated.</summary>
    public static EditedModel Of(EditedModel model, Ablation ablation)
    {
        ArgumentNullException.ThrowIfNull(model);
        return ablation == Ablation.None ? model : model with { Memories = [.. model.Memories.Select(Ablated)] };

        IEditMemory Ablated(IEditMemory memory) => memory is not KeyValueAdaptor neurons ? memory
            : ablation == Ablation.PicksBeforeActivation ? neurons.Selecting(beforeActivation: true)
            : new AblatedAdaptor(neurons, ablation);
    }

    /// <inheritdoc/>
    public bool Holds(long edit) => ((IEditMemory)adaptor).Holds(edit);

    /// <inheritdoc/>
    public bool IsLocked(long edit, int[] tokens) => adaptor.IsLocked(edit, tokens);

    /// <inheritdoc/>
    public Firing[] Fire(Tensor read, RowTokens tokens, IReadOnlyList<long?>? withdrawn = null)
    {
        ArgumentNullException.ThrowIfNull(read);
        Firing[] winners = adaptor.Selecting(beforeActivation: ablation == Ablation.NoActivation).Fire(read, tokens, withdrawn);
        if (adaptor.Count == 0) return winners;
        if (ablation == Ablation.NoActivation) return [.. winners.Select(Unactivated)];
        using BufferScope scope = read.Device.Scope();
        float[] strengths = adaptor.Contributions(KeyValueAdaptor.Standardize(read)).ToArray();
        return [.. winners.Select(WithOthers)];

        Firing Unactivated(Firing winner) => winner.IsWithdrawn ? winner
            : winner with { Strength = adaptor[winner.Index].Alpha * winner.Margin };

        Firing WithOthers(Firing winner, int row)
        {
            (int, float)[] others = [.. Enumerable.Range(0, adaptor.Count)
                .Where(j => j != winner.Index && adaptor[j].Edit != withdrawn?[row])
                .Select(j => (j, strengths[(row * adaptor.Count) + j])).Where(other => other.Item2 != 0)];
            return others.Length == 0 ? winner : winner with { Others = others };
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<Firing> Nearest(Tensor read, RowTokens tokens, int count) => adaptor.Nearest(read, tokens, count);

    /// <inheritdoc/>
    public IReadOnlyList<Firing>[] Claims(Tensor read, RowTokens tokens) => adaptor.Claims(read, tokens);

    /// <summary>Adds what the winner of each row says, and what is said beside it.</summary>
    /// <inheritdoc/>
    public Variable Apply(Variable passing, IReadOnlyList<Firing> firings)
    {
        ArgumentNullException.ThrowIfNull(passing);
        ArgumentNullException.ThrowIfNull(firings);
        passing = adaptor.Apply(passing, firings);
        int most = firings.Max(firing => firing.Others?.Count ?? 0);
        for (int i = 0; i < most; i++) passing = adaptor.Apply(passing, [.. firings.Select(firing => Other(firing, i))]);
        return passing;

        static Firing Other(Firing firing, int i) => firing.Others is { } others && i < others.Count
            ? firing with { Index = others[i].Index, Strength = others[i].Strength, Others = null }
            : firing with { Strength = 0, Others = null };
    }
}
