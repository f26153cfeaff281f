using System.Text.Json.Nodes;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Editing.Exchange;

/// <summary>A model folder with edits in its weights, as it was written.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Files">Names of the weight files.</param>
/// <param name="Bytes">Bytes of weights, without headers.</param>
/// <param name="Edits">The active edits that are in the weights, without their parts.</param>
/// <param name="LeftOut">How many active edits of the store are not, as they were not chosen.</param>
/// <param name="Changes">The tensors that changed.</param>
public sealed record MergedModel(
    string Folder, IReadOnlyList<string> Files, long Bytes, IReadOnlyList<Edit> Edits, int LeftOut, IReadOnlyList<MergedChange> Changes)
{
    /// <summary>‖rounding‖ / ‖change‖ of all tensors together: how much of the change storing it costs.</summary>
    public double RoundingShare => Length(change => change.Rounding) / Length(change => change.Change);

    /// <summary>What rounding moved one number by at most.</summary>
    public double LargestRounding => Changes.Max(change => change.LargestRounding);

    private double Length(Func<MergedChange, double> of) => Math.Sqrt(Changes.Sum(change => of(change) * of(change)));
}

/// <summary>What became of one tensor, w of the base model; all lengths are Frobenius norms.</summary>
/// <param name="Tensor">Its name in the files.</param>
/// <param name="DType">How it is stored.</param>
/// <param name="Norm">‖w‖.</param>
/// <param name="Change">‖written − w‖.</param>
/// <param name="Rounding">‖written − meant‖: what storing it as such a type moved it by.</param>
/// <param name="LargestRounding">The largest |written − meant| of a number.</param>
public sealed record MergedChange(string Tensor, string DType, double Norm, double Change, double Rounding, double LargestRounding)
{
    /// <summary>‖written − w‖ / ‖w‖; null where w is 0.</summary>
    public double? Relative => Norm > 0 ? Change / Norm : null;

    /// <summary>As results and the file beside the weights show it.</summary>
    public JsonObject ToJson() => new()
    {
        ["name"] = Tensor,
        ["dtype"] = DType,
        ["norm"] = Norm,
        ["change"] = Change,
        ["relative"] = Relative,
        ["rounding"] = Rounding,
        ["largestRounding"] = LargestRounding,
    };
}

/// <summary>Folds edits into weights and writes the model that comes of it.</summary>
/// <param name="source">The base model's folder.</param>
/// <param name="adapter">The folder of a LoRA adapter that is merged into it; null for none.</param>
internal sealed class ModelMerge(string source, string? adapter)
{
    /// <summary>
    /// The active edits that are chosen, and what the fold takes: their methods' other ones are withdrawn, so that what is one solution is
    /// solved again without them.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="filter">Which edits; null for all.</param>
    /// <param name="at">As they were then; null is now.</param>
    /// <exception cref="InputException">There is none, or a part of a batch whose edits share a change.</exception>
    public static (IReadOnlyList<Edit> Chosen, IReadOnlyList<Edit> Folded, int LeftOut) Choose(
        EditStore store, EditFilter? filter, StoreMoment? at)
    {
        Edit[] applied = [.. store.List(withParts: true, includeRemoved: false, at).Where(edit => edit.Status.IsApplied())];
        ILookup<bool, Edit> active = applied.Where(edit => edit.Status == EditStatus.Active).ToLookup(e => filter?.Matches(e) != false);
        Edit[] chosen = [.. active[true]], others = [.. active[false]];
        if (chosen.Length == 0)
            throw new InputException($"Edit store '{store.Path}' has no such edit that is active: there is nothing to merge.");
        EditBatches.RequireWhole(chosen, others);
        HashSet<string> methods = [.. chosen.Select(edit => edit.Method)];
        HashSet<long> ids = [.. chosen.Select(edit => edit.Id)];
        return (
            chosen,
            [
                .. applied.Where(edit => methods.Contains(edit.Method))
                    .Select(edit => ids.Contains(edit.Id) ? edit : edit with { Status = EditStatus.Withdrawn }),
            ],
            others.Length);
    }

