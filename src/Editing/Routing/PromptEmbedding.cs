using Sharpformer.Editing.Methods;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Routing;

/// <summary>
/// What a text is about, as the base model itself sees it: the mean over its tokens of a middle block's output, less what that is for
/// unrelated texts, as a unit vector. Without the centring all texts look alike.
/// </summary>
/// <param name="Block">The block, 0-based.</param>
/// <param name="First">The first token that counts: 1 where a model keeps a state of outsize norm at the first token, else 0.</param>
/// <param name="Mean">μ: the mean for unrelated texts, <c>[C]</c>.</param>
internal sealed record PromptEmbedding(int Block, int First, float[] Mean)
{
    /// <summary>The names of an edit's parts that say how prompts are embedded.</summary>
    public const string MeanName = "mean", FirstName = "first";

    private const int Texts = 512;

    private const double OutsizeNorm = 5; // times the median

    /// <summary>The block just below the middle of a model.</summary>
    public static int BlockOf(ModelConfig config) => Math.Max(0, (config.NLayer / 2) - 1);

    /// <summary>Lets the model write some hundreds of texts from nothing and takes their mean.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="block">The block, 0-based.</param>
    /// <param name="bosId">The token that begins a text.</param>
    /// <param name="eosId">The token that ends one.</param>
    /// <param name="seed">Seeds the texts.</param>
    /// <param name="cancellation">Checked before each token.</param>
    public static PromptEmbedding Make(CausalLm model, int block, int bosId, int eosId, ulong seed, CancellationToken cancellation)
    {
        Rng seeded = new(seed);
        int[][] texts = WrittenTexts.FromNothing(
            model, Texts, WrittenTexts.Shortest, WrittenTexts.Longest, i => seeded.Fork($"unrelated\n{i}"), bosId, eosId, cancellation);
        return OfTexts(model, block, texts, cancellation);
    }

    /// <summary>The same of given texts.</summary>
    public static PromptEmbedding OfTexts(CausalLm model, int block, int[][] texts, CancellationToken cancellation)
    {
        int first = HasOutsizeFirst(model, block, texts, cancellation) ? 1 : 0;
        return new PromptEmbedding(
            block, first, PromptStates.MeanOverPrompts(model, block, Site.BlockOutput, texts, first, cancellation));
    }

    /// <summary>As an edit holds it.</summary>
    /// <exception cref="ArgumentException">The edit does not.</exception>
    public static PromptEmbedding Of(Edit edit, int block)
    {
        float[] first = Part(FirstName).Values;
        return new PromptEmbedding(block, (int)first[0], Part(MeanName).Values);

        EditPart Part(string name) => edit.Part(name)
            ?? throw new ArgumentException($"PromptEmbedding: edit {edit.Id} has no part '{name}'.");
    }

    /// <summary>Whether prompts are embedded alike.</summary>
    public bool IsSame(PromptEmbedding other) =>
        (Block, First) == (other.Block, other.First) && Mean.AsSpan().SequenceEqual(other.Mean);

    /// <summary>About how many tokens the model writes for it.</summary>
    public static double TokensToMake => Texts * WrittenTexts.Length;

    /// <summary>What keeps an edit from holding it; null where nothing does.</summary>
    public static string? Misfit(Edit edit, int nEmbd) =>
        edit.Part(MeanName) is not { Shape: [var width] } || width != nEmbd ? $"it has no part '{MeanName}' of [{nEmbd}]"
        : edit.Part(FirstName) is not { Shape: [1], Values: [0 or 1] } ? $"it has no part '{FirstName}' of [1] that is 0 or 1"
        : null;

    /// <summary>What an edit holds of it.</summary>
    public IEnumerable<EditPart> Parts() => [new(MeanName, [Mean.Length], Mean), new(FirstName, [1], [First])];

    /// <summary>The embeddings of prompts, <c>[prompts,C]</c>.</summary>
    public Tensor Embed(CausalLm model, IReadOnlyList<int[]> prompts, CancellationToken cancellation = default)
    {
        float[] states = PromptStates.Mean(model, Block, Site.BlockOutput, prompts, First, cancellation).ToArray();
        int C = Mean.Length;
        for (int p = 0; p < prompts.Count; p++)
        {
            Span<float> own = states.AsSpan(p * C, C);
            double square = 0;
            for (int c = 0; c < C; c++)
            {
                own[c] -= Mean[c];
                square += (double)own[c] * own[c];
            }

            float scale = square > 0 ? (float)(1 / Math.Sqrt(square)) : 0;
            for (int c = 0; c < C; c++) own[c] *= scale;
        }

        return model.Device.From(states, prompts.Count, C);
    }

    private static bool HasOutsizeFirst(CausalLm model, int block, int[][] texts, CancellationToken cancellation)
    {
        var firsts = new List<double>();
        var others = new List<double>();
        PromptStates.Of(model, block, Site.BlockOutput, texts, (rows, tokens) =>
        {
            float[] all = rows.ToArray();
            for (int b = 0; b < tokens.B; b++)
            {
                for (int t = 0; t < tokens.Lengths[b]; t++)
                {
                    double square = 0;
                    foreach (float x in all.AsSpan(((b * tokens.T) + t) * rows.Columns, rows.Columns)) square += (double)x * x;
                    (t == 0 ? firsts : others).Add(Math.Sqrt(square));
                }
            }

            return new float[tokens.B];
        }, cancellation);
        return others.Count > 0 && Median(firsts) > OutsizeNorm * Median(others);

        static double Median(List<double> of)
        {
            of.Sort();
            return of[of.Count / 2];
        }
    }
}
