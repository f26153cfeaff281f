using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>
/// Finds prompts that an edit must not answer (section 9.4): two texts the model writes from nothing, two it writes from
/// the edit's subject, and six other edits' prompts. Which ones depends on the seed, the edit and the list of
/// others alone, so an interrupted run that is taken up again gives the same edits.
/// <para>
/// Texts from nothing and other prompts are drawn from a pool of some hundreds each, whose states are computed when
/// first drawn and kept: ten thousand edits would otherwise cost the model more in out-of-scope prompts than in their own.
/// </para>
/// </summary>
public sealed class OutOfScopeSampler
{
    private const int FromNothing = 2, FromSubject = 2, FromOthers = 6, ShortestText = 2, LongestText = 10;

    /// <summary>Texts from nothing, and other prompts, that are drawn from.</summary>
    private const int PoolSize = 256;

    private readonly CausalLm model;
    private readonly int layer, bosId;
    private readonly Rng seeded;
    private readonly int[][] others;
    private readonly SampledTexts writer;
    private readonly Dictionary<int, float[]> nothingStates = [], otherStates = [];

    /// <summary>Prepares the pools; computes nothing yet.</summary>
    /// <param name="model">The base model, which writes the texts.</param>
    /// <param name="layer">The edited block.</param>
    /// <param name="bosId">The token that begins a text from nothing.</param>
    /// <param name="eosId">The token that ends a text.</param>
    /// <param name="otherPrompts">Prompts of all edits at hand, in a fixed order; an edit's own is left out.</param>
    /// <param name="seed">Seeds every draw.</param>
    public OutOfScopeSampler(CausalLm model, int layer, int bosId, int eosId, IReadOnlyList<int[]> otherPrompts, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(otherPrompts);
        (this.model, this.layer, this.bosId) = (model, layer, bosId);
        seeded = new Rng(seed);
        writer = new SampledTexts(model, layer, eosId);
        int[][] candidates = [.. otherPrompts.Where(p => p.Length > 0 && p.Length <= model.Config.NPositions).DistinctBy(Name)];
        others = candidates.Length <= PoolSize
            ? candidates
            : [.. Drawn(PoolSize, candidates.Length, seeded.Fork("others")).Select(i => candidates[i])];
    }

    /// <summary>About how many tokens are written, and read besides, to find the states of some requests.</summary>
    internal static (double Written, double Read) Tokens(IReadOnlyList<TokenizedRequest> requests)
    {
        double length = (ShortestText + LongestText) / 2.0;
        // Of a pool, what is drawn at least once; each edit draws a few.
        double fromNothing = PoolSize * (1 - Math.Pow(1 - ((double)FromNothing / PoolSize), requests.Count));
        double written = requests.Sum(request => FromSubject * (length + request.Subject.Length)) + (fromNothing * length);
        return (written, requests.Take(PoolSize).Sum(request => (double)request.Tokens.Prompt.Length));
    }

    /// <summary>x̂ at the last token of each request's out-of-scope prompts; fewer than ten when there are fewer other prompts.</summary>
    /// <param name="requests">The facts.</param>
    /// <param name="cancellation">Checked between steps; what was found by then is kept.</param>
    public OutOfScope StatesFor(IReadOnlyList<TokenizedRequest> requests, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        using BufferScope scope = model.Device.Scope();
        Draw[] draws = [.. requests.Select(DrawFor)];
        Complete(nothingStates, draws.SelectMany(d => d.FromNothing), ids => Nothing(ids, cancellation));
        Complete(otherStates, draws.SelectMany(d => d.Others), ids => OtherInputs(ids, cancellation));
        Tensor ofSubjects = model.Device.Allocate(FromSubject * requests.Count, model.Config.NEmbd);
        writer.Write([.. draws.SelectMany(d => d.FromSubject)], ofSubjects, cancellation);

        // Rows: the subjects' texts, then what of the two pools is drawn from.
        float[] states = [.. ofSubjects.ToArray(), .. nothingStates.Values.SelectMany(s => s), .. otherStates.Values.SelectMany(s => s)];
        Dictionary<int, int> nothingRows = RowsOf(nothingStates, FromSubject * requests.Count);
        Dictionary<int, int> otherRows = RowsOf(otherStates, FromSubject * requests.Count + nothingStates.Count);
        int[][] rows = [.. draws.Select((draw, i) => (int[])[
            .. draw.FromNothing.Select(id => nothingRows[id]),
            .. Enumerable.Range(i * FromSubject, FromSubject),
            .. draw.Others.Select(id => otherRows[id])])];
        Tensor x = model.Device.From(states, states.Length / model.Config.NEmbd, model.Config.NEmbd);
        return new OutOfScope(scope.Keep(KeyValueAdaptor.Standardize(x)), rows, FromNothing + FromSubject + FromOthers);
    }

