using Sharpformer.Tensors;
using Sharpformer.Transformer;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>
/// <see cref="Teach"/> is Algorithm 1, edit by edit: trace the base model once, then per target token bear a neuron, train it and go
/// on. <see cref="TeachTogether"/> does the same to many requests at once, with the same result. Unless it shall be as published, a
/// neuron is trained alone, since alone it will answer: then nothing an edit becomes depends on the others.
/// </summary>
/// <param name="model">The base model; never changed.</param>
/// <param name="adaptor">The neurons that are there already; they take part in training.</param>
/// <param name="settings">How to train; the layer must be the adaptor's.</param>
/// <param name="traces">Where traces are kept; null keeps none.</param>
public sealed class IReVaTeaching(CausalLm model, KeyValueAdaptor adaptor, IReVaSettings settings, TraceFolder? traces = null)
{
    /// <summary>
    /// Neurons that are trained side by side, and tokens of their prompts: enough to keep the machine busy, few enough that
    /// logits and contexts fit in memory.
    /// </summary>
    internal const int NeuronsAtOnce = 256, TokensAtOnce = 8192;

    private readonly IReVaSettings settings = settings.Layer == adaptor.Layer
        ? settings
        : throw new ArgumentException($"Teach: layer {settings.Layer}, the adaptor sits at {adaptor.Layer}.");

    /// <summary>Makes the neurons of one edit.</summary>
    /// <param name="request">The fact.</param>
    /// <param name="outOfScope">States on which the neurons must stay silent; null leaves L_irr out.</param>
    /// <param name="cancellation">Checked before each training step.</param>
    public Edit Teach(TokenizedRequest request, OutOfScope? outOfScope = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        EditTokens tokens = request.Tokens;
        using BufferScope scope = model.Device.Scope();
        Trace trace = TraceOf([tokens.Input], [tokens.First], cancellation);

        // Earlier tokens' neurons of this same edit take part in training the later ones; until it is applied they stand in an
        // adaptor of their own.
        KeyValueAdaptor family = adaptor.Emptied();
        var neurons = new List<Neuron>();
        for (int i = 0; i < tokens.Target.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope token = model.Device.Scope();
            Tensor standardized = KeyValueAdaptor.Standardize(trace.X.Slice(i, 1));
            Neuron[] neuron = Retrofit.Born(model, standardized, [tokens.Target[i]], settings.Theta);
            if (settings.Retrofit)
            {
                Tensor hidden = trace.Hidden.Slice(i, 1);
                if (settings.AsPublished)
                {
                    Tensor constant = model.Device.Zeros(standardized.Shape);
                    adaptor.AddAll(standardized, constant);
                    family.AddAll(standardized, constant);
                    hidden = Add(hidden, constant).Value;
                }

                neuron = Retrofit.Train(
                    neuron, standardized, hidden, trace.TailOf(i), adaptor.Activation, outOfScope?.Of([0]), settings, cancellation);
            }

            neurons.AddRange(neuron);
            family = family.With(neuron, settings.Alpha, edit: 0);
        }

        return Made(request, neurons);
    }

    /// <summary>Makes the neurons of some hundred edits, bit for bit those that <see cref="Teach"/> would have made one by one.</summary>
    /// <param name="requests">The facts, one of <see cref="Chunks"/>.</param>
    /// <param name="sampler">Finds the out-of-scope states; null leaves L_irr out.</param>
    /// <param name="cancellation">Checked before each training step.</param>
    public IReadOnlyList<Edit> TeachTogether(
        IReadOnlyList<TokenizedRequest> requests, OutOfScopeSampler? sampler = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        cancellation.ThrowIfCancellationRequested();
        using BufferScope scope = model.Device.Scope();
        int[] targets = [.. requests.SelectMany(request => request.Tokens.Target)];
        int[] factOf = [.. requests.SelectMany((request, fact) => Enumerable.Repeat(fact, request.Tokens.Target.Length))];
        int[][] inputs = [.. requests.Select(request => request.Tokens.Input)];
        int[] first = [.. requests.Select(request => request.Tokens.First)];
        Trace? trace = settings.Retrofit || traces is not null ? TraceOf(inputs, first, cancellation) : null;
        Tensor standardized = KeyValueAdaptor.Standardize(trace?.X ?? Trace.Inputs(model, inputs, first, adaptor.Layer, cancellation));
        Neuron[] neurons = Retrofit.Born(model, standardized, targets, settings.Theta);
        if (settings.Retrofit)
        {
            OutOfScope? outOfScope = settings.UsesOutOfScope() ? sampler?.StatesFor(requests, cancellation) : null;
            neurons = settings.AsPublished
                ? new RetrofitTogether(model, adaptor, settings).Train(neurons, trace!, standardized, outOfScope, factOf, cancellation)
                : Retrofit.Train(
                    neurons, standardized, trace!.Hidden, trace.TailOf([.. Enumerable.Range(0, neurons.Length)]), adaptor.Activation,
                    outOfScope?.Of(factOf), settings, cancellation);
        }

        ILookup<int, Neuron> neuronsOf = neurons.Zip(factOf).ToLookup(pair => pair.Second, pair => pair.First);
        return [.. requests.Select((request, fact) => Made(request, [.. neuronsOf[fact]]))];
    }

    /// <summary>Some hundred requests at a time, or one where Algorithm 1 shall be followed literally.</summary>
    internal static IEnumerable<IReadOnlyList<TokenizedRequest>> Portions(
        IReadOnlyList<TokenizedRequest> requests, TeachingContext context) =>
        context.IsSequential ? requests.Select(request => (TokenizedRequest[])[request]) : Chunks(requests);

    /// <summary>Requests in portions for <see cref="TeachTogether"/>: each as many as fit, at least one.</summary>
    public static IEnumerable<IReadOnlyList<TokenizedRequest>> Chunks(IReadOnlyList<TokenizedRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var chunk = new List<TokenizedRequest>();
        int neurons = 0, tokens = 0;
        foreach (TokenizedRequest request in requests)
        {
            neurons += request.Tokens.Target.Length;
            tokens += request.Tokens.Target.Length * request.Tokens.Input.Length; // each neuron has a context of its own
            if (chunk.Count > 0 && (neurons > NeuronsAtOnce || tokens > TokensAtOnce))
            {
                yield return [.. chunk];
                chunk.Clear();
                (neurons, tokens) = (request.Tokens.Target.Length, request.Tokens.Target.Length * request.Tokens.Input.Length);
            }

            chunk.Add(request);
        }

        if (chunk.Count > 0) yield return [.. chunk];
    }

    private Trace TraceOf(int[][] sequences, int[] first, CancellationToken cancellation) =>
        traces?.GetOrRun(sequences, first, adaptor.Layer, cancellation) ?? Trace.Run(model, sequences, first, adaptor.Layer, cancellation);

    private Edit Made(TokenizedRequest request, IReadOnlyList<Neuron> neurons) => new()
    {
        Request = request.Request,
        PromptTokens = request.Tokens.Prompt,
        TargetTokens = request.Tokens.Target,
        Settings = settings,
        Parts = IReVaParts.Parts(neurons),
        FinalLoss = IReVaParts.FinalLoss(neurons),
    };
}
