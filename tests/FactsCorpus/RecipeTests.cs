using System.Text.Json;
using Sharpformer.FactsCorpus;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Tests.FactsCorpus;

/// <summary>The way models/README.md makes the bundled model, cut short: corpus, training by the same file, questions.</summary>
public class RecipeTests
{
    private const double Hours = 0.1;

    [SlowFact("It trains for six minutes.")]
    public void A_tenth_of_an_hour_learns_how_sentences_of_the_corpus_go_on()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        Assert.Equal(0, Run("build", "--output", folder.Path, "--model", TestFiles.Model, "--documents", "60000").Code);
        var config = TrainingConfig.Load(TestFiles.Model + ".train.json");
        using var device = new CpuDevice();
        TrainingResult result = TrainingRun.Execute(
            new TrainingJob
            {
                Config = config with { Plan = config.Plan with { Hours = Hours } },
                Text = [TextSource.File(folder.File("corpus.jsonl"))],
                Evaluation = [TextSource.File(folder.File("heldout.jsonl"))],
                Output = folder.File("model"),
                Tokenizer = TestFiles.Model,
            },
            device);
        Assert.InRange(result.EvaluationLoss!.Value, 1, 3); // ln 7,015 = 8.9 before the first step

        (int code, string output) = Run("ask", "--model", folder.File("model"), "--limit", "500", "--json");
        Assert.Equal(0, code);
        JsonElement rows = JsonDocument.Parse(output).RootElement.GetProperty("rows");
        JsonElement alone = rows.EnumerateArray().Single(row => row.GetProperty("frame").GetString() == "alone");
        Assert.InRange(alone.GetProperty("first").GetDouble(), 15, 100); // a relation's commonest objects; an untrained model says none
    }

    private static (int Code, string Output) Run(params string[] args)
    {
        using StringWriter output = new(), error = new();
        return (Program.Run(args, output, error), output.ToString());
    }
}
