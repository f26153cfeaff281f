using System.Collections.Concurrent;
using Sharpformer.Editing.Methods.AlphaEdit;
using Sharpformer.Editing.Methods.Emmet;
using Sharpformer.Editing.Methods.FineTuning;
using Sharpformer.Editing.Methods.Grace;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Methods.KnowledgeEditor;
using Sharpformer.Editing.Methods.Lora;
using Sharpformer.Editing.Methods.Malmen;
using Sharpformer.Editing.Methods.Melo;
using Sharpformer.Editing.Methods.Memit;
using Sharpformer.Editing.Methods.Memoir;
using Sharpformer.Editing.Methods.Mend;
using Sharpformer.Editing.Methods.Pmet;
using Sharpformer.Editing.Methods.Prefix;
using Sharpformer.Editing.Methods.Retrieval;
using Sharpformer.Editing.Methods.Rome;
using Sharpformer.Editing.Methods.ScopedIReVa;
using Sharpformer.Editing.Methods.Serac;
using Sharpformer.Editing.Methods.Sola;
using Sharpformer.Editing.Methods.TPatcher;
using Sharpformer.Editing.Methods.UltraEdit;
using Sharpformer.Editing.Methods.Wise;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing;

/// <summary>The methods of editing that this program knows; each is a line here and a folder under <c>Methods/</c>.</summary>
public static class EditorCatalog
{
    private static readonly ConcurrentDictionary<string, IEditor> Editors = new(new IEditor[]
    {
        new IReVaEditor(),
        new ScopedEditor(),
        new FineTuningEditor(),
        new RomeEditor(),
        new MemitEditor(),
        new EmmetEditor(),
        new PmetEditor(),
        new AlphaEditEditor(),
        new UltraEditEditor(),
        new MendEditor(),
        new MalmenEditor(),
        new KeEditor(),
        new RetrievalEditor(),
        new SeracEditor(),
        new PrefixEditor(),
        new GraceEditor(),
        new MeloEditor(),
        new SolaEditor(),
        new LoraEditor(),
        new TPatcherEditor(),
        new MemoirEditor(),
        new WiseEditor(),
    }.ToDictionary(editor => editor.Name));

    /// <summary>The method that is used unless another is named.</summary>
    public const string Default = IReVaSettings.Name;

    /// <summary>All of them, by name.</summary>
    public static IReadOnlyList<IEditor> All => [.. Editors.Values.OrderBy(editor => editor.Name, StringComparer.Ordinal)];

    /// <summary>Adds a method that was written elsewhere; its edits can then be stored and read like all others.</summary>
    /// <exception cref="ArgumentException">There is another of its name.</exception>
    public static void Add(IEditor editor)
    {
        ArgumentNullException.ThrowIfNull(editor);
        if (!Editors.TryAdd(editor.Name, editor)) throw new ArgumentException($"EditorCatalog: there is a method {editor.Name} already.");
    }

    /// <summary>
    /// Whether the edits that were taught with this one share one change with it, so that it can neither fall silent nor be taken along
    /// alone.
    /// </summary>
    /// <exception cref="InputException">This program does not have its method.</exception>
    public static bool IsOfBatch(Edit edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        return Named(edit.Method).Reversal == Reversal.WholeBatch;
    }

    /// <summary>Whether it matters which edits this one was taught with: they share a change, or are one solution.</summary>
    /// <exception cref="InputException">This program does not have its method.</exception>
    public static bool KnowsItsBatch(Edit edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        return Named(edit.Method).Reversal is Reversal.Batch or Reversal.WholeBatch;
    }

    /// <summary>Takes a method away again: a test's.</summary>
    internal static void Remove(string name) => Editors.TryRemove(name, out _);

    /// <summary>The method of a name.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static IEditor Named(string name) => Editors.TryGetValue(name, out IEditor? editor) ? editor : throw new InputException(
        $"Editing method {Quoted.Text(name)} is unknown, this program has {string.Join(", ", All.Select(known => known.Name))}.",
        "an edit can only be used by a program that has its method.");

    /// <summary>
    /// The model with edits, whatever methods they are of: each run of one method's edits is applied on top of those before it.
    /// </summary>
    /// <param name="baseModel">The base model.</param>
    /// <param name="edits">Edits with their parts, in order of birth; all but active and withdrawn ones are passed over.</param>
    public static EditedModel Apply(CausalLm baseModel, IReadOnlyList<Edit> edits) => Apply(new EditedModel(baseModel), edits);

    /// <summary>The same on top of earlier edits.</summary>
    public static EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(edits);
        var run = new List<Edit>();
        foreach (Edit edit in edits.Where(edit => edit.Status.IsApplied()))
        {
            if (run.Count > 0 && run[0].Method != edit.Method) soFar = Applied(soFar, run);
            run.Add(edit);
        }

        return Applied(soFar, run);
    }

    private static EditedModel Applied(EditedModel soFar, List<Edit> run)
    {
        if (run.Count == 0) return soFar;
        EditedModel edited = Named(run[0].Method).Apply(soFar, run);
        run.Clear();
        return edited;
    }
}
