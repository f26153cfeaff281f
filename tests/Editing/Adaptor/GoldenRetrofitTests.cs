using System.Text.Json;
using System.Text.Json.Serialization;
using Sharpformer.Editing;
using Sharpformer.Editing.Adaptor;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Adaptor;

/// <summary>
/// iReVa against an independent float64 program on the bundled model: keys, values and thresholds at birth and after
/// training, losses, predictions and scores. Tolerances are those of tests/golden/README.md.
/// </summary>
public sealed class GoldenRetrofitTests : IDisposable
{
    private readonly CpuDevice device = new(threads: 1); // tests run side by side
    private readonly CausalLm model;
    private readonly Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model);

    public GoldenRetrofitTests() => model = CausalLm.Load(TestFiles.Model, device);

    public void Dispose() => device.Dispose();

    [Theory]
    [InlineData("pararel")]
    [InlineData("zsre")]
    [InlineData("counterfact")]
    [InlineData("zsre multi-token")]
    public void Neurons_predictions_and_scores_are_the_golden_ones(string set)
    {
        Case golden = Load().Single(c => c.Set == set);
        Config config = golden.Config;
        EditSettings settings = new()
        {
            Layer = config.Layer,
            Theta = config.Theta,
            Alpha = config.Alpha,
            RecWeight = config.A,
            IrrWeight = config.B,
            LearningRate = config.Lr,
            Epochs = config.Epochs,
            LabelSmoothing = config.Smoothing,
            Retrofit = config.Train,
        };
        var adaptor = new KeyValueAdaptor(device, config.Layer, model.Config.NEmbd);
        var editor = new Editor(model, adaptor);
        var edits = new List<Edit>();
        int n = 0;
        for (int r = 0; r < golden.Records.Count; r++)
        {
            EditRequest request = new(golden.Records[r].Src + config.Trigger, golden.Records[r].Alt);
            int[][] outOfScope = [.. (golden.Neurons[n].AuxRecords ?? []).Select(i => tokenizer.Encode(golden.Records[i].Src + config.Trigger))];
            OutOfScope? others = outOfScope.Length == 0 ? null : OutOfScope.Of(model, config.Layer, outOfScope);
            Edit edit = editor.Teach(Lesson.Of(tokenizer, request, model.Config.NPositions), settings, others) with { Id = r + 1 };
            editor.Keep(edit);
            edits.Add(edit);
            for (int i = 0; i < edit.Neurons.Count; i++, n++)
            {
                int[] prompt = [.. edit.PromptTokens, .. edit.TargetTokens[..i]];
                Assert.Equal(golden.Neurons[n].PromptIds, prompt);
                AssertNeuron(golden.Neurons[n], edit, i, config);
            }
        }

        Assert.Equal(golden.Neurons.Count, n);
        AssertPredictions(golden, adaptor);
        AssertScores(golden, adaptor, edits);
    }

    private void AssertNeuron(GoldenNeuron golden, Edit edit, int i, Config config)
    {
        Neuron neuron = edit.Neurons[i];
        Assert.Equal(golden.TargetId, neuron.TargetToken);
        Trace trace = Trace.Run(model, [golden.PromptIds], [golden.PromptIds.Length - 1], config.Layer);
        Neuron born = Retrofit.Born(model, KeyValueAdaptor.Standardize(trace.X), [golden.TargetId], config.Theta).Single();
        AssertVector(golden.Key0First8, golden.Key0Norm, born.Key, 1e-5);
        AssertVector(golden.Value0First8, golden.Value0Norm, born.Value, 1e-5);
        Assert.InRange(neuron.Threshold / golden.Bias - 1, -1e-5, 1e-5);

        Assert.Equal(golden.Losses.Count, neuron.Losses.Count);
        EpochLoss first = neuron.Losses[0];
        Assert.InRange(first.Edit - golden.Losses[0].Edit, -1e-4 * golden.Losses[0].Edit, 1e-4 * golden.Losses[0].Edit);
        Assert.Equal(0, first.Rec); // k has not moved yet
        Assert.InRange(first.Irr - golden.Losses[0].Irr, -1e-4 * golden.Losses[0].Irr, 1e-4 * golden.Losses[0].Irr);

        // Where float32 and float64 part by more, the loss is about 0 and Adam follows rounding noise.
        if (golden.F32Drift.Key < 1e-4) AssertVector(golden.KeyFirst8, golden.KeyNorm, neuron.Key, 1e-3);
        if (golden.F32Drift.Value < 1e-4) AssertVector(golden.ValueFirst8, golden.ValueNorm, neuron.Value, 1e-3);
    }

    private void AssertPredictions(Case golden, KeyValueAdaptor adaptor)
    {
        Question[] questions = [.. golden.Predictions.Select(p => new Question(new EditTokens(p.PromptIds, [p.TargetId])))];
        IReadOnlyList<Answer> answers = new TeacherForcing(model, adaptor).Ask(questions);
        Assert.Equal(golden.Predictions.Select(p => p.Top1Before), answers.Select(a => a.Base[0]));
        Assert.Equal(golden.Predictions.Select(p => p.Top1After), answers.Select(a => a.Edited[0]));
    }

    private void AssertScores(Case golden, KeyValueAdaptor adaptor, List<Edit> edits)
    {
        var evaluator = new Evaluator(model, tokenizer, adaptor);
        EvaluationReport report = evaluator.Evaluate(golden.Records, new Triggers(golden.Config.Trigger, golden.LocTrigger));
        AssertScores(golden.ScoresBefore, report.Base, 100);
        AssertScores(golden.ScoresAfter, report.Edited, report.LocalityAgreement!.Value);
        WithdrawalReport withdrawal = evaluator.Withdrawal(edits);
        Assert.Equal(golden.Withdrawal["RS"], withdrawal.Rs!.Value, 1e-4);
        Assert.Equal(golden.Withdrawal["Con"], withdrawal.Con!.Value, 1e-4);
    }

    private static void AssertScores(Dictionary<string, double> golden, EditMetrics metrics, double agreement)
    {
        Assert.Equal(golden["ES"], metrics.Es!.Value, 1e-9);
        Assert.Equal(golden["PS"], metrics.Ps!.Value, 1e-9);
        Assert.Equal(golden["NS"], metrics.Ns!.Value, 1e-9);
        Assert.Equal(golden["Score"], metrics.Score!.Value, 1e-9);
        Assert.Equal(golden["NSkeep"], agreement, 1e-9);
    }

    private static void AssertVector(double[] first8, double norm, float[] actual, double tolerance)
    {
        double bound = tolerance * norm;
        for (int i = 0; i < first8.Length; i++) Assert.InRange(actual[i] - first8[i], -bound, bound);
        Assert.InRange(Math.Sqrt(actual.Sum(a => (double)a * a)) - norm, -bound, bound);
    }

    private static List<Case> Load() =>
        JsonSerializer.Deserialize<Document>(File.ReadAllText(TestFiles.Golden("ireva_small.json")), Options)!.Cases;

    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private sealed record Document(List<Case> Cases);

    private sealed record Case(
        string Set, Config Config, string LocTrigger, List<EditRecord> Records, List<GoldenNeuron> Neurons, List<Prediction> Predictions,
        Dictionary<string, double> ScoresBefore, Dictionary<string, double> ScoresAfter, Dictionary<string, double> Withdrawal);

    private sealed record Config(int Layer, float Theta, float Alpha, float A, float B, float Lr, int Epochs, float Smoothing, bool Train, string Trigger);

    private sealed record GoldenNeuron(
        int[] PromptIds, int TargetId, int[]? AuxRecords, double Bias,
        [property: JsonPropertyName("key0_first8")] double[] Key0First8,
        [property: JsonPropertyName("key0_norm")] double Key0Norm,
        [property: JsonPropertyName("value0_first8")] double[] Value0First8,
        [property: JsonPropertyName("value0_norm")] double Value0Norm,
        [property: JsonPropertyName("key_first8")] double[] KeyFirst8, double KeyNorm,
        [property: JsonPropertyName("value_first8")] double[] ValueFirst8, double ValueNorm,
        List<GoldenLoss> Losses,
        [property: JsonPropertyName("f32_drift")] Drift F32Drift);

    private sealed record GoldenLoss(double Edit, double Rec, double Irr);

    private sealed record Drift(double Key, double Value);

    private sealed record Prediction(
        int[] PromptIds, int TargetId,
        [property: JsonPropertyName("top1_before")] int Top1Before,
        [property: JsonPropertyName("top1_after")] int Top1After);
}
