using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.TPatcher;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.TPatcher;

/// <summary>Patch neurons of the last MLP, on the bundled model, against float64.</summary>
public sealed class TPatcherEditorTests : MethodTests
{
    private static readonly TPatcherEditor Editor = new();

    private static readonly TPatcherSettings Settings =
        TPatcherSettings.For(ModelConfig.Load(TestFiles.Model)) with { Memory = 600, Strongest = 100, Epochs = 200 };

    private static readonly EditRequest[] Facts =
    [
        new("The Legend of Zelda is developed by", "Nintendo"),
        new("Lucian Freud died in", "the city of London"),
        new("Mike Trout plays in the position of", "outfielder"),
    ];

    // What is taught is plain data, which outlives the device that it was taught on.
    private static readonly Lazy<List<Edit>> Taught = new(() =>
    {
        using var device = new CpuDevice(1);
        return Teach(CausalLm.Load(TestFiles.Model, device), Facts, Settings);
    });

    private static TeachingContext Context => new() { Tokenizer = Tokens, BosId = Tokens.BosId, EosId = Tokens.EosId };

    [Fact]
    public void At_first_a_neuron_sums_up_to_one_where_it_shall_speak()
    {
        Tensor x = States(Facts[1]);
        int[] own = [0, 2];
        PatchParameters patches = PatchTraining.Begin(x, own, Settings, new Rng(3));
        float[][] states = [.. x.ToArray().Chunk(x.Columns)], keys = [.. patches.K.Value.ToArray().Chunk(x.Columns)];
        for (int j = 0; j < own.Length; j++)
            Assert.Equal(1, states[own[j]].Zip(keys[j], (value, k) => (double)value * k).Sum(), 1e-5);
        Assert.All(patches.B.Value.ToArray(), b => Assert.Equal(0, b));
        Assert.Equal(Settings.Amplitude, patches.A.Value.ToScalar());
    }

    [Fact]
    public void The_wider_mlp_adds_what_its_neurons_say_and_nothing_else()
    {
        CausalLm edited = Editor.Apply(new EditedModel(Model), Taught.Value).Model;
        Tensor x = States(Facts[0]);
        float[][] before = [.. Model.Blocks[^1].Mlp.Forward(x).Value.ToArray().Chunk(x.Columns)];
        float[][] after = [.. edited.Blocks[^1].Mlp.Forward(x).Value.ToArray().Chunk(x.Columns)];
        float[][] states = [.. x.ToArray().Chunk(x.Columns)];
        Patch[] patches = [.. Taught.Value.SelectMany(PatchParts.Patches)];
        Assert.Equal(Model.Config.NInner + patches.Length, edited.Blocks[^1].Mlp.Up.Bias!.Value.Columns);
        for (int r = 0; r < states.Length; r++)
        {
            double[] said = new double[x.Columns];
            foreach (Patch patch in patches)
            {
                double sum = patch.Bias + states[r].Zip(patch.Key, (value, k) => (double)value * k).Sum();
                double gelu = 0.5 * sum * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (sum + (0.044715 * sum * sum * sum))));
                for (int c = 0; c < said.Length; c++) said[c] += gelu * patch.Value[c];
            }

