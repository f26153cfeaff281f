using Sharpformer.Editing;
using Sharpformer.Editing.Adaptor;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Adaptor;

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
        IReadOnlyList<int[]> prompts = Sampler(Others).Prompts(Zelda, seed: 1);
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
    public void They_depend_on_seed_and_edit_alone()
    {
        OutOfScopeSampler sampler = Sampler(Others);
        IReadOnlyList<int[]> first = sampler.Prompts(Zelda, 1);
        sampler.Prompts(Zelda with { Prompt = "Procopius died in" }, 1);
        Assert.Equal(first, sampler.Prompts(Zelda, 1));
        Assert.NotEqual(first, sampler.Prompts(Zelda, 2));
        Assert.NotEqual(first, sampler.Prompts(Zelda with { Target = "Sega" }, 1));
    }

    [Fact]
    public void Fewer_others_and_no_subject_are_fine()
    {
        Assert.Equal(4 + 2, Sampler(["one thing", "another thing", "one thing", Zelda.Prompt]).Prompts(Zelda, 0).Count);
        Assert.Equal(4, Sampler([Zelda.Prompt]).Prompts(Zelda, 0).Count);
        Assert.All(Sampler([]).Prompts(Zelda with { Subject = null }, 0), p => Assert.Equal(tokenizer.BosId, p[0]));
    }

    private OutOfScopeSampler Sampler(string[] others) => new(model, tokenizer, others);
}
