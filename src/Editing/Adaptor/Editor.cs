using Sharpformer.Tensors;
using Sharpformer.Transformer;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Editing.Adaptor;

/// <summary>
/// iReVa ("Initializing and Retrofitting Key-Value Adaptors"; equations, algorithms and sections named in this project are
/// that paper's). <see cref="Teach"/> is Algorithm 1, edit by edit: trace the base model once, then per target token bear a
/// neuron, train it and go on. <see cref="TeachAll"/> does the same to many facts at once, with the same result.
/// </summary>
/// <param name="model">The base model; never changed.</param>
/// <param name="adaptor">Where neurons go.</param>
/// <param name="traces">Where traces are kept; null keeps none.</param>
public sealed class Editor(CausalLm model, KeyValueAdaptor adaptor, TraceFolder? traces = null)
{
    /// <summary>
    /// Neurons that are trained side by side, and tokens of their prompts: enough to keep the machine busy, few enough that
    /// logits and contexts fit in memory.
    /// </summary>
    internal const int NeuronsAtOnce = 256, TokensAtOnce = 8192;

    /// <summary>The base model.</summary>
    public CausalLm Model => model;

    /// <summary>The neurons so far.</summary>
    public KeyValueAdaptor Adaptor => adaptor;

    /// <summary>Lets an edit's neurons answer from now on.</summary>
    public void Keep(Edit edit) => adaptor.Add(edit);

    /// <summary>
    /// Makes the neurons of one fact. Nothing is kept if it throws, and nothing yet if it returns:
    /// <see cref="Keep"/> adds the neurons once the edit has been stored.
    /// </summary>
    /// <param name="lesson">The fact.</param>
    /// <param name="settings">How to train; its layer must be the adaptor's.</param>
    /// <param name="outOfScope">States on which the neurons must stay silent; null leaves L_irr out.</param>
    /// <param name="cancellation">Checked before each training step.</param>
    public Edit Teach(Lesson lesson, IReVaSettings settings, OutOfScope? outOfScope = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(lesson);
        Check(settings);
        EditTokens tokens = lesson.Tokens;
        using BufferScope scope = model.Device.Scope();
        Trace trace = TraceOf([tokens.Input], [tokens.First], cancellation);

        // Earlier tokens' neurons of this same edit take part in training the later ones, but the adaptor itself
        // changes only in Keep: until then they stand in one of their own.
        var family = new KeyValueAdaptor(model.Device, adaptor.Layer, adaptor.NEmbd, adaptor.Activation);
        var neurons = new List<Neuron>();
        for (int i = 0; i < tokens.Target.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope token = model.Device.Scope();
            Tensor standardized = KeyValueAdaptor.Standardize(trace.X.Slice(i, 1));
            Neuron[] neuron = Retrofit.Born(model, standardized, [tokens.Target[i]], settings.Theta);
            if (settings.Retrofit)
            {
                Tensor constant = model.Device.Zeros(standardized.Shape);
                adaptor.AddAll(standardized, constant);
                family.AddAll(standardized, constant);
                Tensor hidden = Add(trace.Hidden.Slice(i, 1), constant).Value;
                neuron = Retrofit.Train(neuron, standardized, hidden, trace.TailOf(i), adaptor.Activation, outOfScope?.Of([0]), settings, cancellation);
            }

            neurons.AddRange(neuron);
            family.Add(neuron[0], settings.Alpha, edit: 0);
        }

        return Made(lesson, settings, neurons);
    }

