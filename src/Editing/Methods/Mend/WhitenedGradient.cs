using System.Collections.Immutable;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Editing.Methods.Mend;

/// <summary>
/// MEND as the iReVa authors' program ran it: the trained network was not loaded, so that it was the identity, and its statistics kept
/// counting. What is left is W += η·Σ x̂·δ̂ᵀ, a step along the gradient, normalised number by number, uphill. Statistics go along with the
/// edits: each holds them as it left them.
/// </summary>
internal static class WhitenedGradient
{
    private const string Suffix = ".rows";

    /// <summary>The parts of an edit: its terms, and the statistics of all gradients so far.</summary>
    /// <param name="settings">The rate.</param>
    /// <param name="soFar">The model, which carries the statistics.</param>
    /// <param name="gradient">The edit's.</param>
    public static IReadOnlyList<EditPart> PartsOf(MendSettings settings, EditedModel soFar, EditGradient gradient)
    {
        CausalLm model = soFar.Model;
        var shapes = new MatrixShapes(settings.Matrices, model.Config);
        Dictionary<string, Tensor> statistics = shapes.All.ToDictionary(shape => shape.Statistics, shape => Known(soFar, shape));
        var changes = new List<RankTerms>();
        foreach (MatrixRows rows in gradient.Rows)
        {
            MatrixShape shape = shapes.Of(rows.Matrix).Shape;
            var of = new RowStatistics(statistics[shape.Statistics]);
            float[][] together = rows.Together();
            of.Add(together);
            Tensor normalized = of.Normalized(together, model.Device);
            changes.Add(new RankTerms(
                rows.Matrix, Scale(Columns(normalized, 0, shape.Inputs), settings.Rate), Columns(normalized, shape.Inputs, shape.Outputs)));
        }

        return
        [
            .. TermParts.Of(changes),
            .. statistics.Select(one => new EditPart(one.Key, [one.Value.Rows, one.Value.Columns], one.Value.ToArray())),
        ];
    }

    /// <summary>A model that carries the statistics as edits left them.</summary>
    public static EditedModel Carrying(EditedModel edited, IEnumerable<Edit> edits)
    {
        Edit? last = edits.LastOrDefault(edit => edit.Settings is MendSettings { IsUntrained: true });
        return last is null ? edited : edited with
        {
            Carried = edited.Carried.SetItem(MendSettings.Name, new StatisticsSoFar(
                [.. last.Parts.Where(part => part.Name.EndsWith(Suffix, StringComparison.Ordinal))])),
        };
    }

    private static Tensor Known(EditedModel soFar, MatrixShape shape)
    {
        int n = shape.Inputs + shape.Outputs;
        EditPart? known = (soFar.Carried.GetValueOrDefault(MendSettings.Name) as StatisticsSoFar)?.Parts
            .FirstOrDefault(part => part.Name == shape.Statistics);
        return known is null ? soFar.Model.Device.Zeros(new Shape(RowStatistics.Parts, n))
            : soFar.Model.Device.From(known.Values, RowStatistics.Parts, n);
    }

    private sealed record StatisticsSoFar(ImmutableArray<EditPart> Parts);
}
