using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>A change of one matrix as a sum of a few outer products: Δ = Σ_t left_t·right_tᵀ, which is never made for a pass.</summary>
/// <param name="Matrix">The matrix.</param>
/// <param name="Left"><c>[terms,in]</c>.</param>
/// <param name="Right"><c>[terms,out]</c>.</param>
internal sealed record RankTerms(MlpMatrix Matrix, Variable Left, Variable Right)
{
    /// <summary>A model whose matrices are changed, through which gradients flow to the terms.</summary>
    public static CausalLm Added(CausalLm model, IEnumerable<RankTerms> changes)
    {
        foreach (RankTerms change in changes)
        {
            model = change.Matrix.With(model, map => map with
            {
                Additions = [new LowRank(change.Left, change.Right, 1) { IsBInRows = true }],
            });
        }

        return model;
    }
}
