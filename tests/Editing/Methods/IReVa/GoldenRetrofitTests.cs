using System.Text.Json;
using System.Text.Json.Serialization;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;
using Xunit.Abstractions;

namespace Sharpformer.Tests.Editing.Methods.IReVa;

/// <summary>
/// iReVa against an independent float64 program on the bundled model: keys, values and thresholds at birth and after
/// training, losses, predictions and scores. Tolerances are those of tests/golden/README.md.
/// </summary>
/// <param name="output">Told the largest difference of each device.</param>
public sealed class GoldenRetrofitTests(ITestOutputHelper output) : IDisposable
{
    private readonly Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model);
    private readonly SortedDictionary<string, double> largest = [];
    private Device device = null!; // a test opens its own
    private CausalLm model = null!;

    public static TheoryData<string, string> Sets
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string device in Devices.QuickOnes)
                foreach (string set in (string[])["pararel", "zsre", "counterfact", "zsre multi-token"])
                    data.Add(device, set);
            return data;
        }
    }

    public void Dispose() => device?.Dispose();

    /// <summary>The simulation of a GPU is slow: one fact, and of its training the first steps.</summary>
    [Fact]
    public void On_a_simulated_gpu_a_neuron_is_born_and_begins_to_train_as_the_golden_one()
    {
        Open(Devices.Simulation);
        Case golden = Load().Single(c => c.Set == "pararel");
        Config config = golden.Config with { Epochs = 2 };
        GoldenNeuron neuron = golden.Neurons[0] with { Losses = golden.Neurons[0].Losses[..2], F32Drift = new Drift(1, 1) };
        var adaptor = new KeyValueAdaptor(device, config.Layer, model.Config.NEmbd, model.Config.Activation);
        Edit edit = Teach(golden, 0, neuron, config, adaptor);
        AssertNeuron(neuron, edit, 0, config);
        Assert.InRange(IReVaParts.Neurons(edit)[0].Losses[1].Edit / neuron.Losses[1].Edit, 1 - 1e-3, 1 + 1e-3);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Neurons_predictions_and_scores_are_the_golden_ones(string deviceName, string set)
    {
        Open(deviceName);
        Case golden = Load().Single(c => c.Set == set);
        Config config = golden.Config;
        var adaptor = new KeyValueAdaptor(device, config.Layer, model.Config.NEmbd, model.Config.Activation);
        var edits = new List<Edit>();
        int n = 0;
        for (int r = 0; r < golden.Edits.Count; r++)
        {
            Edit edit = Teach(golden, r, golden.Neurons[n], config, adaptor);
            adaptor = adaptor.With([edit]);
            edits.Add(edit);
            for (int i = 0; i < IReVaParts.Neurons(edit).Count; i++, n++)
            {
                int[] prompt = [.. edit.PromptTokens, .. edit.TargetTokens[..i]];
                Assert.Equal(golden.Neurons[n].PromptIds, prompt);
                AssertNeuron(golden.Neurons[n], edit, i, config);
            }
        }

        Assert.Equal(golden.Neurons.Count, n);
        AssertPredictions(golden, adaptor);
        AssertScores(golden, adaptor, edits);
        foreach ((string what, double difference) in largest) output.WriteLine($"edits | {set} | {device.Name} | {what} | {difference:e2}");
    }

    private void Open(string deviceName)
    {
        device = Devices.Create(deviceName);
        model = CausalLm.Load(TestFiles.Model, device);
    }

    private Edit Teach(Case golden, int record, GoldenNeuron neuron, Config config, KeyValueAdaptor adaptor)
    {
        IReVaSettings settings = new()
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
        EditRequest request = new(golden.Edits[record].Prompt + config.Trigger, golden.Edits[record].Target);
        int[][] outOfScope = [.. (neuron.AuxRecords ?? []).Select(i => tokenizer.Encode(golden.Edits[i].Prompt + config.Trigger))];
        OutOfScope? others = outOfScope.Length == 0 ? null : OutOfScope.Of(model, config.Layer, outOfScope);
        TokenizedRequest tokens = TokenizedRequest.Of(tokenizer, request, model.Config.NPositions);
        return new IReVaModel(model, adaptor).Teach(tokens, settings, others) with { Id = record + 1 };
    }

    private void AssertNeuron(GoldenNeuron golden, Edit edit, int i, Config config)
    {
        Neuron neuron = IReVaParts.Neurons(edit)[i];
        Assert.Equal(golden.TargetId, neuron.TargetToken);
        Trace trace = Trace.Run(model, [golden.PromptIds], [golden.PromptIds.Length - 1], config.Layer);
        Neuron born = Retrofit.Born(model, KeyValueAdaptor.Standardize(trace.X), [golden.TargetId], config.Theta).Single();
        AssertVector("key at birth", golden.Key0First8, golden.Key0Norm, born.Key, 1e-5);
        AssertVector("value at birth", golden.Value0First8, golden.Value0Norm, born.Value, 1e-5);
        Assert.InRange(neuron.Threshold / golden.Bias - 1, -1e-5, 1e-5);

        Assert.Equal(golden.Losses.Count, neuron.Losses.Count);
        EpochLoss first = neuron.Losses[0];
        Assert.InRange(first.Edit - golden.Losses[0].Edit, -1e-4 * golden.Losses[0].Edit, 1e-4 * golden.Losses[0].Edit);
        Assert.Equal(0, first.Rec); // k has not moved yet
        Assert.InRange(first.Irr - golden.Losses[0].Irr, -1e-4 * golden.Losses[0].Irr, 1e-4 * golden.Losses[0].Irr);

        // Where float32 and float64 part by more, the loss is about 0 and Adam follows rounding noise.
        if (golden.F32Drift.Key < 1e-4) AssertVector("key", golden.KeyFirst8, golden.KeyNorm, neuron.Key, 1e-3);
        if (golden.F32Drift.Value < 1e-4) AssertVector("value", golden.ValueFirst8, golden.ValueNorm, neuron.Value, 1e-3);
    }

    private void AssertPredictions(Case golden, KeyValueAdaptor adaptor)
    {
        Question[] questions = [.. golden.Predictions.Select(p => new Question(new EditTokens(p.PromptIds, [p.TargetId])))];
        IReadOnlyList<Answer> answers = new TeacherForcing(IReVaModel.Of(model, adaptor)).Ask(questions);
        Assert.Equal(golden.Predictions.Select(p => p.Top1Before), answers.Select(a => a.Base[0]));
        Assert.Equal(golden.Predictions.Select(p => p.Top1After), answers.Select(a => a.Edited[0]));
    }

    private void AssertScores(Case golden, KeyValueAdaptor adaptor, List<Edit> edits)
    {
        var evaluator = new Evaluator(IReVaModel.Of(model, adaptor), tokenizer);
        EvaluationReport report = evaluator.Evaluate(golden.Edits, new Triggers(golden.Config.Trigger, golden.LocTrigger));
        AssertScores(golden.ScoresBefore, report.Base, 100);
        AssertScores(golden.ScoresAfter, report.Edited, report.LocalityAgreement!.Value);
        WithdrawalReport withdrawal = evaluator.Withdrawal(edits, without: _ => throw new InvalidOperationException());
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

    private void AssertVector(string what, double[] first8, double norm, float[] actual, double tolerance)
    {
        double length = Math.Sqrt(actual.Sum(a => (double)a * a));
        double difference = first8.Select((e, i) => Math.Abs(actual[i] - e)).Append(Math.Abs(length - norm)).Max() / norm;
        largest[what] = Math.Max(difference, largest.GetValueOrDefault(what));
        Assert.InRange(difference, 0, tolerance);
    }

    private static List<Case> Load() =>
        JsonSerializer.Deserialize<Document>(File.ReadAllText(TestFiles.Golden("ireva_small.json")), Options)!.Cases;

    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private sealed record Document(List<Case> Cases);

    private sealed record Case(
        string Set, Config Config, string LocTrigger, JsonElement Records, List<GoldenNeuron> Neurons, List<Prediction> Predictions,
        Dictionary<string, double> ScoresBefore, Dictionary<string, double> ScoresAfter, Dictionary<string, double> Withdrawal)
    {
        public IReadOnlyList<EditRecord> Edits { get; } =
            RecordFile.Over(new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(Records)), Set).Load().Sound();
    }

    private sealed record Config(
        int Layer, float Theta, float Alpha, float A, float B, float Lr, int Epochs, float Smoothing, bool Train, string Trigger);

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
