using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Routing;

/// <summary>
/// Edits that are texts: the one whose key a prompt comes nearest to, and near enough, is put before it. What an edit holds is what
/// <see cref="EmbeddedKeys"/> says, <c>text</c> <c>[T]</c>, the ids of its tokens, and where a method weighs channels <c>weights</c>
/// <c>[C]</c>.
/// </summary>
internal sealed class TextRouter : IPromptRouter
{
    /// <summary>The name of the part that says how channels of an embedding are weighed.</summary>
    public const string WeightsName = "weights";

    private const string TextName = "text";

    private readonly string method;
    private readonly float[]? weights;
    private readonly KeyMetric metric;
    private readonly (EditKey Key, int[] Text)[] entries;
    private readonly Lazy<KeyTable> table;

    private TextRouter(
        string method, PromptEmbedding embedding, float[]? weights, KeyMetric metric, (EditKey Key, int[] Text)[] entries, Device device)
    {
        (this.method, Embedding, this.weights, this.metric, this.entries) = (method, embedding, weights, metric, entries);
        table = new Lazy<KeyTable>(() => new KeyTable(device, metric, [.. entries.Select(entry => entry.Key)]));
    }

    /// <summary>How prompts are embedded.</summary>
    public PromptEmbedding Embedding { get; }

    /// <summary>The first of a method's routers in a model; null where there is none.</summary>
    public static TextRouter? In(EditedModel model, string method) =>
        model.Routers.OfType<TextRouter>().FirstOrDefault(router => router.method == method);

    /// <summary>The part that holds a text.</summary>
    /// <param name="text">The ids of its tokens.</param>
    public static EditPart PartOf(int[] text) => new(TextName, [text.Length], [.. text.Select(id => (float)id)]);

    /// <summary>Says what keeps an edit's parts from being a text's; null where nothing does.</summary>
    public static string? Misfit(Edit edit, int nEmbd)
    {
        if (edit.Part(TextName) is not { } text) return $"it has no part '{TextName}'";
        if (Array.Exists(text.Values, id => id < 0 || id != MathF.Floor(id))) return $"part '{TextName}' holds what is no token";
        return edit.Part(WeightsName) is { } weights && (weights.Shape is not [var n] || n != nEmbd)
            ? $"part '{WeightsName}' is [{string.Join(',', weights.Shape)}], expected [{nEmbd}]" : null;
    }

    /// <summary>A model with edits behind those that are there, withdrawn ones left out.</summary>
    /// <param name="soFar">The model.</param>
    /// <param name="metric">How keys are compared.</param>
    /// <param name="edits">Edits of one method.</param>
    /// <param name="keyOf">Makes the key of an edit of the numbers that it is found by.</param>
    public static EditedModel With(EditedModel soFar, KeyMetric metric, IReadOnlyList<Edit> edits, Func<Edit, float[], EditKey> keyOf)
    {
        var routers = soFar.Routers.ToList();
        var more = new List<(EditKey, int[])>();
        int at = -1; // of the router that they go behind
        foreach (Edit edit in edits.Where(edit => edit.Status == EditStatus.Active))
        {
            var embedding = PromptEmbedding.Of(edit, ((IEmbeddedSettings)edit.Settings).Layer);
            float[]? weights = edit.Part(WeightsName)?.Values;
            if (at < 0 || !((TextRouter)routers[at]).Embeds(edit.Method, embedding, weights))
            {
                Finish();
                at = routers.FindIndex(router => router is TextRouter one && one.Embeds(edit.Method, embedding, weights));
                if (at < 0)
                {
                    at = routers.Count;
                    routers.Add(new TextRouter(edit.Method, embedding, weights, metric, [], soFar.Base.Device));
                }
            }

            float[] key = edit.Part(EmbeddedKeys.KeyName)!.Values;
            more.Add((keyOf(edit, Weighed(key, weights)), [.. edit.Part(TextName)!.Values.Select(id => (int)id)]));
        }

        Finish();
        return soFar with { Routers = routers };

        void Finish()
        {
            if (more.Count == 0) return;
            var old = (TextRouter)routers[at];
            routers[at] = new TextRouter(old.method, old.Embedding, old.weights, metric, [.. old.entries, .. more], soFar.Base.Device);
            more.Clear();
        }
    }

    /// <inheritdoc/>
    public bool Holds(long edit) => table.Value.Holds(edit);

    /// <inheritdoc/>
    public Firing[] Fire(Tensor read, RowTokens tokens, IReadOnlyList<long?>? withdrawn = null) => table.Value.Fire(read, withdrawn);

    /// <inheritdoc/>
    public IReadOnlyList<Firing> Nearest(Tensor read, RowTokens tokens, int count) => table.Value.Nearest(read, count);

    /// <inheritdoc/>
    public IReadOnlyList<Firing>[] Claims(Tensor read, RowTokens tokens) => table.Value.Claims(read);

    /// <inheritdoc/>
    public Tensor Read(CausalLm model, IReadOnlyList<int[]> prompts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        Tensor embedded = Embedding.Embed(model, prompts, cancellation);
        if (weights is null) return embedded;
        int C = weights.Length;
        float[] all = embedded.ToArray();
        for (int i = 0; i < all.Length; i++) all[i] *= weights[i % C];
        return model.Device.From(all, prompts.Count, C);
    }

    /// <inheritdoc/>
    public Route Take(Route soFar, Firing firing)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        return soFar with { Prefix = entries[firing.Index].Text };
    }

    private static float[] Weighed(float[] key, float[]? weights) => weights is null ? key : [.. key.Zip(weights, (k, w) => k * w)];

    private bool Embeds(string name, PromptEmbedding embedding, float[]? weights) =>
        name == method && Embedding.IsSame(embedding) && this.weights.AsSpan().SequenceEqual(weights);
}
