using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>
/// Decoding with a cache, token by token, for a batch of sequences. Openings that act on the last position only
/// (<see cref="Reach.Last"/>) must look to later positions as if nothing had been there. So the base pass fills the cache, and where one
/// of them changes something, the last position runs once more from there for its logits, and the cache gets its unchanged keys and
/// values back. The logits equal those of full recomputation.
/// </summary>
public sealed class DecodeSession
{
    private readonly CausalLm model;
    private readonly KvCache cache;
    private readonly Opening[] lasting;
    private readonly LastPosition? last;

    /// <summary>Starts with nothing seen; the cache belongs to the device's current scope.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batch">B: number of sequences.</param>
    /// <param name="capacity">Positions per sequence.</param>
    /// <param name="openings">What sits in the blocks' openings.</param>
    public DecodeSession(CausalLm model, int batch, int capacity, IReadOnlyList<Opening>? openings = null)
        : this(model, (model ?? throw new ArgumentNullException(nameof(model))).NewCache(batch, capacity), openings)
    {
    }

    private DecodeSession(CausalLm model, KvCache cache, IReadOnlyList<Opening>? openings)
    {
        (this.model, this.cache) = (model, cache);
        lasting = [.. (openings ?? []).Where(o => o.Reach != Reach.Last)];
        last = lasting.Length == (openings?.Count ?? 0) ? null : new LastPosition(model, cache, openings!);
    }

    /// <summary>
    /// A session that goes on from what sequences of others have seen; one may be named often, and those sessions are left as they
    /// are.
    /// </summary>
    /// <param name="sequences">B sequences, each with the session that read it.</param>
    /// <param name="room">How many more positions there is room for.</param>
    /// <param name="openings">What sits in the blocks' openings.</param>
    public static DecodeSession GoOn(
        IReadOnlyList<(DecodeSession Session, int Sequence)> sequences, int room, IReadOnlyList<Opening>? openings = null)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        CausalLm model = sequences[0].Session.model;
        int[] lengths = [.. sequences.Select(s => s.Session.cache.Lengths[s.Sequence])];
        SequenceContext[] contexts = [.. sequences.Select((s, i) => s.Session.cache.ContextOf(s.Sequence, lengths[i]))];
        return new DecodeSession(model, KvCache.Of(model.Config, model.Device, contexts, lengths, room, firstLayer: 0), openings);
    }

    /// <summary>Takes new tokens of the sequences and gives the logits after the last of each.</summary>
    /// <param name="tokens">The first B sequences, those after them being over; whole prompts at first, then usually one token
    /// each.</param>
    /// <returns><c>[B,V]</c>, owned by the device's current scope.</returns>
    /// <exception cref="InputException">A sequence outgrows the model's positions.</exception>
    public Tensor Advance(TokenBatch tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        using BufferScope scope = model.Device.Scope();
        IReadOnlyList<Opening> openings = last is null ? lasting : [.. lasting, .. last.Watch(tokens.B)];
        Variable hidden = model.Hidden(tokens, cache, openings, tokens.LastRows());
        return scope.Keep(last?.Logits(tokens) ?? model.Logits(hidden).Value);
    }
}
