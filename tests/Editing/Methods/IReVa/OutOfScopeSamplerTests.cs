using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Editing.Methods.IReVa;

public sealed class OutOfScopeSamplerTests : IDisposable
{
    private static readonly EditRequest Zelda = new("The Legend of Zelda is developed by", "Nintendo", "The Legend of Zelda");
    private static readonly string[] Others = [.. Enumerable.Range(0, 20).Select(i => $"Prompt number {i} says"), Zelda.Prompt];
    private readonly CpuDevice device = new(threads: 1); // tests run side by side
    private readonly CausalLm model;
    private readonly Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model);

    public OutOfScopeSamplerTests() => model = CausalLm.Load(TestFiles.Model, device);

    public void Dispose() => device.Dispose();

    [Fact]
    public void There_are_two_from_nothing_two_from_the_subject_and_six_others()
    {
        IReadOnlyList<int[]> prompts = Sampler(Others, seed: 1).PromptsFor(Request(Zelda));
        int[] subject = tokenizer.Encode(Zelda.Subject!);
        Assert.Equal(10, prompts.Count);
        Assert.All(prompts.Take(2), p => Assert.True(p[0] == tokenizer.BosId && p.Length <= 1 + 10));
        Assert.All(prompts.Skip(2).Take(2), p => Assert.True(p.AsSpan().StartsWith(subject) && p.Length <= subject.Length + 10));
        Assert.Contains(prompts.Take(4), p => p.Length >= 3);
        string[] others = [.. prompts.Skip(4).Select(p => tokenizer.Decode(p))];
        Assert.Equal(6, others.Distinct().Count());
        Assert.All(others, o => Assert.Contains(o, Others[..^1]));
    }

    [Fact]
    public void They_depend_on_seed_edit_and_list_alone()
    {
        OutOfScopeSampler sampler = Sampler(Others, seed: 1);
        TokenizedRequest zelda = Request(Zelda);
        IReadOnlyList<int[]> first = sampler.PromptsFor(zelda);
        sampler.StatesFor([Request(Zelda with { Prompt = "Procopius died in" })]);
        Assert.Equal(first, sampler.PromptsFor(zelda));
        Assert.NotEqual(first, Sampler(Others, seed: 2).PromptsFor(zelda));
        Assert.NotEqual(first, sampler.PromptsFor(Request(Zelda with { Target = "Sega" })));
    }

    [Fact]
    public void The_states_are_those_of_the_prompts_bit_for_bit_whatever_else_is_asked_for()
    {
        TokenizedRequest[] requests = [.. Enumerable.Range(0, 70).Select(i =>
            Request(new EditRequest($"Prompt number {i} says", "Nintendo", i % 2 == 0 ? null : "number " + i)))];
        string[] prompts = [.. Others, .. requests.Select(l => l.Request.Prompt)];
        OutOfScopeSampler sampler = Sampler(prompts, seed: 5);
        float[][] together = States(sampler.StatesFor(requests), 69);
        float[][] alone = States(Sampler(prompts, seed: 5).StatesFor([requests[69]]), 0);
        Assert.Equal(together, alone);
        Assert.Equal(together, States(OutOfScope.Of(model, 4, sampler.PromptsFor(requests[69])), 0));
    }

    [Fact]
    public void Of_many_others_some_hundreds_are_drawn_from()
    {
        OutOfScopeSampler sampler = Sampler([.. Enumerable.Range(0, 2000).Select(i => $"number {i}")], seed: 5);
        string[] drawn = [.. Enumerable.Range(0, 100)
            .SelectMany(i => sampler.PromptsFor(Request(Zelda with { Target = $"number {i}" })).Skip(4))
            .Select(p => tokenizer.Decode(p)).Distinct()];
        Assert.InRange(drawn.Length, 200, 256);
        Assert.Contains(drawn, text => int.Parse(text["number ".Length..]) > 1000);
    }

    [Fact]
    public void Fewer_others_and_no_subject_are_fine()
    {
        Assert.Equal(4 + 2, Sampler(["one thing", "another thing", "one thing", Zelda.Prompt]).PromptsFor(Request(Zelda)).Count);
        Assert.Equal(4, Sampler([Zelda.Prompt]).PromptsFor(Request(Zelda)).Count);
        Assert.All(Sampler([]).PromptsFor(Request(Zelda with { Subject = null })), p => Assert.Equal(tokenizer.BosId, p[0]));
        (Sharpformer.Tensors.Tensor states, Sharpformer.Tensors.Tensor weights) =
            Sampler([Zelda.Prompt]).StatesFor([Request(Zelda)]).Of([0, 0]);
        Assert.Equal(20, states.Rows);
        Assert.Equal([.. Enumerable.Repeat(0.25f, 4), 0, 0, 0, 0, 0, 0], weights.ToArray()[10..]);
    }

    private static float[][] States(OutOfScope states, int fact) =>
        [.. states.Rows[fact].Select(row => states.States.Slice(row, 1).ToArray())];

    private OutOfScopeSampler Sampler(string[] others, ulong seed = 0) =>
        new(model, 4, tokenizer.BosId, tokenizer.EosId, [.. others.Select(tokenizer.Encode)], seed);

    private TokenizedRequest Request(EditRequest request) => TokenizedRequest.Of(tokenizer, request, model.Config.NPositions);
}
