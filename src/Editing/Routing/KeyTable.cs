using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Routing;

/// <summary>How keys and what is read are compared.</summary>
public enum KeyMetric
{
    /// <summary>The score is the cosine of the angle between them; both come as unit vectors.</summary>
    Cosine,

    /// <summary>The score is minus their Euclidean distance.</summary>
    Distance,
}

/// <summary>A key of an edit.</summary>
/// <param name="Edit">The edit's id.</param>
/// <param name="Part">Which of its keys.</param>
/// <param name="Token">The first token that the edit wants said.</param>
/// <param name="Key">The key.</param>
/// <param name="Threshold">What the score has to exceed.</param>
public sealed record EditKey(long Edit, int Part, int Token, float[] Key, float Threshold);

/// <summary>
/// Keys of which the nearest decides: it speaks where its score exceeds its threshold, and otherwise none does. Of equally near ones the
/// older does. A value; what it computes with is made when it is first asked.
/// </summary>
public sealed class KeyTable
{
    private const int Exactly = 16; // of the nearest by matrix product so many are measured again, in float64

    private readonly Device device;
    private readonly KeyMetric metric;
    private readonly EditKey[] keys;
    private readonly float[] origin; // what distances are measured from, so that squares are not large beside them
    private readonly Lazy<Tensor> matrix; // keys less the origin, [n,W]
    private readonly Lazy<double[]> squares; // of its rows
    private readonly Lazy<HashSet<long>> edits;

    /// <summary>A table of keys.</summary>
    /// <param name="device">Where it computes.</param>
    /// <param name="metric">How they are compared.</param>
    /// <param name="keys">Any number, all of one width, the older first.</param>
    public KeyTable(Device device, KeyMetric metric, IReadOnlyList<EditKey> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        (this.device, this.metric, this.keys) = (device, metric, [.. keys]);
        origin = metric == KeyMetric.Distance && this.keys.Length > 0 ? MeanOf(this.keys) : [];
        matrix = new Lazy<Tensor>(Upload);
        squares = new Lazy<double[]>(() => [.. this.keys.Select(key => SquareOf(key.Key))]);
        edits = new Lazy<HashSet<long>>(() => [.. this.keys.Select(key => key.Edit)]);
    }

    /// <summary>The keys.</summary>
    public IReadOnlyList<EditKey> Keys => keys;

    /// <summary>Whether an edit has a key here.</summary>
    public bool Holds(long edit) => edits.Value.Contains(edit);

    /// <inheritdoc cref="IKeyedEdits.Fire"/>
    public Firing[] Fire(Tensor read, IReadOnlyList<long?>? withdrawn = null)
    {
        ArgumentNullException.ThrowIfNull(read);
        var firings = new Firing[read.Rows];
        if (keys.Length == 0) return firings;
        (float[] scores, float[] rows) = Scores(read);
        for (int r = 0; r < firings.Length; r++)
        {
            ReadOnlySpan<float> own = scores.AsSpan(r * keys.Length, keys.Length), row = Row(rows, r);
            int[] nearest = Best(own, row, 1, withdrawn?[r]);
            if (nearest.Length > 0) firings[r] = FiringOf(nearest[0], Exact(nearest[0], own, row));
        }

        return firings;
    }

    /// <inheritdoc cref="IKeyedEdits.Nearest"/>
    public IReadOnlyList<Firing> Nearest(Tensor read, int count)
    {
        ArgumentNullException.ThrowIfNull(read);
        if (keys.Length == 0) return [];
        (float[] scores, float[] rows) = Scores(read);
        return [.. Best(scores, rows, count, without: null).Select(j => FiringOf(j, Exact(j, scores, rows)))];
    }

    /// <inheritdoc cref="IKeyedEdits.Claims"/>
    public IReadOnlyList<Firing>[] Claims(Tensor read)
    {
        ArgumentNullException.ThrowIfNull(read);
        var claims = new IReadOnlyList<Firing>[read.Rows];
        if (keys.Length == 0)
        {
            Array.Fill(claims, []);
            return claims;
        }

        (float[] scores, float[] rows) = Scores(read);
        for (int r = 0; r < claims.Length; r++)
        {
            float[] own = scores[(r * keys.Length)..((r + 1) * keys.Length)], row = Row(rows, r).ToArray();
            claims[r] = [.. Enumerable.Range(0, keys.Length)
                .Where(j => own[j] > keys[j].Threshold - Slack(j, row))
                .Select(j => FiringOf(j, Exact(j, own, row)))
                .Where(firing => firing.Margin > 0).OrderByDescending(firing => firing.Score)];
        }

        return claims;
    }

