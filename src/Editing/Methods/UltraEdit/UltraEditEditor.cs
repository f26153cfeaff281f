using System.Diagnostics.CodeAnalysis;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.UltraEdit;

/// <summary>
/// UltraEdit (Gu et al. 2025, "UltraEdit: Training-, Subject-, and Memory-Free Lifelong Editing in Language Models"): one backward pass
/// says in which direction each edited matrix's output should move where a target token is predicted, and a ridge regression finds the
/// change that moves it there, W += (Hᵀ·H + λI)⁻¹·Hᵀ·V. It needs no subject, no statistics and no training.
/// </summary>
public sealed class UltraEditEditor : IEditor
{
    /// <inheritdoc/>
    public string Name => UltraEditSettings.Name;

    /// <inheritdoc/>
    public string Description => "A ridge regression along whitened gradients for a turn of edits: the fast one, without statistics.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.Batch;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(UltraEditSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) =>
        UltraEditSettings.For(config, variant ?? UltraEditSettings.Name);

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var how = (UltraEditSettings)settings;
        LayerChange.CheckBlocks("UltraEdit", how.Layer, how.Layers);
        return Portions.Of(requests, how.BatchSize);
    }

    /// <summary>One pass there and back, and one there for the losses; warming up is a pass over as many rows of its own.</summary>
    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        var how = (UltraEditSettings)settings;
        var model = new ModelCosts(config);
        double m = config.NInner, C = config.NEmbd, tokens = requests.Sum(request => (double)request.Tokens.Input.Length);
        double rows = requests.Sum(request => (double)request.Tokens.Target.Length);
        int first = how.Layer - how.Layers + 1, blocks = config.NLayer - first;
        double batches = Portions.Of(requests.Count, how.BatchSize).Count, perTurn = rows / batches, read = tokens + (2 * how.WarmUp);
        double atOnce = Math.Min(tokens / batches, TokenBatch.TokensAtOnce);
        return new EditorCosts(
            (int)batches,
            (1.5 * model.ThereAndBack(read, blocks, rows + how.WarmUp)) + (2 * read * first * model.Block), Math.Max(1, (int)atOnce))
        {
            HostFlops = batches * how.Layers * LayerChange.Flops(perTurn, m, C),
            Memory = model.Tape(atOnce, blocks, Math.Min(perTurn, atOnce)) + (2 * sizeof(float) * m * C)
                + (perTurn * (m + C) * how.Layers * 2 * sizeof(float)),
            Stored = (rows * how.Layers * (m + C)) + (batches * 2 * (m + C)),
        };
    }

    /// <inheritdoc/>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(context);
        if (requests.Count == 0) return [];
        var how = (UltraEditSettings)settings;
        EditTokens[] tokens = [.. requests.Select(request => request.Tokens)];
        GradientRows[][] rows = GradientRows.Of(soFar.Model, how.Matrices, tokens, wholeText: false, context.Cancellation);
        if (how.AveragesMiniBatch) rows = [.. rows.Chunk(Math.Max(1, how.MiniBatch)).SelectMany(Averaged)];
        RunningMoments moments = soFar.Carried.TryGetValue(Name, out object? known)
            ? ((RunningMoments)known).Copy()
            : WarmUp.Moments(soFar.Base, how, context);
        foreach (GradientRows[][] some in rows.Chunk(Math.Max(1, how.MiniBatch))) Enter(moments, some, how.AveragesMiniBatch);
        Edit[] edits = [.. requests.Select((request, e) => new Edit
        {
            Request = request.Request,
            PromptTokens = request.Tokens.Prompt,
            TargetTokens = request.Tokens.Target,
            Settings = how,
            Parts =
            [
                new EditPart(BatchParts.Place, [1], [e]),
                .. how.Matrices.SelectMany((matrix, m) =>
                    RidgeParts.Of(matrix.Layer, rows[e][m].Inputs, Moves(rows[e][m], moments, how))),
                .. e == 0 ? UltraEditParts.Of(moments) : [],
            ],
        })];
        double[] losses = AnswerTexts.Losses(Apply(soFar, edits).Model, how.Layer - how.Layers + 1, tokens);
        return [.. edits.Zip(losses, (edit, loss) => edit with { FinalLoss = loss })];
    }

    /// <summary>Solves every turn again for those of its edits that are active.</summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(edits);
        if (edits.Select(UltraEditParts.Moments).LastOrDefault(moments => moments is not null) is { } last)
            soFar = soFar with { Carried = soFar.Carried.SetItem(Name, last) };
        return soFar with
        {
            Model = RidgeParts.Apply(soFar.Model, edits, first => SettingsOf(first).Matrices, (first, _) => SettingsOf(first).Ridge),
        };
    }

    private static UltraEditSettings SettingsOf(Edit edit) => (UltraEditSettings)edit.Settings;

    /// <summary>The rows of a mini-batch whose loss is the mean over all of its target tokens.</summary>
    private static IEnumerable<GradientRows[]> Averaged(GradientRows[][] edits)
    {
        float tokens = edits.Sum(rows => rows[0].Inputs.Length);
        return edits.Select(rows => (GradientRows[])[.. rows.Select(one => one with
        {
            Gradients = [.. one.Gradients.Select(row => (float[])[.. row.Select(v => v / tokens)])],
        })]);
    }

    /// <summary>Has a mini-batch's rows enter the moments, matrix by matrix; all have one shape, and so share the moments.</summary>
    internal static void Enter(RunningMoments moments, GradientRows[][] edits, bool unbiased)
    {
        for (int m = 0; m < edits[0].Length; m++)
        {
            int matrix = m;
            moments.Add([.. edits.SelectMany(rows => rows[matrix].Inputs.Zip(rows[matrix].Gradients, Side))], unbiased);
        }
    }

    /// <summary>v = -η·‖ĥ‖²·ĝ of each row, ĥ and ĝ being whitened.</summary>
    internal static float[][] Moves(GradientRows rows, RunningMoments moments, UltraEditSettings settings) =>
        [.. rows.Inputs.Zip(rows.Gradients, (h, g) =>
        {
            double[] whitened = moments.Whiten(Side(h, g));
            double square = 0;
            for (int i = 0; i < h.Length; i++) square += whitened[i] * whitened[i];
            return (float[])[.. whitened.Skip(h.Length).Select(v => (float)(-settings.LearningRate * square * v))];
        })];

    private static float[] Side(float[] h, float[] g) => [.. h, .. g];
}