            float[] expected = [.. before[r].Zip(said, (value, more) => (float)(value + more))];
            Assert.InRange(Distance(expected, after[r]) / Norm(expected), 0, 1e-5);
        }

        for (int l = 0; l < Model.Blocks.Count - 1; l++) Assert.Same(Model.Blocks[l], edited.Blocks[l]);
    }

    [Fact]
    public void Matrices_that_lie_the_other_way_become_wider_too()
    {
        Block last = Model.Blocks[^1];
        CausalLm turned = Model.WithBlock(
            Model.Blocks.Count - 1, last with { Mlp = last.Mlp with { Up = Turned(last.Mlp.Up), Down = Turned(last.Mlp.Down) } });
        Patch[] patches = [.. Taught.Value.SelectMany(PatchParts.Patches)];
        Tensor x = States(Facts[0]);
        float[] expected = WiderMlp.With(Model, patches).Blocks[^1].Mlp.Forward(x).Value.ToArray();
        float[] actual = WiderMlp.With(turned, patches).Blocks[^1].Mlp.Forward(x).Value.ToArray();
        Assert.InRange(Distance(expected, actual) / Norm(expected), 0, 1e-5);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_loss_is_what_the_formula_says_and_its_gradient_what_differences_show(bool asPublished)
    {
        TPatcherSettings settings = Settings with { AsPublished = asPublished, Strongest = 7, Amplitude = 0.5f, ActivationWeight = 2 };
        var trace = Trace.Run(Model, [Request(Facts[1]).Tokens.Input], [Request(Facts[1]).Tokens.First], Model.Blocks.Count - 1);
        int[] targets = Request(Facts[1]).Tokens.Target, own = [1, 2];
        Tensor[] memory = [States(Facts[0]), States(Facts[2])];
        var loss = new PatchLoss(Model, settings, trace.X, trace.Hidden, targets, own, memory);
        PatchParameters patches = PatchTraining.Begin(trace.X, own, settings, new Rng(3));
        PatchLosses losses = loss.At(patches).Losses;

        float[][] keys = [.. patches.K.Value.ToArray().Chunk(trace.X.Columns)];
        double[] spoken = [.. own.Select((row, j) => Sum(trace.X, row, keys[j]))];
        double[] elsewhere = [.. memory.SelectMany(states => Enumerable.Range(0, states.Rows)
            .SelectMany(row => keys.Select(key => Sum(states, row, key))))];
        (double m1, double m2) = asPublished ? (0, 0) : (3, 3);
        double apart = elsewhere.Select((sum, i) => Math.Exp(sum - spoken[i % 2] + m1)).OrderDescending().Take(7).Average();
        double silent = elsewhere.Select(sum => Math.Exp(sum + m2)).OrderDescending().Take(7).Average();
        Assert.True(elsewhere.Length > 7);
        Assert.Equal(1, losses.Memory / (settings.MemoryWeight * (apart + silent)), 1e-4);
        Assert.Equal(1, losses.Activation / (2 * spoken.Average(sum => Math.Exp(-sum))), 1e-4);

        var tape = new Tape();
        PatchParameters trained = patches.On(tape);
        tape.Backward(loss.At(trained).Surrogate);
        foreach ((Variable at, Variable parameter) in patches.All.Zip(trained.All))
        {
            float[] values = at.Value.ToArray(), gradient = parameter.Gradient!.ToArray();
            int strongest = Enumerable.Range(0, values.Length).MaxBy(i => Math.Abs(gradient[i]));
            float step = 1e-2f * Math.Max(0.1f, Math.Abs(values[strongest]));
            double difference = (Loss(step) - Loss(-step)) / (2 * step);
            Assert.InRange(gradient[strongest] / difference, 0.98, 1.02);

            double Loss(float by)
            {
                float[] shifted = [.. values];
                shifted[strongest] += by;
                Device.Upload(shifted, at.Value);
                double total = loss.At(patches).Losses.Total;
                Device.Upload(values, at.Value);
                return total;
            }
        }

        static double Sum(Tensor states, int row, float[] key) =>
            states.ToArray().Skip(row * key.Length).Take(key.Length).Zip(key, (value, k) => (double)value * k).Sum();
    }

    [Fact]
    public void Only_target_tokens_that_are_wrong_get_a_neuron()
    {
        foreach (Edit edit in Taught.Value)
        {
            int T = edit.TargetTokens.Length;
            Assert.Equal(T, edit.Part("x")!.Shape[0]);
            Assert.InRange(edit.Part("b")!.Values.Length, 1, T);
        }

        Edit few = Teach(Model, [Facts[1]], Settings with { Neurons = 1, Epochs = 1 })[0];
        Assert.Equal([1], few.Part("b")!.Shape);

        // What has been taught is right already.
        EditedModel edited = Editor.Apply(new EditedModel(Model), [Taught.Value[0]]);
        Edit again = Editor.Teach([Request(Facts[0])], edited, Settings, Context).Single();
        Assert.Equal(["x"], again.Parts.Select(part => part.Name));
        Assert.Null(Settings.Misfit(again, Model.Config.NEmbd));
        Assert.Same(edited.Model, Editor.Apply(edited, [again]).Model);
    }

    [Fact]
    public void Neurons_are_silent_at_the_states_of_earlier_edits()
    {
        // The same memory with and without the first edit's states, which are few: they are among the strongest.
        TPatcherSettings settings = Settings with { Memory = 50, Strongest = 20 };
        Edit first = Teach(Model, [Facts[0]], settings)[0] with { Id = 1 };
        EditedModel soFar = Editor.Apply(new EditedModel(Model), [first]);
        float[] state = first.Part("x")!.Values;
        var close = new EditRequest("The Legend of Zelda is produced by", "Sega");
        EditedModel forgetful = soFar with { Carried = soFar.Carried.Clear() };
        double with = Strongest(Editor.Teach([Request(close)], soFar, settings, Context).Single());
        double without = Strongest(Editor.Teach([Request(close)], forgetful, settings, Context).Single());
        Assert.True(with < without - 0.2, $"{with} with, {without} without");

        double Strongest(Edit edit) => PatchParts.Patches(edit).Max(patch =>
            patch.Bias + state.Zip(patch.Key, (value, k) => (double)value * k).Sum());
    }

    [Fact]
    public void Withdrawing_drops_its_neurons_and_later_ones_stay()
    {
        EditedModel without = Editor.Apply(new EditedModel(Model), [Withdrawn(Taught.Value[0]), .. Taught.Value.Skip(1)]);
        EditedModel never = Editor.Apply(new EditedModel(Model), [.. Taught.Value.Skip(1)]);
        Assert.Equal(Weight(never, 5), Weight(without, 5));
        Assert.Same(Model, Editor.Apply(new EditedModel(Model), [.. Taught.Value.Select(Withdrawn)]).Model);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bits_on_any_number_of_threads()
    {
        List<Edit> again = Teach(Model, [Facts[0]], Settings); // on two threads
        foreach ((EditPart expected, EditPart actual) in Taught.Value[0].Parts.Zip(again[0].Parts))
            Assert.Equal(expected.Values, actual.Values);
        Assert.NotEqual(again[0].Part("v")!.Values, Teach(Model, [Facts[0]], Settings with { Seed = 2, Epochs = 2 })[0].Part("v")!.Values);
    }

    [Fact]
    public void A_model_folder_has_no_place_for_them()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        using var session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 1 });
        session.UseMemory();
        session.Teach([Request(Facts[0])], Settings with { Epochs = 5 }, new TeachingOptions { Check = false });
        string target = Path.Combine(folder.Path, "merged");
        var fault = Assert.Throws<InputException>(() => session.ExportMerged(target));
        const string Told = "1 edit of method t-patcher sits in neurons that a model folder has no place for.";
        Assert.Contains(Told, fault.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(target));
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        Assert.Equal("T-Patcher: an edit may have 0 neurons, expected at least 1.", Fault(Settings with { Neurons = 0 }));
        Assert.Equal("T-Patcher: checkEvery is 0, expected at least 1.", Fault(Settings with { CheckEvery = 0 }));
        Assert.Equal(
            "T-Patcher: memory is 0 and strongest 100, expected at least 1 of both.", Fault(Settings with { Memory = 0 }));

        string Fault(TPatcherSettings settings) => Assert.Throws<InputException>(() => Teach(Model, Facts, settings)).Message;
    }

    [Fact]
    public void Parts_that_do_not_belong_together_are_told()
    {
        Edit edit = Taught.Value[1];
        int C = Model.Config.NEmbd;
        Assert.Null(Settings.Misfit(edit, C));
        foreach (EditPart part in edit.Parts.Where(part => part.Name != EditPart.Losses))
            Assert.NotNull(Settings.Misfit(edit with { Parts = [.. edit.Parts.Where(other => other != part)] }, C));
        Assert.NotNull(Settings.Misfit(edit, C + 1));
    }

    private static List<Edit> Teach(CausalLm model, IReadOnlyList<EditRequest> facts, TPatcherSettings settings) =>
        [.. Editor.Teach(
            [.. facts.Select(fact => TokenizedRequest.Of(Tokens, fact, model.Config.NPositions))], new EditedModel(model), settings,
            Context)];

    /// <summary>What the last MLP reads at all tokens of a prompt.</summary>
    private Tensor States(EditRequest fact) => Trace.Inputs(Model, [Tokens.Encode(fact.Prompt)], [0], Model.Blocks.Count - 1);

    private LinearWeights Turned(LinearWeights map)
    {
        Tensor x = map.Matrices[0].Value;
        (float[] values, int rows, int columns) = (x.ToArray(), x.Rows, x.Columns);
        float[] turned = [.. Enumerable.Range(0, rows * columns).Select(i => values[(i % rows * columns) + (i / rows)])];
        return new LinearWeights([Device.From(turned, columns, rows)], map.Bias, IsOutIn: true);
    }
}