    /// <summary>The same prompts as tokens.</summary>
    public IReadOnlyList<int[]> PromptsFor(TokenizedRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        using BufferScope scope = model.Device.Scope();
        Draw draw = DrawFor(request);
        TextStart[] starts = [.. draw.FromNothing.Select(NothingStart), .. draw.FromSubject];
        return [.. writer.Write(starts, model.Device.Allocate(starts.Length, model.Config.NEmbd)), .. draw.Others.Select(id => others[id])];
    }

    private sealed record Draw(int[] FromNothing, TextStart[] FromSubject, int[] Others);

    private Draw DrawFor(TokenizedRequest request)
    {
        string name = $"{Name(request.Tokens.Prompt)}\n{Name(request.Tokens.Target)}";
        Rng rng = seeded.Fork(name);
        bool isTooLong = request.Subject.Length + LongestText > model.Config.NPositions;
        int[] subject = request.Subject.Length is 0 || isTooLong ? [bosId] : request.Subject;
        int[] fromNothing = Drawn(FromNothing, PoolSize, rng);
        int own = Array.FindIndex(others, p => p.AsSpan().SequenceEqual(request.Tokens.Prompt));
        int available = others.Length - (own < 0 ? 0 : 1);
        int[] drawn = [.. Drawn(Math.Min(FromOthers, available), available, rng).Select(i => own >= 0 && i >= own ? i + 1 : i)];
        return new Draw(fromNothing, [.. Enumerable.Range(0, FromSubject).Select(i => Start(subject, seeded.Fork($"{name}\n{i}")))], drawn);
    }

    private Tensor Nothing(int[] ids, CancellationToken cancellation)
    {
        Tensor x = model.Device.Allocate(ids.Length, model.Config.NEmbd);
        writer.Write([.. ids.Select(NothingStart)], x, cancellation);
        return x;
    }

    private Tensor OtherInputs(int[] ids, CancellationToken cancellation) =>
        Trace.Inputs(model, [.. ids.Select(id => others[id])], [.. ids.Select(id => others[id].Length - 1)], layer, cancellation);

    private TextStart NothingStart(int id) => Start([bosId], seeded.Fork($"nothing\n{id}"));

    private TextStart Start(int[] tokens, Rng rng)
    {
        int length = ShortestText + rng.NextInt(LongestText - ShortestText + 1);
        return new(tokens, Math.Min(length, model.Config.NPositions - tokens.Length), rng);
    }

    /// <summary>Adds the states that a pool lacks.</summary>
    private static void Complete(Dictionary<int, float[]> pool, IEnumerable<int> wanted, Func<int[], Tensor> states)
    {
        int[] missing = [.. wanted.Where(id => !pool.ContainsKey(id)).Distinct()];
        if (missing.Length == 0) return;
        Tensor x = states(missing);
        foreach ((int id, float[] state) in missing.Zip(x.ToArray().Chunk(x.Columns))) pool.Add(id, state);
    }

    private static Dictionary<int, int> RowsOf(Dictionary<int, float[]> pool, int first) =>
        pool.Keys.Select((id, i) => (id, i)).ToDictionary(pair => pair.id, pair => first + pair.i);

    /// <summary>Different numbers below <paramref name="n"/>.</summary>
    private static int[] Drawn(int count, int n, Rng rng)
    {
        var drawn = new List<int>(); // in the order of the draws
        while (drawn.Count < count)
        {
            int next = rng.NextInt(n);
            if (!drawn.Contains(next)) drawn.Add(next);
        }

        return [.. drawn];
    }

    private static string Name(int[] tokens) => string.Join(' ', tokens);
}
