using Sharpformer.FactsCorpus.Asking;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.FactsCorpus.Asking;

public class ExaminerTests
{
    private static readonly string[] Prompts =
    [
        "Anatole France was born in", "Where was Anatole France born? Answer:",
        "Angela Merkel worked in Berlin. Anatole France was born in",
    ];

    [Fact]
    public void An_answer_is_right_if_the_model_says_its_first_token_next_and_wholly_so_if_it_goes_on()
    {
        using var device = new CpuDevice();
        CausalLm model = CausalLm.Load(TestFiles.Model, device);
        Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model, model.Config);
        string[] said = [.. Prompts.Select(prompt => Said(prompt, 1))];
        Assert.All(said, text => Assert.StartsWith(" ", text));

        var examiner = new Examiner(model, tokenizer);
        Ask[] asks =
        [
            .. Prompts.Zip(said, (prompt, text) => new Ask(prompt, text[1..])),
            .. Prompts.Zip(said, (prompt, text) => new Ask(prompt, "no such thing", text[1..] + " and more")),
            .. Prompts.Select(prompt => new Ask(prompt, "no such thing")),
        ];
        (bool, bool) whole = (true, true), begun = (true, false), wrong = (false, false);
        Assert.Equal([whole, whole, whole, begun, begun, begun, wrong, wrong, wrong], examiner.Judge(asks));
        Assert.Equal([whole], examiner.Judge([new Ask(Prompts[0], Said(Prompts[0], 5)[1..])]));

        string Said(string prompt, int length) =>
            tokenizer.Decode([.. Generator.Generate(model, tokenizer.Encode(prompt), length, [], new SamplingOptions())]);
    }
}