    /// <summary>
    /// Makes the neurons of many facts, some hundreds at a time. Each chunk must be given to <see cref="Keep"/>, edit by
    /// edit and in order, before the next one is asked for, because its neurons take part in training the next.
    /// Whatever the size of the chunks, the edits are bit for bit those that <see cref="Teach"/> would have made one by one.
    /// </summary>
    /// <param name="lessons">The facts.</param>
    /// <param name="settings">How to train; its layer must be the adaptor's.</param>
    /// <param name="sampler">Finds the out-of-scope states; null leaves L_irr out.</param>
    /// <param name="cancellation">Checked before each training step.</param>
    /// <returns>Chunks of edits, in the order of the facts.</returns>
    public IEnumerable<IReadOnlyList<Edit>> TeachAll(
        IReadOnlyList<Lesson> lessons, IReVaSettings settings, OutOfScopeSampler? sampler = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(lessons);
        Check(settings);
        return Chunks(lessons).Select(chunk => TeachTogether(chunk, settings, sampler, cancellation));
    }

    private Edit[] TeachTogether(Lesson[] lessons, IReVaSettings settings, OutOfScopeSampler? sampler, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using BufferScope scope = model.Device.Scope();
        int[] targets = [.. lessons.SelectMany(lesson => lesson.Tokens.Target)];
        int[] factOf = [.. lessons.SelectMany((lesson, fact) => Enumerable.Repeat(fact, lesson.Tokens.Target.Length))];
        int[][] inputs = [.. lessons.Select(lesson => lesson.Tokens.Input)];
        int[] first = [.. lessons.Select(lesson => lesson.Tokens.First)];
        Trace? trace = settings.Retrofit || traces is not null ? TraceOf(inputs, first, cancellation) : null;
        Tensor standardized = KeyValueAdaptor.Standardize(trace?.X ?? Trace.Inputs(model, inputs, first, adaptor.Layer, cancellation));
        Neuron[] neurons = Retrofit.Born(model, standardized, targets, settings.Theta);
        if (settings.Retrofit)
        {
            OutOfScope? outOfScope = settings.UsesOutOfScope() ? sampler?.StatesFor(lessons, cancellation) : null;
            neurons = new RetrofitTogether(model, adaptor, settings).Train(neurons, trace!, standardized, outOfScope, factOf, cancellation);
        }

        ILookup<int, Neuron> neuronsOf = neurons.Zip(factOf).ToLookup(pair => pair.Second, pair => pair.First);
        return [.. lessons.Select((lesson, fact) => Made(lesson, settings, [.. neuronsOf[fact]]))];
    }

    private Trace TraceOf(int[][] sequences, int[] first, CancellationToken cancellation) =>
        traces?.GetOrRun(sequences, first, adaptor.Layer, cancellation) ?? Trace.Run(model, sequences, first, adaptor.Layer, cancellation);

    private static IEnumerable<Lesson[]> Chunks(IReadOnlyList<Lesson> lessons)
    {
        var chunk = new List<Lesson>();
        int neurons = 0, tokens = 0;
        foreach (Lesson lesson in lessons)
        {
            neurons += lesson.Tokens.Target.Length;
            tokens += lesson.Tokens.Target.Length * lesson.Tokens.Input.Length; // each neuron has a context of its own
            if (chunk.Count > 0 && (neurons > NeuronsAtOnce || tokens > TokensAtOnce))
            {
                yield return [.. chunk];
                chunk.Clear();
                (neurons, tokens) = (lesson.Tokens.Target.Length, lesson.Tokens.Target.Length * lesson.Tokens.Input.Length);
            }

            chunk.Add(lesson);
        }

        if (chunk.Count > 0) yield return [.. chunk];
    }

    private void Check(IReVaSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Layer != adaptor.Layer) throw new ArgumentException($"Teach: layer {settings.Layer}, the adaptor sits at {adaptor.Layer}.");
    }

    private static Edit Made(Lesson lesson, IReVaSettings settings, IReadOnlyList<Neuron> neurons) => new()
    {
        Request = lesson.Request,
        PromptTokens = lesson.Tokens.Prompt,
        TargetTokens = lesson.Tokens.Target,
        Settings = settings,
        Parts = IReVaParts.Parts(neurons),
        FinalLoss = IReVaParts.FinalLoss(neurons),
    };
}
