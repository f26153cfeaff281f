using Sharpformer.Tensors;
using Sharpformer.Transformer;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Editing.Adaptor;

/// <summary>
/// iReVa ("Initializing and Retrofitting Key-Value Adaptors"; equations, algorithms and sections named in this project are
/// that paper's), edit by edit (Algorithm 1): trace the base model once, then per target token bear a neuron, train it, add
/// it to the adaptor and go on. This is the reference path; anything faster has to give the same result.
/// </summary>
/// <param name="model">The base model; never changed.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="adaptor">Where neurons go.</param>
public sealed class Editor(CausalLm model, Tokenizer tokenizer, KeyValueAdaptor adaptor)
{
    /// <summary>The base model.</summary>
    public CausalLm Model => model;

    /// <summary>The neurons so far.</summary>
    public KeyValueAdaptor Adaptor => adaptor;

    /// <summary>
    /// Makes the neurons of one fact. Nothing is kept if it throws, and nothing yet if it returns:
    /// <see cref="Keep"/> adds the neurons once the edit has been stored.
    /// </summary>
    /// <param name="request">The fact.</param>
    /// <param name="settings">How to train; its layer must be the adaptor's.</param>
    /// <param name="outOfScope">Token sequences on which the neurons must stay silent; empty leaves L_irr out.</param>
    /// <param name="cancellation">Checked before each training step.</param>
    /// <exception cref="InputException">The request is empty or too long.</exception>
    public Edit Teach(EditRequest request, EditSettings settings, IReadOnlyList<int[]> outOfScope, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(outOfScope);
        if (settings.Layer != adaptor.Layer) throw new ArgumentException($"Teach: layer {settings.Layer}, the adaptor sits at {adaptor.Layer}.");
        EditTokens tokens = EditTokens.Of(tokenizer, request.Prompt, request.Target, model.Config.NPositions);

        using BufferScope scope = model.Device.Scope();
        Trace trace = Trace.Run(model, [tokens.Input], [tokens.First], adaptor.Layer);
        Tensor? silent = outOfScope.Count == 0 || !settings.Retrofit || settings.IrrWeight == 0 ? null : LastStates(outOfScope);

        // Earlier tokens' neurons of this same edit take part in training the later ones, but the adaptor itself
        // changes only in Keep: until then they stand in one of their own.
        var family = new KeyValueAdaptor(model.Device, adaptor.Layer, adaptor.NEmbd);
        var neurons = new List<Neuron>();
        for (int i = 0; i < tokens.Target.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope token = model.Device.Scope();
            Tensor standardized = KeyValueAdaptor.Standardize(trace.X.Slice(i, 1));
            Neuron neuron = Retrofit.Born(model, standardized, tokens.Target[i], settings.Theta);
            if (settings.Retrofit)
            {
                Tensor hidden = trace.Hidden.Slice(i, 1);
                foreach (KeyValueAdaptor earlier in (ReadOnlySpan<KeyValueAdaptor>)[adaptor, family])
                    if (earlier.SumOfAll(standardized) is { } sum) hidden = Add(hidden, sum).Value;
                neuron = Retrofit.Train(neuron, standardized, hidden, trace.TailOf(i), silent, settings, cancellation);
            }

            neurons.Add(neuron);
            family.Add(neuron, settings.Alpha, edit: 0);
        }

        return new Edit
        {
            Request = request,
            PromptTokens = tokens.Prompt,
            TargetTokens = tokens.Target,
            Settings = settings,
            Neurons = neurons,
        };
    }

    /// <summary>Lets an edit's neurons answer from now on.</summary>
    public void Keep(Edit edit) => adaptor.Add(edit);

    /// <summary>x̂ at the last token of each sequence, <c>[M,C]</c>.</summary>
    private Tensor LastStates(IReadOnlyList<int[]> sequences)
    {
        int[] last = [.. sequences.Select(s => s.Length - 1)];
        return KeyValueAdaptor.Standardize(Trace.Run(model, sequences, last, adaptor.Layer).X);
    }
}
