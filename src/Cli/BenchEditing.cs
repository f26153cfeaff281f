using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Cli;

/// <summary>
/// Times editing with made-up facts as long as zsRE's: on average 16 tokens of prompt, the last 4 of them the subject, and 2.7 of
/// target, drawn at random, so that no tokenizer is needed and any model folder can be measured.
/// </summary>
/// <param name="model">The base model.</param>
/// <param name="clock">How to time.</param>
/// <param name="settings">How to train.</param>
/// <param name="seed">Seeds the facts.</param>
internal sealed class BenchEditing(CausalLm model, BenchClock clock, IReVaSettings settings, ulong seed)
{
    private const int ShortestPrompt = 12, LongestPrompt = 20, ShortestSubject = 2, LongestSubject = 6;

    /// <summary>Neurons that are surely one chunk of <see cref="IReVaTeaching.Chunks"/>.</summary>
    private const int OneChunk = 128;

    private static readonly int[] TargetLengths = [1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 4, 4, 4, 5, 5];

    private readonly IReVaEditor editor = new();
    private readonly Rng rng = new Rng(seed).Fork("facts");

    /// <summary>Teaches facts to a fresh adaptor.</summary>
    /// <param name="edits">How many.</param>
    /// <param name="retrofit">Whether neurons are trained.</param>
    public BenchTeaching Teach(int edits, bool retrofit)
    {
        TokenizedRequest[] requests = Requests(edits);
        IReVaSettings asked = settings with { Retrofit = retrofit };
        BenchTime time = clock.Time(() => Taught(requests, asked));
        int neurons = requests.Sum(l => l.Tokens.Target.Length);
        return new BenchTeaching(edits, neurons, edits / time.Seconds, neurons / time.Seconds, time.CpuSeconds / neurons, time.Runs);
    }

    /// <summary>Asks three questions a record, as an evaluation does (edit, rephrasing, unrelated), beside as many edits.</summary>
    public BenchEvaluation Evaluate(int records)
    {
        TokenizedRequest[] requests = Requests(records);
        EditedModel edited = Taught(requests, settings with { Retrofit = false });
        Question[] questions = [.. requests.Concat(Requests(2 * records)).Select(l => new Question(l.Tokens))];
        var forcing = new TeacherForcing(edited);
        BenchTime time = clock.Time(() => forcing.Ask(questions, cancellation: clock.Cancellation));
        return new BenchEvaluation(records, records / time.Seconds, time.Runs);
    }

    /// <summary>The same few facts taught beside many stored neurons and beside few.</summary>
    public BenchStored Stored(int few, int many)
    {
        int count = 0;
        TokenizedRequest[] requests = [.. Requests(OneChunk).TakeWhile(l => (count += l.Tokens.Target.Length) <= OneChunk)];
        EditedModel beside = Filled(few), besideMany = Filled(many);
        BenchTime[] times = clock.Time((() => TeachOnly(beside), null), (() => TeachOnly(besideMany), null));
        return new BenchStored(
            few, many, times[0].Seconds / requests.Length, times[1].Seconds / requests.Length,
            times[1].Seconds / times[0].Seconds, times[0].Runs);

        // One chunk, and nothing of it is kept: both models stay as they are.
        void TeachOnly(EditedModel model) => editor.Teach(requests, model, settings, Context(requests));
    }

    /// <summary>The model with facts taught, chunk by chunk.</summary>
    private EditedModel Taught(TokenizedRequest[] requests, IReVaSettings asked)
    {
        TeachingContext context = Context(requests);
        var taught = new EditedModel(model);
        long id = 0;
        foreach (IReadOnlyList<TokenizedRequest> portion in editor.Batches(requests, asked, context))
        {
            context.Cancellation.ThrowIfCancellationRequested();
            taught = editor.Apply(taught, [.. editor.Teach(portion, taught, asked, context).Select(edit => edit with { Id = ++id })]);
        }

        return taught;
    }

    private TeachingContext Context(TokenizedRequest[] requests)
    {
        int end = model.Config.VocabSize - 1; // where GPT-2 has its end of text
        return new TeachingContext
        {
            BosId = end,
            EosId = end,
            Prompts = [.. requests.Select(l => l.Tokens.Prompt)],
            Cancellation = clock.Cancellation,
        };
    }

    /// <summary>Random neurons with keys as long as real ones.</summary>
    private EditedModel Filled(int neurons)
    {
        Rng random = rng.Fork("neurons");
        int C = model.Config.NEmbd;
        var made = new Neuron[neurons];
        for (int n = 0; n < neurons; n++)
        {
            float[] key = [.. Enumerable.Range(0, C).Select(_ => (float)random.NextNormal())], value = [.. key.Select(k => 0.02f * k)];
            made[n] = new Neuron(random.NextInt(model.Config.VocabSize), key, value, settings.Theta * C, []);
        }

        return new EditedModel(model) { Memories = [KeyValueAdaptor.For(model, settings.Layer).With(made, settings.Alpha, edit: 1)] };
    }

    private TokenizedRequest[] Requests(int count) => [.. Enumerable.Range(0, count).Select(i =>
    {
        int target = TargetLengths[rng.NextInt(TargetLengths.Length)];
        int prompt = ShortestPrompt + rng.NextInt(LongestPrompt - ShortestPrompt + 1);
        int room = model.Config.NPositions;
        target = Math.Min(target, room);
        prompt = Math.Min(prompt, room - target + 1);
        int[] tokens = Tokens(prompt);
        int subject = Math.Min(prompt, ShortestSubject + rng.NextInt(LongestSubject - ShortestSubject + 1));
        return new TokenizedRequest(new EditRequest($"fact {i}", "random"), new EditTokens(tokens, Tokens(target)), tokens[^subject..]);
    })];

    private int[] Tokens(int count) => [.. Enumerable.Range(0, count).Select(_ => rng.NextInt(model.Config.VocabSize))];
}

/// <summary>Teaching facts.</summary>
/// <param name="Edits">How many.</param>
/// <param name="Neurons">Their target tokens.</param>
/// <param name="EditsPerSecond">Facts.</param>
/// <param name="NeuronsPerSecond">Target tokens.</param>
/// <param name="CpuSecondsPerNeuron">Processor time over all threads.</param>
/// <param name="Runs">Runs that this is the median of.</param>
internal sealed record BenchTeaching(
    int Edits, int Neurons, double EditsPerSecond, double NeuronsPerSecond, double CpuSecondsPerNeuron, int Runs);

/// <summary>Evaluating records.</summary>
/// <param name="Records">How many, of three questions each.</param>
/// <param name="RecordsPerSecond">Records.</param>
/// <param name="Runs">Runs that this is the median of.</param>
internal sealed record BenchEvaluation(int Records, double RecordsPerSecond, int Runs);

/// <summary>Teaching beside few and beside many stored neurons.</summary>
/// <param name="Few">Stored neurons.</param>
/// <param name="Many">Stored neurons.</param>
/// <param name="SecondsPerEditBesideFew">Wall-clock time.</param>
/// <param name="SecondsPerEditBesideMany">Wall-clock time.</param>
/// <param name="Ratio">The latter to the former.</param>
/// <param name="Runs">Runs that this is the median of.</param>
internal sealed record BenchStored(
    int Few, int Many, double SecondsPerEditBesideFew, double SecondsPerEditBesideMany, double Ratio, int Runs);
