using Sharpformer.Editing;
using Sharpformer.Editing.Exchange;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer;

/// <content>Taking edits elsewhere.</content>
public sealed partial class Session
{
    private const int ReferenceEdits = 64, RowsBefore = 2;

    /// <summary>
    /// Writes iReVa's neurons as one safetensors file that other programs can apply; docs/adaptor-file.md describes it.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="filter">Which of the active and withdrawn edits; null for all.</param>
    /// <param name="withReference">Adds inputs, and what the adaptor must give for them.</param>
    /// <param name="cancellation">Stops; nothing is left behind then.</param>
    /// <returns>How many edits and neurons it has.</returns>
    /// <exception cref="InputException">There is none, another method made some, or the file cannot be written.</exception>
    public (int Edits, int Neurons) ExportAdaptor(
        string path, EditFilter? filter = null, bool withReference = false,
        CancellationToken cancellation = default) => Compute(() =>
    {
        Edit[] edits = [.. Store.List(withParts: true, includeRemoved: false, at)
            .Where(edit => edit.Status.IsApplied() && filter?.Matches(edit) != false)];
        if (edits.Length == 0) throw new InputException($"Edit store '{Store.Path}' has no such edit: there is no adaptor to write.");
        if (Array.Find(edits, edit => edit.Settings is not IReVaSettings) is { } other)
        {
            throw new InputException(
                $"Edit {other.Id} was made by method {other.Method}: an adaptor has neurons of method {IReVaSettings.Name} only.",
                $"choose edits of {IReVaSettings.Name} by '--where method={IReVaSettings.Name}', or teach them by it.");
        }

        AdaptorReference? reference = withReference ? ReferenceOf(edits) : null;
        int neurons = AdaptorFile.Write(
            path, VerifiedFingerprint, Model.Config.Activation, edits, Model.Config.NEmbd, reference, cancellation);
        return (edits.Length, neurons);
    });

    /// <summary>
    /// Writes a model folder with the store's edits in its weights, for use without this program, and a note of what is in it.
    /// </summary>
    /// <param name="folder">The folder; must not exist.</param>
    /// <param name="filter">Which of the active edits; null for all.</param>
    /// <param name="dtype">How weights are stored, F32, F16 or BF16; null for as the base model's are.</param>
    /// <param name="progress">Told how many bytes of how many are written.</param>
    /// <param name="cancellation">Stops; nothing is left behind then.</param>
    /// <exception cref="InputException">
    /// There is no such edit, some sit beside the model, the base model is Q8, or the folder is there or cannot be written.
    /// </exception>
    public MergedModel ExportMerged(
        string folder, EditFilter? filter = null, DType? dtype = null, Action<long, long>? progress = null,
        CancellationToken cancellation = default) => Compute(() =>
    {
        NewFolder.CheckIsNew(folder);
        RequireFloats(dtype);
        (IReadOnlyList<Edit> chosen, IReadOnlyList<Edit> folded, int leftOut) = ModelMerge.Choose(Store, filter, at);
        EditedModel merged = EditorCatalog.Apply(Unedited, folded);
        ModelMerge.RequireInWeights(merged, chosen, Store.Path);
        var origin = new MergedOrigin(
            Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(this.folder))), VerifiedFingerprint,
            ModelFingerprinter.OfAdapter(options.Adapter), Path.GetFileName(Store.Path),
            Store.Events().Where(line => at?.IsReached(line) != false).Max(line => line.Change), EditAuthor.Current.Version);
        return new ModelMerge(this.folder, options.Adapter).Write(folder, merged, chosen, leftOut, origin, dtype, progress, cancellation);
    });

    /// <summary>Rounding to int8 anew would be about as large as an edit.</summary>
    private void RequireFloats(DType? dtype)
    {
        if (dtype == DType.Q8) throw new ArgumentException("Session.ExportMerged: edits are not kept by int8.", nameof(dtype));
        if (!ModelFingerprinter.AreQ8(folder, options.Weights)) return;
        if (options.Weights == WeightForm.Q8 && !ModelFingerprinter.AreQ8(folder, WeightForm.Stored))
            throw new InputException(
                $"{folder}: its weights are rounded to int8 (q8) only as they are loaded, and a folder would have those that are not.",
                "'model convert --dtype q8' writes the model that the edits were made on: open that.");
        if (dtype is null)
            throw new InputException(
                $"{folder}: its weights are int8 (q8), which would round the edits away.", "--dtype f32 keeps them, f16 nearly so.");
    }

    /// <summary>Rows around the ends of prompts and within answers, of edits spread over all.</summary>
    private AdaptorReference ReferenceOf(Edit[] edits)
    {
        int step = Math.Max(1, edits.Length / ReferenceEdits);
        Edit[] asked = [.. edits.Where((_, i) => i % step == 0).Take(ReferenceEdits)];
        int[][] texts = [.. asked.Select(edit => new EditTokens(edit.PromptTokens, edit.TargetTokens).Input)];
        int[] from = [.. asked.Select(edit => Math.Max(0, edit.PromptTokens.Length - RowsBefore))];
        KeyValueAdaptor adaptor = IReVaEditor.AdaptorOf(EditorCatalog.Apply(Unedited, edits), IReVaSettings.Of(edits[0]).Layer);
        Tensor x = Trace.Inputs(Model, texts, from, adaptor.Layer);
        int[][] before = [.. TracedPosition.All(texts, from).Select(row => texts[row.Sequence][..(row.Position + 1)])];
        Firing[] firings = adaptor.Fire(x, RowTokens.AtEnds(before));
        int C = Model.Config.NEmbd;
        return new AdaptorReference(
            [.. x.ToArray().Chunk(C)], before, [.. adaptor.Output(firings).ToArray().Chunk(C)],
            [.. firings.Select(firing => firing.Index)]);
    }
}
