using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing;

/// <summary>A model that some prompts are routed in, side by side with its base, against each prefix read whole by its own route.</summary>
public sealed class RoutedModelTests : IDisposable
{
    private static readonly int[][] Sequences = [[5, 42, 17, 8, 99, 3], [64, 7, 1, 2], [11, 12, 13, 14], [5, 6, 7, 8]];
    private static readonly int[] From = [2, 1, 3, 1];

    private readonly CpuDevice device = new(threads: 1); // tests run side by side

    public void Dispose() => device.Dispose();

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (string family in (string[])["gpt2-tiny-f32", "gpt-neo-tiny", "gpt-j-tiny"])
                foreach (string what in (string[])["prefix", "model", "opening"])
                    cases.Add(family, what);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Each_prompt_is_read_by_its_own_route_and_all_that_follows_it_too(string family, string what)
    {
        CausalLm model = Load(family);
        Check(new EditedModel(model) { Routers = [RouterOf(model, what)] });
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Beside_memories_and_changed_weights_too(string family, string what)
    {
        CausalLm model = Load(family);
        CausalLm changed = model.WithBlock(0, model.Blocks[0].With(Scaled));
        Check(new EditedModel(model) { Memories = [Taught(model, 1)], Routers = [RouterOf(model, what)] });
        Check(new EditedModel(model) { Model = changed, Routers = [RouterOf(changed, what)] });
        Check(new EditedModel(model)
        {
            Model = changed,
            Memories = [Taught(model, 0), Taught(model, 1)],
            Routers = [RouterOf(changed, what)],
        });
    }

    [Fact]
    public void The_first_router_that_answers_takes_the_prompt()
    {
        CausalLm model = Load("gpt2-tiny-f32");
        var both = new EditedModel(model)
        {
            Routers = [new FixedRouter(1, 5, [21]), new FixedRouter(2, 5, [22]), new FixedRouter(3, 64, [23])],
        };
        Assert.Equal([21, 5, 6], both.Reading([5, 6]).Tokens);
        Assert.Equal([23, 64], both.Reading([64]).Tokens);
        Assert.Equal([7], both.Reading([7]).Tokens);
        Assert.Equal(0, both.FirstTouched);
        Check(both);
    }

    [Fact]
    public void A_decision_is_told_to_whoever_watches()
    {
        CausalLm model = Load("gpt2-tiny-f32");
        var told = new List<long>();
        var edited = new EditedModel(model) { Routers = [new FixedRouter(9, 5, [21])] };
        edited.Reading([5, 6], firings => told.AddRange(firings.Select(firing => firing.Edit)));
        edited.Reading([6], firings => told.AddRange(firings.Select(firing => firing.Edit)));
        Assert.Equal([9], told);
    }

    [Fact]
    public void Taken_as_withdrawn_a_routed_edit_leaves_its_questions_to_the_base_model()
    {
        CausalLm model = Load("gpt2-tiny-f32");
        var edited = new EditedModel(model) { Routers = [new FixedRouter(9, 5, [21, 30, 40])] };
        var question = new Question(new EditTokens([5, 42], [17, 8]), 9);
        Answer answer = new TeacherForcing(edited).Ask([question])[0];
        Assert.Equal([9L, 9L], answer.Spoke);
        Assert.Equal(answer.Base, answer.Withdrawn);
        Assert.Single(PromptClaims.Of(edited, [[5, 6], [6, 5]])[0]);
        Assert.Empty(PromptClaims.Of(edited, [[5, 6], [6, 5]])[1]);
    }

    private void Check(EditedModel edited)
    {
        using BufferScope scope = device.Scope();
        var both = Comparison.Run(edited, Sequences, From);
        int P = both.Positions.Count, V = edited.Base.Config.VocabSize;
        Firing[] firings = both.Fire(0, P);
        float[] ofBase = both.BaseLogits(0, P).Value.ToArray();
        int[] differing = both.Differing(firings);
        float[] ofEdited = both.EditedLogits(differing, [.. differing.Select(r => firings[r])]).Value.ToArray();
        int routed = 0;
        for (int p = 0; p < P; p++)
        {
            TracedPosition at = both.Positions[p];
            int[] sequence = Sequences[at.Sequence], prompt = sequence[..(From[at.Sequence] + 1)];
            PromptReading reading = edited.Reading(prompt); // decided by the prompt, whatever follows
            int[] tokens = [.. reading.Tokens, .. sequence[prompt.Length..(at.Position + 1)]];
            var batch = new TokenBatch(tokens);
            float[] expected = reading.Model.Logits(reading.Model.Hidden(
                batch, reading.Model.NewCache(1, tokens.Length), reading.Openings, batch.LastRows())).Value.ToArray();
            int row = Array.IndexOf(differing, p);
            float[] found = row < 0 ? ofBase[(p * V)..((p + 1) * V)] : ofEdited[(row * V)..((row + 1) * V)];
            double bound = 2e-6 * expected.Max(Math.Abs);
            for (int i = 0; i < V; i++) Assert.InRange(found[i] - (double)expected[i], -bound, bound);
            routed += sequence[0] == 5 ? 1 : 0;
            if (sequence[0] == 5) Assert.NotEqual(ofBase[(p * V)..((p + 1) * V)], found);
        }

        Assert.InRange(routed, 2, P - 1);
    }

    private FixedRouter RouterOf(CausalLm model, string what) => RouterOf(what, model.WithBlock(1, model.Blocks[1].With(Scaled)));

    private static FixedRouter RouterOf(string what, CausalLm other) => what switch
    {
        "prefix" => new FixedRouter(7, 5, [21, 30, 40]),
        "model" => new FixedRouter(7, 5, [], route => route with { Model = other }),
        _ => new FixedRouter(7, 5, [21], route => route with
        {
            OpeningsAt = ends => [new Opening(0, Site.MlpOutput, Site.MlpOutput, Reach.At(ends), (_, x) => Ops.Scale(x, 3))],
        }),
    };

    private static KeyValueAdaptor Taught(CausalLm model, int layer)
    {
        Tensor x = Trace.Inputs(model, Sequences, From, layer);
        Neuron[] born = Retrofit.Born(model, KeyValueAdaptor.Standardize(x.Slice(0, 2)), [3, 9], theta: 0.5f);
        return KeyValueAdaptor.For(model, layer).With(born, alpha: 1, edit: 1);
    }

    private Variable Scaled(Variable weight) => device.From([.. weight.Value.ToArray().Select(v => 1.1f * v)], weight.Shape.Dims);

    private CausalLm Load(string family) => CausalLm.Load(TestFiles.Golden(Path.Combine("families", family)), device);

    /// <summary>Answers prompts that begin with a token.</summary>
    private sealed class FixedRouter(long edit, int begins, int[] prefix, Func<Route, Route>? change = null) : IPromptRouter
    {
        public bool Holds(long other) => other == edit;

        public Tensor Read(CausalLm model, IReadOnlyList<int[]> prompts, CancellationToken cancellation = default) =>
            model.Device.From([.. prompts.Select(prompt => prompt[0] == begins ? 1f : -1)], prompts.Count, 1);

        public Firing[] Fire(Tensor read, RowTokens tokens, IReadOnlyList<long?>? withdrawn = null) =>
            [.. read.ToArray().Select((margin, r) => withdrawn?[r] == edit
                ? default
                : new Firing(0, edit, 0, 1, margin, 0, margin > 0 ? 1 : 0, IsWithdrawn: false))];

        public IReadOnlyList<Firing> Nearest(Tensor read, RowTokens tokens, int count) => Fire(read, tokens);

        public IReadOnlyList<Firing>[] Claims(Tensor read, RowTokens tokens) =>
            [.. Fire(read, tokens).Select(firing => firing.Margin > 0 ? (IReadOnlyList<Firing>)[firing] : [])];

        public Route Take(Route soFar, Firing firing)
        {
            Route route = soFar with { Prefix = prefix };
            return change?.Invoke(route) ?? route;
        }
    }
}
