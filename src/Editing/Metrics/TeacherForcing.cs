using Sharpformer.Editing.Adaptor;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Metrics;

/// <summary>
/// Asks questions of the base and the edited model together: one base pass per question, and the tail again only
/// for positions where a neuron answers. An answer does not depend on which questions stand beside it.
/// </summary>
/// <param name="model">The base model.</param>
/// <param name="adaptor">The edits.</param>
/// <param name="traces">Where traces are kept; null keeps none.</param>
public sealed class TeacherForcing(CausalLm model, KeyValueAdaptor adaptor, TraceFolder? traces = null)
{
    private const int QuestionsAtOnce = 128;

    /// <summary>The answers, in the order of the questions.</summary>
    /// <param name="questions">Any number.</param>
    /// <param name="progress">Told how many are done.</param>
    /// <param name="cancellation">Checked between batches of questions.</param>
    public IReadOnlyList<Answer> Ask(IReadOnlyList<Question> questions, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(questions);
        var answers = new Answer[questions.Count];
        int done = 0;

        // By length, because a chunk of similar ones goes through the model as one batch with little padding.
        foreach (int[] chunk in Enumerable.Range(0, answers.Length).OrderBy(i => questions[i].Tokens.Input.Length).Chunk(QuestionsAtOnce))
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope scope = model.Device.Scope();
            foreach ((int i, Answer answer) in chunk.Zip(AskChunk([.. chunk.Select(i => questions[i])], cancellation))) answers[i] = answer;
            progress?.Invoke(done += chunk.Length);
        }

        return answers;
    }

    private Answer[] AskChunk(Question[] questions, CancellationToken cancellation)
    {
        int[][] inputs = [.. questions.Select(q => q.Tokens.Input)];
        int[] first = [.. questions.Select(q => q.Tokens.First)];
        Trace trace = traces?.GetOrRun(inputs, first, adaptor.Layer, cancellation) ?? Trace.Run(model, inputs, first, adaptor.Layer, cancellation);
        AdaptorResponse response = adaptor.Respond(trace.X);
        int[] basePredictions = model.Device.ArgMax(trace.BaseLogits());
        int[] edited = Predictions(trace, response, basePredictions);

        // A withdrawn neuron still competes but adds nothing: where a question's own edit wins, the base model answers.
        int[] withdrawn = [.. edited.Select((prediction, r) =>
            adaptor.AnsweringEdit(response, r) is { } edit && edit == questions[trace.Positions[r].Sequence].Edit ? basePredictions[r] : prediction)];

        int row = 0;
        return [.. questions.Select(question =>
        {
            Range rows = row..(row += question.Tokens.Target.Length);
            return new Answer(question.Tokens.Target, basePredictions[rows], edited[rows], withdrawn[rows]);
        })];
    }

    /// <summary>The base model's prediction, and the tail's where a neuron answers.</summary>
    private int[] Predictions(Trace trace, AdaptorResponse response, int[] basePredictions)
    {
        int[] predictions = [.. basePredictions];
        int[] rows = response.AnsweredRows();
        if (rows.Length == 0) return predictions;

        using BufferScope scope = model.Device.Scope();
        int[] edited = model.Device.ArgMax(EditedTail.Logits(trace, rows, adaptor, response.Of(rows)).Value);
        for (int i = 0; i < rows.Length; i++) predictions[rows[i]] = edited[i];
        return predictions;
    }
}