    /// <summary>Refuses edits that sit beside the model, or add neurons to it.</summary>
    /// <exception cref="InputException">There are some.</exception>
    public static void RequireInWeights(EditedModel edited, IReadOnlyList<Edit> chosen, string store)
    {
        Refuse(edit => edited.Keyed.Any(edits => edits.Holds(edit.Id)), "beside the model and cannot be in its weights");
        Refuse(edit => !EditorCatalog.Named(edit.Method).KeepsShapes, "in neurons that a model folder has no place for");

        void Refuse(Func<Edit, bool> isOutside, string where)
        {
            Edit[] outside = [.. chosen.Where(isOutside)];
            if (outside.Length == 0) return;
            string[] methods = [.. chosen.Select(edit => edit.Method).Except(outside.Select(edit => edit.Method)).Distinct()];
            throw new InputException(
                $"Edit store '{store}': {(outside.Length == 1 ? "1 edit" : $"{outside.Length} edits")} of method "
                    + $"{string.Join(", ", outside.Select(edit => edit.Method).Distinct())} "
                    + $"{(outside.Length == 1 ? "sits" : "sit")} {where}.",
                methods.Length > 0
                    ? $"--where method={methods[0]} chooses those that can."
                    : "--adaptor writes neurons of method ireva for other programs; methods like rome and memit change weights.");
        }
    }

    /// <summary>Writes the folder: complete or not at all.</summary>
    /// <param name="folder">The folder to write; must not exist.</param>
    /// <param name="edited">The model with the edits in its weights.</param>
    /// <param name="chosen">The edits.</param>
    /// <param name="leftOut">How many active ones are not among them.</param>
    /// <param name="origin">What else the note says.</param>
    /// <param name="dtype">How weights are stored; null for as they were.</param>
    /// <param name="progress">Told how many bytes of how many are written.</param>
    /// <param name="cancellation">Stops; nothing is left behind.</param>
    /// <exception cref="InputException">It is there, cannot be written, or a number is beyond the type.</exception>
    public MergedModel Write(
        string folder, EditedModel edited, IReadOnlyList<Edit> chosen, int leftOut, MergedOrigin origin, DType? dtype,
        Action<long, long>? progress, CancellationToken cancellation)
    {
        var replaced = ReplacedWeights.Of(edited.Base, edited.Model);
        IReadOnlyList<MergedChange> changes = [];
        CheckpointConverter.Report written = CheckpointConverter.ConvertReplaced(
            source, folder, replaced, dtype, adapter,
            temporary =>
            {
                changes = Changes(temporary, replaced, dtype, cancellation);
                MergedNote.Write(temporary, origin, chosen, leftOut, changes);
            },
            progress, cancellation);
        Edit[] told = [.. chosen.Select(edit => edit with { Parts = [] })];
        return new MergedModel(folder, written.Files, written.Bytes, told, leftOut, changes);
    }

    /// <summary>Compares what was written with the base model, and with what was meant.</summary>
    private MergedChange[] Changes(string written, ReplacedWeights replaced, DType? dtype, CancellationToken cancellation)
    {
        IReadOnlyList<ComparedWeight> changed = Differing(null);
        Dictionary<string, ComparedWeight> rounded = Differing(replaced).ToDictionary(weight => weight.Name);
        MergedChange[] changes =
        [
            .. changed.Select(weight => new MergedChange(
                weight.StoredName, weight.DType, weight.Norm, weight.Distance, rounded.GetValueOrDefault(weight.Name)?.Distance ?? 0,
                rounded.GetValueOrDefault(weight.Name)?.Largest ?? 0)),
        ];
        if (changes.Length > 0) return changes;
        string type = dtype?.ToString() ?? "the type that they are stored as";
        throw new InputException(
            $"Nothing was written: the edits change the weights by less than {type} can hold.", "--dtype f32 keeps them.");

        // What was not replaced was copied: of a large model it need not be read again.
        IReadOnlyList<ComparedWeight> Differing(ReplacedWeights? over) =>
            WeightComparison.Differing(source, over, written, adapter, null, cancellation, replaced.Names);
    }
}
