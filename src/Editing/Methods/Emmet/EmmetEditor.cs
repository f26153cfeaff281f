using System.Diagnostics.CodeAnalysis;
using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.LinearAlgebra;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Emmet;

/// <summary>
/// EMMET (Gupta et al. 2024, "A Unified Framework for Model Editing"): a batch of associations that one matrix shall keep exactly,
/// W += R·(Kᵀ·C⁻¹·K)⁻¹·Kᵀ·C⁻¹, or but for α. With α it is MEMIT's solution for λ = α·w.
/// </summary>
public sealed class EmmetEditor : IEditor
{
    /// <summary>The method as messages call it.</summary>
    internal const string Title = "EMMET";

    /// <summary>Columns are float32: beyond this, rounding alone would be seen in the answers.</summary>
    private const double MaxCondition = 1e5;

    /// <inheritdoc/>
    public string Name => EmmetSettings.Name;

    /// <inheritdoc/>
    public string Description => "A change of one MLP's second matrix that keeps a batch of edits exactly, or nearly.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.Batch;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(EmmetSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) =>
        EmmetSettings.For(config, variant ?? EmmetSettings.Name);

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context) =>
        BatchTeaching.Batches(Title, requests, (EmmetSettings)settings, context);

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings) =>
        BatchTeaching.Costs(requests, config, (EmmetSettings)settings);

    /// <inheritdoc/>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context)
    {
        var how = (EmmetSettings)settings;
        BatchTeaching teaching = BatchTeaching.LeastSquares(Title, context);
        if (how.Ridge == 0) teaching = teaching with { Check = (columns, host) => RequireIndependent(requests, columns, host) };
        return teaching.Teach(requests, soFar, how, context);
    }

    /// <summary>Solves every batch again for those of its edits that are active.</summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits) => BatchTeaching.Apply(soFar, edits);

    /// <summary>Refuses keys that are so alike that exact answers for all of them would need a huge change.</summary>
    private static void RequireIndependent(IReadOnlyList<TokenizedRequest> requests, IReadOnlyList<EditColumn> columns, CpuDevice host)
    {
        SymmetricMatrix gram = RowProducts.SymmetricPart(
            [.. columns.Select(column => column.Key)], [.. columns.Select(column => column.Dual)], host);
        double condition;
        try
        {
            condition = Cholesky.Factor(gram, host).ConditionAtLeast();
        }
        catch (InputException) // not even positive definite
        {
            condition = double.PositiveInfinity;
        }

        if (condition <= MaxCondition) return;
        (int first, int second) = MostAlike(gram);
        throw new InputException(
            $"EMMET without slack (lambda 0) cannot teach this batch: the keys of {Quoted.Text(requests[first].Request.Prompt)} and "
                + $"{Quoted.Text(requests[second].Request.Prompt)} are too much alike "
                + FormattableString.Invariant($"(condition {condition:g2}, at most {MaxCondition:g2})."),
            "are they of one subject? Teach one of them, teach them in batches of their own, or give lambda a value above 0.");
    }

    private static (int First, int Second) MostAlike(SymmetricMatrix gram)
    {
        (int, int) most = (0, 0);
        double largest = double.NegativeInfinity;
        for (int i = 0; i < gram.Size; i++)
        {
            for (int j = 0; j < i; j++)
            {
                double cosine = Math.Abs(gram[i, j]) / Math.Sqrt(gram[i, i] * gram[j, j]);
                if (cosine > largest) (largest, most) = (cosine, (j, i));
            }
        }

        return most;
    }
}
