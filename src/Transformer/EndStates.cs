using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>The last block's output: all that final norm and head need to give logits.</summary>
public static class EndStates
{
    /// <summary>Those of two models over the same sequences; what both have in common is computed once.</summary>
    /// <param name="first">A model.</param>
    /// <param name="second">Another, whose weights below block <paramref name="sharedBlocks"/> are the same.</param>
    /// <param name="sharedBlocks">How many blocks they share; with none they may read tokens differently too.</param>
    /// <param name="sequences">Token sequences.</param>
    /// <param name="from">First position asked for in each; all later ones are too.</param>
    /// <param name="cancellation">Checked before each batch of sequences.</param>
    /// <returns>At each of P positions, which are those of <see cref="Trace.Run"/>, <c>[P,C]</c> of either model.</returns>
    public static (Tensor First, Tensor Second) OfBoth(
        CausalLm first, CausalLm second, int sharedBlocks, IReadOnlyList<int[]> sequences, ReadOnlySpan<int> from,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        TracedPosition[] positions = TracedPosition.All(sequences, from);
        Device device = first.Device;
        Tensor ofFirst = device.Allocate(positions.Length, first.Config.NEmbd), ofSecond = device.Allocate(ofFirst.Shape);
        foreach (TracePass pass in TracePass.All(sequences, positions))
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope scope = device.Scope();
            TokenBatch tokens = pass.Tokens;
            Tensor? shared = sharedBlocks == 0 ? null : device.Allocate(tokens.B * tokens.T, first.Config.NEmbd);
            Opening[] looks = shared is null
                ? []
                : [Opening.Look(sharedBlocks - 1, Site.BlockOutput, Reach.All, passing => device.Copy(passing.Value, shared))];
            pass.Place(first.Hidden(tokens, NewCache(first), looks, pass.FlatRows).Value, ofFirst);
            Variable ended = shared is null
                ? second.Hidden(tokens, NewCache(second), rows: pass.FlatRows)
                : second.HiddenFrom(sharedBlocks, shared, tokens, NewCache(second), rows: pass.FlatRows);
            pass.Place(ended.Value, ofSecond);

            // Nothing is asked about earlier blocks again: all share one pair of keys and values.
            KvCache NewCache(CausalLm model) => model.NewCache(tokens.B, tokens.T, firstKept: model.Blocks.Count);
        }

        return (ofFirst, ofSecond);
    }

    /// <summary>Those at the last position of each sequence, with openings in use: the whole sequence is read for it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="openings">What sits in its openings; they see the sequences in the order of <paramref name="order"/>.</param>
    /// <param name="sequences">Token sequences.</param>
    /// <param name="order">Told which sequences come next, before their pass.</param>
    /// <param name="cancellation">Checked before each batch of sequences.</param>
    /// <returns><c>[sequences,C]</c>.</returns>
    public static Tensor AtLast(
        CausalLm model, IReadOnlyList<Opening> openings, IReadOnlyList<int[]> sequences, Action<int[]> order,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sequences);
        ArgumentNullException.ThrowIfNull(order);
        int[] lastOnes = [.. sequences.Select(s => s.Length - 1)];
        Tensor states = model.Device.Allocate(sequences.Count, model.Config.NEmbd);
        foreach (TracePass pass in TracePass.All(sequences, TracedPosition.All(sequences, lastOnes)))
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope scope = model.Device.Scope();
            order(pass.Sequences);
            KvCache cache = model.NewCache(pass.Tokens.B, pass.Tokens.T, firstKept: model.Blocks.Count);
            pass.Place(model.Hidden(pass.Tokens, cache, openings, pass.FlatRows).Value, states);
        }

        return states;
    }
}
