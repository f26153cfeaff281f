namespace Sharpformer.Editing.Methods;

/// <summary>
/// Edits that were taught together and share one change, which the first of them holds, along with how many they are. Such a batch is in
/// force as a whole or not at all.
/// </summary>
internal static class WholeBatches
{
    /// <summary>
    /// The batches of which all edits are there and active. Edits must come with those that they were taught with; a batch that is cut in
    /// two is not whole in either half.
    /// </summary>
    /// <param name="edits">Edits of one method, in order.</param>
    /// <param name="countPart">The name of the part that says how many edits a batch has.</param>
    public static IEnumerable<IReadOnlyList<Edit>> Of(IReadOnlyList<Edit> edits, string countPart)
    {
        for (int first = 0, end; first < edits.Count; first = end)
        {
            end = first + 1;
            while (end < edits.Count && edits[end].Batch == edits[first].Batch && edits[end].Part(countPart) is null) end++;
            Edit[] batch = [.. edits.Skip(first).Take(end - first)];
            bool isWhole = batch[0].Part(countPart) is { } count && count.Values[0] == batch.Length
                && batch.All(edit => edit.Status == EditStatus.Active);
            if (isWhole) yield return batch;
        }
    }
}
