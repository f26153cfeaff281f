using Sharpformer.Autograd;
using Sharpformer.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Transformer;

/// <summary>
/// Decoding with a cache, token by token, for a batch of sequences. An adaptor acts on the last position only
/// (Eq. 7): once generation moves on, that position must look unedited to the later ones. So the base pass fills
/// the cache, and where the adaptor answers, the last position runs the tail once more for its logits and the
/// cache gets its unedited keys and values back. The logits equal those of full recomputation.
/// </summary>
public sealed class DecodeSession
{
    private readonly CausalLm model;
    private readonly FeedForwardSlot? adaptor;
    private readonly KvCache cache;

    /// <summary>Starts with nothing seen; the cache belongs to the device's current scope.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="batch">B: number of sequences.</param>
    /// <param name="capacity">Positions per sequence.</param>
    /// <param name="adaptor">The editor's adaptor; it sees the last position of each sequence.</param>
    public DecodeSession(CausalLm model, int batch, int capacity, FeedForwardSlot? adaptor = null)
        : this(model, (model ?? throw new ArgumentNullException(nameof(model))).NewCache(batch, capacity), adaptor)
    {
    }

    private DecodeSession(CausalLm model, KvCache cache, FeedForwardSlot? adaptor) => (this.model, this.cache, this.adaptor) = (model, cache, adaptor);

    /// <summary>A session that goes on from what sequences of others have seen; one may be named often, and those sessions are left as they are.</summary>
    /// <param name="sequences">B sequences, each with the session that read it.</param>
    /// <param name="room">How many more positions there is room for.</param>
    /// <param name="adaptor">The editor's adaptor; it sees the last position of each sequence.</param>
    public static DecodeSession GoOn(IReadOnlyList<(DecodeSession Session, int Sequence)> sequences, int room, FeedForwardSlot? adaptor = null)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        CausalLm model = sequences[0].Session.model;
        int[] lengths = [.. sequences.Select(s => s.Session.cache.Lengths[s.Sequence])];
        SequenceContext[] contexts = [.. sequences.Select((s, i) => s.Session.cache.ContextOf(s.Sequence, lengths[i]))];
        return new DecodeSession(model, KvCache.Of(model.Config, model.Device, contexts, lengths, room, firstLayer: 0), adaptor);
    }

    /// <summary>Takes new tokens of the sequences and gives the logits after the last of each.</summary>
    /// <param name="tokens">The first B sequences, those after them being over; whole prompts at first, then usually one token each.</param>
    /// <returns><c>[B,V]</c>, owned by the device's current scope.</returns>
    /// <exception cref="InputException">A sequence outgrows the model's positions.</exception>
    public Tensor Advance(TokenBatch tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        Device device = model.Device;
        using BufferScope scope = device.Scope();
        int[] lastRows = tokens.LastRows();
        Tensor x = NewRows(), hidden = NewRows();
        FeedForwardSlot? look = adaptor is null ? null : new FeedForwardSlot(adaptor.Layer, input =>
        {
            device.Gather(input.Value, lastRows, x);
            return null;
        });
        Variable last = model.Hidden(tokens, cache, look, h => device.Gather(h.Value, lastRows, hidden), lastRows);

        if (adaptor?.Output(x) is not { } beside) return scope.Keep(model.Logits(last).Value);
        int[] positions = [.. cache.Lengths.Take(tokens.B).Select(length => length - 1)];
        Action restore = cache.SavePositions(positions, adaptor.Layer + 1);
        Tensor logits = model.TailLogits(Add(hidden, beside), adaptor.Layer, cache, positions).Value;
        restore();
        return scope.Keep(logits);

        Tensor NewRows() => device.Allocate(tokens.B, model.Config.NEmbd);
    }
}
