using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.ScopedIReVa;

/// <summary>Every number that decides what an edit of <see cref="ScopedEditor"/> becomes; what iReVa has too is as there.</summary>
public sealed record ScopedSettings() : EditSettings(Name), INeuronSettings
{
    /// <summary>The method's name.</summary>
    public const string Name = "ireva-scoped";

    /// <summary>The names of the parts that only these edits have: x̂₀ <c>[C]</c>, and the tokens of the negatives, see
    /// <see cref="ScopedTeaching"/>.</summary>
    internal const string State = "state", NegativesPart = "negatives";

    /// <inheritdoc/>
    public required int Layer { get; init; }

    /// <summary>
    /// θ: the first token's neuron fires where a state has gone more than this share of the way from what the subject's other prompts
    /// have in common to the edit's own prompt.
    /// </summary>
    public float Theta { get; init; } = 0.35f;

    /// <summary>θ of later target tokens, a correlation as in iReVa; their texts end with what has been said.</summary>
    public float LaterTheta { get; init; } = 0.4f;

    /// <inheritdoc/>
    public float Alpha { get; init; } = 0.2f;

    /// <summary>Prompts about the subject in other edits' words that the key is told from.</summary>
    public int Negatives { get; init; } = 6;

    /// <summary>Share of the direction that is the prompt's own; the rest is what its wording has beside all wordings.</summary>
    public float OwnShare { get; init; } = 0.5f;

    /// <summary>Whether the subject is found in a text whatever its capitals.</summary>
    public bool IgnoreCase { get; init; }

    /// <summary>
    /// Whether a longer name that begins with the subject's counts as the subject: "Norfolk Island" for "Norfolk". It always does where the
    /// edit's own prompt looks like that.
    /// </summary>
    public bool LongerNames { get; init; }

    /// <summary>
    /// Whether the subject counts wherever it stands in a text. Otherwise no more sentences may have begun behind it than in the edit's own
    /// prompt and answer: "Lucian Freud died in London. Sigmund Freud died in" does not ask about Lucian.
    /// </summary>
    public bool EarlierSentences { get; init; }

    /// <inheritdoc cref="IReVaSettings.Retrofit"/>
    public bool Retrofit { get; init; } = true;

    /// <inheritdoc cref="IReVaSettings.Epochs"/>
    public int Epochs { get; init; } = 5;

    /// <inheritdoc cref="IReVaSettings.LearningRate"/>
    public float LearningRate { get; init; } = 5e-2f;

    /// <inheritdoc cref="IReVaSettings.Beta1"/>
    public float Beta1 { get; init; } = 0.9f;

    /// <inheritdoc cref="IReVaSettings.Beta2"/>
    public float Beta2 { get; init; } = 0.99f;

    /// <inheritdoc cref="IReVaSettings.Epsilon"/>
    public float Epsilon { get; init; } = 1e-8f;

    /// <inheritdoc cref="IReVaSettings.WeightDecay"/>
    public float WeightDecay { get; init; } = 0.01f;

    /// <inheritdoc cref="IReVaSettings.RecWeight"/>
    public float RecWeight { get; init; } = 1e-3f;

    /// <summary>b: weight of L_irr, which keeps the negatives and what is behind the answer below the threshold (Eq. 10, 11).</summary>
    public float IrrWeight { get; init; } = 1e-3f;

    /// <inheritdoc cref="IReVaSettings.LabelSmoothing"/>
    public float LabelSmoothing { get; init; }

    /// <summary>Seeds the choice of negatives.</summary>
    public ulong Seed { get; init; }

    bool INeuronSettings.AsPublished => false;

    /// <summary>The settings for a model: iReVa's for it, but for the threshold.</summary>
    /// <param name="config">The base model's architecture.</param>
    public static ScopedSettings For(ModelConfig config)
    {
        var plain = IReVaSettings.For(config);
        return new ScopedSettings
        {
            Layer = plain.Layer,
            Alpha = plain.Alpha,
            Retrofit = plain.Retrofit,
            LearningRate = plain.LearningRate,
        };
    }

    /// <summary>The subject or one of its other names.</summary>
    /// <inheritdoc/>
    public SubjectLock LockOf(EditRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var named = new SubjectLock(NamesOf(request), IgnoreCase) { TakesLonger = false };
        if (LongerNames || !named.IsOpen(request.Prompt)) named = named with { TakesLonger = true };
        if (EarlierSentences || SubjectTemplate.Of(request.Prompt, named) is not { } own) return named;
        return named with { SentencesBehind = SubjectLock.Sentences($"{own.Template.After} {request.Target}") };
    }

    /// <summary>The prompts that an edit was told from, as tokens; none of other methods' edits, and where parts were not read.</summary>
    public static IReadOnlyList<int[]> NegativesOf(Edit edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        if (edit.Settings is not ScopedSettings || edit.Part(NegativesPart) is not { } part) return [];
        return [.. part.Values.Chunk(part.Shape[1]).Select(row => row.Where(id => id >= 0).Select(id => (int)id).ToArray())];
    }

    /// <inheritdoc/>
    public override string? Misfit(Edit edit, int nEmbd)
    {
        ArgumentNullException.ThrowIfNull(edit);
        if (NamesOf(edit.Request).Count == 0) return "it names no subject";
        return edit.Part(NegativesPart) is { Shape: [_, _] and var shape }
            ? IReVaParts.Misfit(edit, nEmbd, (State, [nEmbd]), (NegativesPart, [.. shape]))
            : $"it has no part '{NegativesPart}' of [negatives,T]";
    }

    /// <inheritdoc cref="INeuronSettings.RequireSameBlock"/>
    public override void RequireBeside(EditSettings first, string store) => ((INeuronSettings)this).RequireSameBlock(first, store);

    /// <summary>What training goes by: iReVa's, with the same numbers.</summary>
    internal IReVaSettings Training() => new()
    {
        Layer = Layer,
        Theta = LaterTheta,
        Alpha = Alpha,
        Retrofit = Retrofit,
        Epochs = Epochs,
        LearningRate = LearningRate,
        Beta1 = Beta1,
        Beta2 = Beta2,
        Epsilon = Epsilon,
        WeightDecay = WeightDecay,
        RecWeight = RecWeight,
        IrrWeight = IrrWeight,
        LabelSmoothing = LabelSmoothing,
        Seed = Seed,
        AsPublished = false,
    };

    private static List<string> NamesOf(EditRequest request)
    {
        List<string> names = [];
        foreach (string name in (ReadOnlySpan<string>)[request.Subject ?? "", .. request.Aliases])
            if (name.Trim() is { Length: > 0 } trimmed && !names.Contains(trimmed)) names.Add(trimmed);
        return names;
    }
}
