using Sharpformer.Tensors;

namespace Sharpformer.Editing;

/// <summary>Batches whose edits share one change, which is taken along as a whole or not at all.</summary>
internal static class EditBatches
{
    /// <summary>Makes sure that no batch is torn.</summary>
    /// <param name="chosen">Edits that are to be written.</param>
    /// <param name="others">Edits of the same store that are not.</param>
    /// <exception cref="InputException">One of the others is of a batch of the chosen ones.</exception>
    public static void RequireWhole(IEnumerable<Edit> chosen, IEnumerable<Edit> others)
    {
        HashSet<(string, long)> batches = [.. chosen.Where(EditorCatalog.IsOfBatch).Select(edit => (edit.Method, edit.Batch))];
        Edit? missing = others.Where(EditorCatalog.IsOfBatch).FirstOrDefault(edit => batches.Contains((edit.Method, edit.Batch)));
        if (missing is null) return;
        throw new InputException(
            $"Edit {missing.Id} is not among those to be written, and others of its batch are: method {missing.Method} made their weights "
                + "together.",
            "choose the whole batch.");
    }
}