    private Firing FiringOf(int j, float score) => new(
        j, keys[j].Edit, keys[j].Part, keys[j].Token, score - keys[j].Threshold, keys[j].Threshold,
        Strength: score > keys[j].Threshold ? 1 : 0, IsWithdrawn: false);

    /// <summary>The keys that come closest to a row, the nearest first and the older of equals.</summary>
    private int[] Best(ReadOnlySpan<float> scores, ReadOnlySpan<float> row, int count, long? without)
    {
        var kept = new List<(int Key, float Score)>();
        int most = Math.Max(count, Exactly);
        float worst = float.NegativeInfinity;
        for (int j = 0; j < scores.Length; j++)
        {
            if (kept.Count == most && scores[j] <= worst) continue;
            if (without is not null && keys[j].Edit == without) continue;
            kept.Add((j, scores[j]));
            if (kept.Count > most) kept.RemoveAt(Worst(kept));
            if (kept.Count == most) worst = kept[Worst(kept)].Score;
        }

        var exact = new List<(int Key, float Score)>();
        foreach ((int j, _) in kept) exact.Add((j, Exact(j, scores, row)));
        return [.. exact.OrderByDescending(one => one.Score).ThenBy(one => one.Key).Take(count).Select(one => one.Key)];

        static int Worst(List<(int Key, float Score)> of)
        {
            int at = 0;
            for (int i = 1; i < of.Count; i++)
                if (of[i].Score < of[at].Score || (of[i].Score == of[at].Score && of[i].Key > of[at].Key)) at = i;
            return at;
        }
    }

    /// <summary>
    /// The score of a key. A distance by squares and products loses what is small beside them, so it is measured again.
    /// </summary>
    private float Exact(int j, ReadOnlySpan<float> scores, ReadOnlySpan<float> row) =>
        metric == KeyMetric.Cosine ? scores[j] : -KeyDistance.Of(row, keys[j].Key);

    /// <summary>By how much a score by products may be too small.</summary>
    private float Slack(int j, ReadOnlySpan<float> row) =>
        metric == KeyMetric.Cosine ? 0 : (float)Math.Sqrt(1e-5 * (squares.Value[j] + SquareOf(row)));

    /// <summary>The score of every key at each row, about, and the rows.</summary>
    private (float[] Scores, float[] Rows) Scores(Tensor read)
    {
        using BufferScope scope = device.Scope();
        float[] rows = read.ToArray();
        if (metric == KeyMetric.Cosine) return (Products(read), rows);
        int n = keys.Length;
        float[] scores = Products(device.From(FromOrigin(rows), read.Rows, origin.Length));
        for (int r = 0; r < read.Rows; r++)
        {
            double square = SquareOf(Row(rows, r));
            for (int j = 0; j < n; j++)
                scores[(r * n) + j] = -MathF.Sqrt(MathF.Max(0, (float)(square + squares.Value[j] - (2.0 * scores[(r * n) + j]))));
        }

        return (scores, rows);

        float[] Products(Tensor of) => Ops.MatMul(of, matrix.Value, transposeY: true).Value.ToArray();
    }

    private float[] FromOrigin(float[] rows) =>
        origin.Length == 0 ? rows : [.. rows.Select((x, i) => x - origin[i % origin.Length])];

    private double SquareOf(ReadOnlySpan<float> row)
    {
        double sum = 0;
        for (int c = 0; c < row.Length; c++) sum += ((double)row[c] - origin[c]) * ((double)row[c] - origin[c]);
        return sum;
    }

    private static float[] MeanOf(EditKey[] keys)
    {
        var sum = new double[keys[0].Key.Length];
        foreach (EditKey key in keys)
            for (int c = 0; c < sum.Length; c++) sum[c] += key.Key[c];
        return [.. sum.Select(x => (float)(x / keys.Length))];
    }

    private ReadOnlySpan<float> Row(float[] rows, int r) => rows.AsSpan(r * keys[0].Key.Length, keys[0].Key.Length);

    private Tensor Upload()
    {
        int width = keys[0].Key.Length;
        Tensor all = device.AllocateUnscoped(new Shape(keys.Length, width)); // lives as long as the table
        for (int j = 0; j < keys.Length; j++) device.Upload(FromOrigin(keys[j].Key), all.Slice(j, 1));
        return all;
    }
}
