using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Editing.Methods.IReVa;

/// <summary>Teaching many facts together gives, bit for bit, what teaching them one after the other gives.</summary>
public sealed class TeachAllTests : IDisposable
{
    private const string Long = ", a small town near the river in the north of the country";

    private readonly CpuDevice device = new(threads: 2);
    private readonly CausalLm model;
    private readonly Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model);

    public TeachAllTests() => model = CausalLm.Load(TestFiles.Model, device);

    public void Dispose() => device.Dispose();

    [Theory]
    [InlineData("pararel", "", 0.85f)] // templates repeat, so a tenth of the facts fire at each other's prompts
    [InlineData("zsre", " Answer:", 0.6f)] // a low threshold, so that nearly all do
    public void Together_is_one_by_one_bit_for_bit(string set, string trigger, float theta)
    {
        var settings = new IReVaSettings { Layer = 4, Theta = theta, Alpha = 0.5f, RecWeight = 0.1f, Epochs = 2 };
        TokenizedRequest[] requests = Requests(set, trigger);
        Edit[] together = Together(requests, settings, out KeyValueAdaptor all);
        Edit[] alone = OneByOne(requests, settings);
        for (int i = 0; i < requests.Length; i++) AssertSame(alone[i], together[i]);

        // The test would show nothing if no neuron had fired where a later one was trained.
        int firing = 0, first = 0;
        foreach (Edit edit in together)
        {
            using Sharpformer.Tensors.BufferScope scope = device.Scope();
            float[] born = IReVaParts.Neurons(edit)[0].Key; // the key has moved, but stays near its own prompt
            float[] contributions = all.Contributions(device.From(born, 1, born.Length)).ToArray();
            if (contributions.Take(first).Any(c => c != 0)) firing++;
            first += IReVaParts.Neurons(edit).Count;
        }

        Assert.True(firing > requests.Length / 20, $"{firing} of {requests.Length}");
    }

    [Fact]
    public void Otherwise_an_edit_does_not_depend_on_any_other()
    {
        var settings = new IReVaSettings { Layer = 4, Theta = 0.6f, Alpha = 1, RecWeight = 0.1f, Epochs = 2, AsPublished = false };
        TokenizedRequest[] requests = Requests("zsre", " Answer:");
        Edit[] together = Together(requests, settings, out _), alone = OneByOne(requests, settings);
        for (int i = 0; i < requests.Length; i++) AssertSame(alone[i], together[i]);
        var asTaught = new IReVaTeaching(model, KeyValueAdaptor.For(model, 4), settings);
        OutOfScopeSampler sampler = Sampler(requests, settings);
        foreach (int i in (int[])[0, requests.Length / 2, requests.Length - 1])
        {
            using Sharpformer.Tensors.BufferScope scope = device.Scope();
            AssertSame(together[i], asTaught.Teach(requests[i], sampler.StatesFor([requests[i]])));
        }
    }

    [Fact]
    public void Without_retrofit_too()
    {
        var settings = new IReVaSettings { Layer = 4, Retrofit = false };
        TokenizedRequest[] requests = Requests("zsre", " Answer:");
        Edit[] together = Together(requests, settings, out _), alone = OneByOne(requests, settings);
        for (int i = 0; i < requests.Length; i++) AssertSame(alone[i], together[i]);
    }

    [Fact]
    public void The_same_prompt_again_and_again_is_taught_in_order()
    {
        var settings = new IReVaSettings { Layer = 4, Theta = 0.85f, Alpha = 1, Epochs = 2, IrrWeight = 0 };
        TokenizedRequest[] requests = [.. Enumerable.Range(0, 12).Select(i =>
            Of(new EditRequest("The Legend of Zelda is developed by", $"number {i}")))];
        Edit[] together = Together(requests, settings, out _), alone = OneByOne(requests, settings);
        for (int i = 0; i < requests.Length; i++) AssertSame(alone[i], together[i]);
        Assert.NotEqual(IReVaParts.Neurons(together[0])[0].Losses, IReVaParts.Neurons(together[1])[0].Losses);
    }

    [Fact]
    public void Cancelling_ends_it_between_steps()
    {
        var settings = new IReVaSettings { Layer = 4, IrrWeight = 0 };
        using var stop = new CancellationTokenSource();
        var editor = new IReVaModel(model, 4);
        IEnumerable<IReadOnlyList<Edit>> chunks = editor.TeachAll(Requests("zsre", " Answer:"), settings, cancellation: stop.Token);
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => chunks.First());
        Assert.Throws<ArgumentException>(() => editor.TeachAll([], settings with { Layer = 2 }));
        Assert.Empty(editor.TeachAll([], settings));
    }

    /// <summary>
    /// Facts of a file, then long answers until a portion is full, and in the next one near-duplicates of its prompts and conflicting
    /// pairs: few facts, as writing the texts that each must not answer takes most of the time.
    /// </summary>
    private TokenizedRequest[] Requests(string set, string trigger)
    {
        EditRequest[] requests = [.. EditRecord.Load(TestFiles.Facts(set), 50).Select(r => r.ToRequest(trigger))];
        TokenizedRequest[] all = [.. requests
            .Concat(requests[30..48].Select(r => r with { Prompt = "So " + r.Prompt, Target = r.Target + Long }))
            .Concat(requests[..10].Select(r => r with { Target = "Nintendo" })) // the same prompt, another target
            .Concat(requests[10..20].Select(r => r with { Prompt = "Well, " + r.Prompt })) // nearly the same prompt
            .Select(Of)];
        Assert.InRange(IReVaTeaching.Chunks(all).Skip(1).Sum(chunk => chunk.Count), 20, 40);
        return all;
    }

    private TokenizedRequest Of(EditRequest request) => TokenizedRequest.Of(tokenizer, request, model.Config.NPositions);

    private Edit[] Together(TokenizedRequest[] requests, IReVaSettings settings, out KeyValueAdaptor adaptor)
    {
        var editor = new IReVaModel(model, settings.Layer);
        var edits = new List<Edit>();
        foreach (Edit edit in editor.TeachAll(requests, settings, Sampler(requests, settings)).SelectMany(chunk => chunk))
        {
            editor.Keep(edit);
            edits.Add(edit);
        }

        adaptor = editor.Adaptor;
        return [.. edits];
    }

    private Edit[] OneByOne(TokenizedRequest[] requests, IReVaSettings settings)
    {
        var editor = new IReVaModel(model, settings.Layer);
        OutOfScopeSampler sampler = Sampler(requests, settings);
        var edits = new List<Edit>();
        foreach (TokenizedRequest request in requests)
        {
            using Sharpformer.Tensors.BufferScope scope = device.Scope();
            edits.Add(editor.Teach(request, settings, settings.UsesOutOfScope() ? sampler.StatesFor([request]) : null));
            editor.Keep(edits[^1]);
        }

        return [.. edits];
    }

    private OutOfScopeSampler Sampler(TokenizedRequest[] requests, IReVaSettings settings) =>
        new(model, settings.Layer, tokenizer.BosId, tokenizer.EosId, [.. requests.Select(l => l.Tokens.Prompt)], settings.Seed);

    private static void AssertSame(Edit expected, Edit actual)
    {
        Assert.Equal(expected.TargetTokens, actual.TargetTokens);
        Assert.Equal(IReVaParts.Neurons(expected).Count, IReVaParts.Neurons(actual).Count);
        for (int i = 0; i < IReVaParts.Neurons(expected).Count; i++)
        {
            (Neuron e, Neuron a) = (IReVaParts.Neurons(expected)[i], IReVaParts.Neurons(actual)[i]);
            Assert.Equal(e.Threshold, a.Threshold);
            Assert.Equal(e.Losses, a.Losses);
            Assert.Equal(e.Key, a.Key);
            Assert.Equal(e.Value, a.Value);
        }
    }
}
