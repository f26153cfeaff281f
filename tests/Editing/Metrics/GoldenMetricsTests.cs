using System.Text.Json;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tests.Editing.Methods.IReVa;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Editing.Metrics;

/// <summary>ES, PS, NS, Score, RS and Con of whole runs, within 0.5 points of an independent program's.</summary>
public sealed class GoldenMetricsTests : IDisposable
{
    private const double Points = 0.5;
    private readonly CpuDevice device = new(threads: 1); // tests run side by side

    public void Dispose() => device.Dispose();

    public static TheoryData<string, int, bool> Runs()
    {
        var runs = new TheoryData<string, int, bool>();
        foreach (Golden golden in Load()) runs.Add(golden.Set, golden.N, golden.Retrofit);
        return runs;
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Scores_of_base_and_edited_model_are_the_golden_ones(string set, int n, bool retrofit)
    {
        Golden golden = Load().Single(g => (g.Set, g.N, g.Retrofit) == (set, n, retrofit));
        CausalLm model = CausalLm.Load(TestFiles.Model, device);
        Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model);
        IReadOnlyList<EditRecord> records = EditRecord.Load(TestFiles.Facts(set), n);
        var settings = new IReVaSettings
        {
            Layer = golden.Layer,
            Theta = golden.Theta,
            Alpha = golden.Alpha,
            Retrofit = retrofit,
            Epochs = golden.Epochs,
            LearningRate = golden.LearningRate,
            RecWeight = golden.RecWeight,
            IrrWeight = golden.IrrWeight,
            WeightDecay = golden.WeightDecay,
            Beta1 = golden.Betas[0],
            Beta2 = golden.Betas[1],
        };
        var editor = new IReVaModel(model, golden.Layer);
        TokenizedRequest[] requests = [.. records.Select(r =>
            TokenizedRequest.Of(tokenizer, r.ToRequest(golden.AnswerTrigger), model.Config.NPositions))];
        var edits = new List<Edit>();
        foreach (Edit edit in editor.TeachAll(requests, settings).SelectMany(chunk => chunk))
        {
            edits.Add(edit with { Id = edits.Count + 1 });
            editor.Keep(edits[^1]);
        }

        Assert.Equal(golden.Neurons, editor.Adaptor.Count);
        var evaluator = new Evaluator(editor.Edited, tokenizer);
        EvaluationReport report = evaluator.Evaluate(records, new Triggers(golden.AnswerTrigger, golden.LocTrigger));
        AssertScores(golden.Base, report.Base);
        AssertScores(golden.Edited, report.Edited);
        AssertPoints(golden.Edited["localityAgreement"], report.LocalityAgreement);
        WithdrawalReport withdrawal = evaluator.Withdrawal(edits, without: _ => throw new InvalidOperationException());
        AssertPoints(golden.Withdrawal["rs"], withdrawal.Rs);
        AssertPoints(golden.Withdrawal["con"], withdrawal.Con);
    }

    private static void AssertScores(Dictionary<string, double> golden, EditMetrics metrics)
    {
        AssertPoints(golden["es"], metrics.Es);
        AssertPoints(golden["ps"], metrics.Ps);
        AssertPoints(golden["ns"], metrics.Ns);
        AssertPoints(golden["score"], metrics.Score);
    }

    private static void AssertPoints(double expected, double? actual) => Assert.InRange(actual!.Value - expected, -Points, Points);

    private static List<Golden> Load() =>
        JsonSerializer.Deserialize<List<Golden>>(File.ReadAllText(TestFiles.Golden("metrics.json")), Options)!;

    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private sealed record Golden(
        string Set, int N, string AnswerTrigger, string LocTrigger, int Layer, float Theta, float Alpha, bool Retrofit, int Epochs,
        float LearningRate, float RecWeight, float IrrWeight, float WeightDecay, float[] Betas,
        Dictionary<string, double> Base, Dictionary<string, double> Edited, Dictionary<string, double> Withdrawal, int Neurons);
}
