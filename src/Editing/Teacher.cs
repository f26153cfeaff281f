using Sharpformer.Editing.Adaptor;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Editing;

/// <summary>An edit as the store has it, and whether this run put it there.</summary>
/// <param name="Edit">The edit.</param>
/// <param name="IsNew">False when another process has stored the same fact meanwhile.</param>
public readonly record struct TaughtEdit(Edit Edit, bool IsNew);

/// <summary>
/// Teaches facts and stores them, chunk by chunk: a chunk is one transaction, so whatever stops the run, what was
/// stored stays whole.
/// </summary>
/// <param name="editor">Makes the edits; its adaptor already has those of the store.</param>
/// <param name="store">Where edits go; bound to the model.</param>
/// <param name="settings">How to make them.</param>
/// <param name="sampler">Finds out-of-scope states; null leaves L_irr out.</param>
public sealed class Teacher(Editor editor, EditStore store, IReVaSettings settings, OutOfScopeSampler? sampler)
{
    /// <summary>Teaches, lazily: a chunk is made and stored when it is asked for.</summary>
    /// <param name="lessons">The facts, none of them in the store.</param>
    /// <param name="oneByOne">Follows Algorithm 1 literally, each fact a chunk of its own: the same edits, slowly.</param>
    /// <param name="cancellation">Ends the run; the chunk in hand is dropped.</param>
    public IEnumerable<IReadOnlyList<TaughtEdit>> Teach(IReadOnlyList<Lesson> lessons, bool oneByOne = false, CancellationToken cancellation = default)
    {
        IEnumerable<IReadOnlyList<Edit>> chunks = oneByOne
            ? lessons.Select(lesson => (Edit[])[TeachAlone(lesson, cancellation)])
            : editor.TeachAll(lessons, settings, sampler, cancellation);
        foreach (IReadOnlyList<Edit> chunk in chunks)
        {
            IReadOnlyList<TaughtEdit> stored = store.AddOnce(chunk);
            foreach (TaughtEdit taught in stored) editor.Keep(taught.Edit);
            yield return stored;
        }
    }

    private Edit TeachAlone(Lesson lesson, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using BufferScope scope = editor.Model.Device.Scope();
        return editor.Teach(lesson, settings, settings.UsesOutOfScope() ? sampler?.StatesFor([lesson], cancellation) : null, cancellation);
    }
}
