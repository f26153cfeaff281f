using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Methods.ScopedIReVa;

/// <summary>
/// Makes the neurons of a portion of facts: the first one's key from its negatives, its wording and what comes behind the answer
/// (<see cref="ScopedKey"/>), later ones as in iReVa, and all trained as there. An edit's parts are iReVa's, <c>state</c>, x̂₀
/// <c>[C]</c>, and <c>negatives</c> <c>[n,T]</c>: the token ids of the prompts it was told from, -1 where one has ended.
/// </summary>
/// <param name="soFar">The model; only its base counts.</param>
/// <param name="settings">Every number.</param>
/// <param name="context">The facts at hand, and the tokenizer.</param>
internal sealed class ScopedTeaching(EditedModel soFar, ScopedSettings settings, TeachingContext context)
{
    private readonly CausalLm model = soFar.Base;

    private readonly Tokenizer tokenizer = context.TokenizerFor(soFar, ScopedSettings.Name);

    /// <summary>One edit per fact; each is, bit for bit, what it would be alone.</summary>
    public IReadOnlyList<Edit> Teach(IReadOnlyList<TokenizedRequest> requests)
    {
        CancellationToken cancellation = context.Cancellation;
        using BufferScope scope = model.Device.Scope();
        (SubjectTemplate Template, string Name)[] asked =
            [.. requests.Select(request => SubjectTemplate.Need(request.Request, settings.LockOf(request.Request)))];
        (Negatives negatives, Wordings wordings) = context.Once(() => AtHand(requests)).Parts;
        int[][][] others = [.. requests.Select((request, i) =>
            negatives.About(asked[i].Template, asked[i].Name, request.Request.Prompt, settings.Negatives))];

        int[] targets = [.. requests.SelectMany(request => request.Tokens.Target)];
        int[] factOf = [.. requests.SelectMany((request, fact) => Enumerable.Repeat(fact, request.Tokens.Target.Length))];
        int[][] inputs = [.. requests.Select(request => request.Tokens.Input)];
        int[] first = [.. requests.Select(request => request.Tokens.First)];
        Trace? trace = settings.Retrofit ? TraceOf(inputs, first, cancellation) : null;
        Tensor standardized =
            KeyValueAdaptor.Standardize(trace?.X ?? Trace.Inputs(model, inputs, first, settings.Layer, cancellation));
        OutOfScope kept = Kept(requests, others, cancellation);
        (float[] states, float[] keptStates, int C) = (standardized.ToArray(), kept.States.ToArray(), model.Config.NEmbd);

        Neuron[] neurons = Retrofit.Born(model, standardized, targets, settings.LaterTheta);
        for (int fact = 0, row = 0; fact < requests.Count; row += requests[fact++].Tokens.Target.Length)
        {
            int from = kept.Rows[fact][0], asides = others[fact].Length;
            double[] mu = ScopedKey.Mean(keptStates.AsSpan(from * C, asides * C), C);
            bool hasAfter = kept.Rows[fact].Length > asides;
            (float[] key, float threshold) = ScopedKey.Of(
                states.AsSpan(row * C, C), mu, wordings.Of(asked[fact].Template),
                hasAfter ? keptStates.AsSpan((from + asides) * C, C) : [], settings.Theta, settings.OwnShare);
            neurons[row] = neurons[row] with { Key = key, Threshold = threshold };
        }

        if (settings.Retrofit)
        {
            neurons = Retrofit.Train(
                neurons, standardized, trace!.Hidden, trace.TailOf([.. Enumerable.Range(0, neurons.Length)]), model.Config.Activation,
                settings.IrrWeight > 0 ? kept.Of(factOf) : null, settings.Training(), cancellation);
        }

        ILookup<int, Neuron> neuronsOf = neurons.Zip(factOf).ToLookup(pair => pair.Second, pair => pair.First);
        ILookup<int, float[]> statesOf = states.Chunk(C).Zip(factOf).ToLookup(pair => pair.Second, pair => pair.First);
        return [.. requests.Select((request, fact) => Made(request, [.. neuronsOf[fact]], statesOf[fact].First(), others[fact]))];
    }

    private Trace TraceOf(int[][] sequences, int[] first, CancellationToken cancellation) =>
        context.Traces?.GetOrRun(sequences, first, settings.Layer, cancellation)
            ?? Trace.Run(model, sequences, first, settings.Layer, cancellation);

    /// <summary>What holds for all portions of a run.</summary>
    private sealed record ForAll((Negatives, Wordings) Parts);

    private ForAll AtHand(IReadOnlyList<TokenizedRequest> requests)
    {
        IEnumerable<(int[] Tokens, EditRequest Fact)> facts = context.Facts.Count > 0
            ? context.Prompts.Zip(context.Facts)
            : requests.Select(request => (request.Tokens.Prompt, request.Request));
        (int[] Tokens, SubjectTemplate Template)[] prompts =
        [
            .. facts.DistinctBy(fact => fact.Tokens, TokenSequences.Comparer)
                .Where(fact => fact.Tokens.Length > 0 && fact.Tokens.Length <= model.Config.NPositions)
                .Select(fact => (fact.Tokens, Found: SubjectTemplate.Of(fact.Fact.Prompt, settings.LockOf(fact.Fact))))
                .Where(fact => fact.Found is not null).Select(fact => (fact.Tokens, fact.Found!.Value.Template)),
        ];
        return new ForAll((
            new Negatives(prompts.Select(prompt => prompt.Template), tokenizer, model.Config.NPositions, settings.Seed),
            new Wordings(model, settings.Layer, prompts, context.Cancellation)));
    }

    /// <summary>x̂ of each fact's negatives and, where there is room, behind its answer: where it must not speak.</summary>
    private OutOfScope Kept(IReadOnlyList<TokenizedRequest> requests, int[][][] others, CancellationToken cancellation)
    {
        var sequences = new List<int[]>();
        int[][] rows = new int[requests.Count][];
        for (int fact = 0; fact < rows.Length; fact++)
        {
            int from = sequences.Count;
            sequences.AddRange(others[fact]);
            int[] answered = [.. requests[fact].Tokens.Prompt, .. requests[fact].Tokens.Target];
            if (answered.Length <= model.Config.NPositions) sequences.Add(answered);
            rows[fact] = [.. Enumerable.Range(from, sequences.Count - from)];
        }

        Tensor x = Trace.Inputs(model, sequences, [.. sequences.Select(tokens => tokens.Length - 1)], settings.Layer, cancellation);
        return new OutOfScope(KeyValueAdaptor.Standardize(x), rows, settings.Negatives + 1);
    }

    private Edit Made(TokenizedRequest request, IReadOnlyList<Neuron> neurons, float[] state, int[][] negatives)
    {
        int T = negatives.Max(tokens => tokens.Length);
        float[] padded =
            [.. negatives.SelectMany(tokens => tokens.Concat(Enumerable.Repeat(-1, T - tokens.Length))).Select(id => (float)id)];
        return new Edit
        {
            Request = request.Request,
            PromptTokens = request.Tokens.Prompt,
            TargetTokens = request.Tokens.Target,
            Settings = settings,
            Parts =
            [
                .. IReVaParts.Parts(neurons), new EditPart(ScopedSettings.NegativesPart, [negatives.Length, T], padded),
                new EditPart(ScopedSettings.State, [state.Length], state),
            ],
            FinalLoss = IReVaParts.FinalLoss(neurons),
        };
    }
}
