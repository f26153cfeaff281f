using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;
using Xunit.Abstractions;

namespace Sharpformer.Tests.Transformer;

/// <summary>
/// The gradient of a whole model's mean cross-entropy by every weight it has, against central differences of a float64 form of it.
/// </summary>
/// <param name="output">Told the largest error of each model.</param>
public sealed class WeightGradientTests(ITestOutputHelper output)
{
    /// <summary>
    /// ‖g - expected‖ / ‖expected‖ of each weight. Float32 rounds to 6e-8, a gradient goes through some twenty sums of up to forty
    /// terms; the differences themselves are good to 1e-8. One element that is missing or wrong among hundreds makes 1e-2.
    /// </summary>
    private const double Tolerance = 5e-6;

    private static readonly int[][] Sequences = TinyModel.Sequences;

    private static readonly Dictionary<(string, DType), Lazy<Dictionary<string, double[]>>> Expected = TinyModel.Configs.Keys
        .SelectMany(name => Enum.GetValues<DType>().Select(dtype => (name, dtype)))
        .ToDictionary(key => key, key => new Lazy<Dictionary<string, double[]>>(() => Differences(key.name, key.dtype)));

    public static TheoryData<string, string> Everywhere
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string device in Devices.DifferentOnes)
                foreach (string model in TinyModel.Configs.Keys) data.Add(device, model);
            return data;
        }
    }

    public static TheoryData<string> Models => new(TinyModel.Configs.Keys);

    [Theory]
    [MemberData(nameof(Everywhere))]
    public void Every_weight_has_the_gradient_of_a_float64_model(string deviceName, string name)
    {
        using Device device = Devices.Create(deviceName);
        using BufferScope scope = device.Scope();
        ModelConfig config = TinyModel.Configs[name];
        OrderedDictionary<string, float[]> weights = TinyModel.Weights(config, DType.F32);
        var tape = new Tape();
        CausalLm model = TinyModel.Build(config, weights, device).With(w => tape.Parameter(w.Value));
        Variable[] parameters = [.. model.Weights];
        Assert.Equal(weights.Values, parameters.Select(p => p.Value.ToArray()));

        Variable loss = TinyModel.Loss(model, Sequences);
        Assert.Equal(Reference(config, weights).Loss(Sequences), loss.Value.ToScalar(), 2e-6);
        tape.Backward(loss);
        Report(deviceName, name, [.. weights.Keys.Zip(parameters)], Expected[(name, DType.F32)].Value);
    }

    [Theory]
    [MemberData(nameof(Everywhere))]
    public void Documents_in_one_window_have_the_gradients_of_sequences_alone(string deviceName, string name)
    {
        using Device device = Devices.Create(deviceName);
        ModelConfig config = TinyModel.Configs[name];
        OrderedDictionary<string, float[]> weights = TinyModel.Weights(config, DType.F32);
        int[] starts = [.. Sequences.SelectMany((s, i) => s[1..].Select(_ => Sequences.Take(i).Sum(before => before.Length - 1)))];
        var batch = new TrainingBatch(
            1, starts.Length, [.. Sequences.SelectMany(s => s[..^1])], [.. Sequences.SelectMany(s => s[1..])], starts);
        float[][] plain = Gradients(recomputesBlocks: false), recomputed = Gradients(recomputesBlocks: true);
        for (int i = 0; i < plain.Length; i++) Devices.SameBits(plain[i], recomputed[i], $"weight {i}");

        float[][] Gradients(bool recomputesBlocks)
        {
            using BufferScope scope = device.Scope();
            var tape = new Tape();
            CausalLm model = TinyModel.Build(config, weights, device).With(w => tape.Parameter(w.Value));
            Variable loss = Ops.Mean(TrainingPass.Losses(model, batch, new WholeSequences(1, starts), recomputesBlocks: recomputesBlocks)!);
            tape.Backward(loss);
            Report(deviceName, $"{name}, packed", [.. weights.Keys.Zip(model.Weights)], Expected[(name, DType.F32)].Value);
            return [.. model.Weights.Select(w => w.Gradient!.ToArray())];
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Some_weights_may_be_parameters_beside_others_as_they_are_stored(string name)
    {
        foreach (DType stored in (DType[])[DType.F16, DType.BF16])
        {
            foreach (int remainder in (int[])[0, 1, 2])
            {
                using Device device = Devices.Create("cpu-1-thread");
                ModelConfig config = TinyModel.Configs[name];
                OrderedDictionary<string, float[]> weights = TinyModel.Weights(config, stored);
                var tape = new Tape();
                int i = 0;
                CausalLm model = TinyModel.Build(config, weights, device, stored)
                    .With(w => i++ % 3 == remainder ? tape.Parameter(w.Value.Float32Copy()) : w);
                tape.Backward(TinyModel.Loss(model, Sequences));
                (string Name, Variable Weight)[] named = [.. weights.Keys.Zip(model.Weights)];
                Assert.All(named.Where((_, at) => at % 3 != remainder), n => Assert.Null(n.Weight.Gradient));
                Report($"cpu, {stored}", name, [.. named.Where((_, at) => at % 3 == remainder)], Expected[(name, stored)].Value);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_weight_alone_has_the_bits_it_has_among_all_and_frozen_ones_have_no_gradient(string name)
    {
        using Device device = Devices.Create("cpu-1-thread");
        ModelConfig config = TinyModel.Configs[name];
        CausalLm frozen = TinyModel.Build(config, TinyModel.Weights(config, DType.F32), device);
        float[][] among = Gradients(frozen, _ => true);
        for (int i = 0; i < among.Length; i++)
        {
            float[][] alone = Gradients(frozen, at => at == i);
            Devices.SameBits(among[i], alone[i], $"weight {i}");
            Assert.All(alone.Where((_, at) => at != i), Assert.Empty);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Blocks_below_the_first_parameter_leave_nothing_behind(string name)
    {
        using Device device = Devices.Create("cpu-1-thread");
        ModelConfig config = TinyModel.Configs[name].WithBlocks(4);
        CausalLm frozen = TinyModel.Build(config, TinyModel.Weights(config, DType.F32), device);
        for (int first = 0; first <= config.NLayer; first++)
        {
            var tape = new Tape();
            NormWeights Trained(NormWeights norm) => norm.With(w => tape.Parameter(w.Value));
            CausalLm model = first < config.NLayer
                ? frozen.WithBlock(first, frozen.Blocks[first] with { Norm1 = Trained(frozen.Blocks[first].Norm1) })
                : frozen with { FinalNorm = Trained(frozen.FinalNorm) };
            var passed = new List<(int Block, Variable Passing)>();
            Opening[] looks = [.. Enumerable.Range(0, config.NLayer).SelectMany(block => Enum.GetValues<Site>().Select(site =>
                Opening.Look(block, site, Reach.All, passing => passed.Add((block, passing)))))];
            Variable loss = TinyModel.Loss(model, Sequences, cache: null, looks);
            int sites = Enum.GetValues<Site>().Length;
            Assert.Equal(config.NLayer * sites, passed.Count);
            foreach ((int block, Variable passing) in passed)
            {
                Assert.Equal(block >= first, passing.RequiresGradient);
                bool isInput = first < config.NLayer && block == first - 1
                    && ReferenceEquals(passing, passed[((block + 1) * sites) - 1].Passing);
                if (block >= first || isInput) Assert.NotEmpty(passing.Value.ToArray());
                else Assert.Throws<ObjectDisposedException>(() => passing.Value.ToArray());
            }

            tape.Backward(loss);
            Assert.All(passed.Where(p => p.Block < first), p => Assert.Null(p.Passing.Gradient));
        }
    }

    [Theory]
    [MemberData(nameof(Everywhere))]
    public void What_an_opening_adds_at_one_position_has_its_gradient_beside_the_weights(string deviceName, string name)
    {
        using Device device = Devices.Create(deviceName);
        using BufferScope scope = device.Scope();
        ModelConfig config = TinyModel.Configs[name];
        OrderedDictionary<string, float[]> weights = TinyModel.Weights(config, DType.F32);
        double[] values = [.. Enumerable.Range(0, config.NEmbd).Select(c => (double)(float)Math.Sin(c))];
        foreach (int block in (int[])[0, 1])
        {
            ReferenceModel reference = Reference(config, weights, (block, Sequence: 0, Position: 2, values));
            var tape = new Tape();
            Variable shift = tape.Parameter(device.From(Array.ConvertAll(values, v => (float)v), config.NEmbd));
            CausalLm model = TinyModel.Build(config, weights, device);
            NormWeights norm = model.Blocks[0].Norm1;
            Variable gain = tape.Parameter(norm.Gain.Value);
            model = model.WithBlock(0, model.Blocks[0] with { Norm1 = norm with { Gain = gain } });
            var opening = new Opening(block, Site.MlpOutput, Site.MlpOutput, Reach.At(2, -1, -1), (_, passing) => Ops.Add(passing, shift));
            tape.Backward(TinyModel.Loss(model, Sequences, cache: null, opening));
            Report(deviceName, $"{name}, shift in block {block}", [("shift", shift), ("h.0.ln_1.weight", gain)], new()
            {
                ["shift"] = reference.Gradient(values, Sequences),
                ["h.0.ln_1.weight"] = reference.Gradient(reference.Weights["h.0.ln_1.weight"], Sequences),
            });
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_cache_that_forgets_the_lower_blocks_changes_no_gradient(string name)
    {
        using Device device = Devices.Create("cpu-1-thread");
        ModelConfig config = TinyModel.Configs[name];
        CausalLm model = TinyModel.Build(config, TinyModel.Weights(config, DType.F32), device);
        float[][] expected = Gradients(model, _ => true), actual = Gradients(model, _ => true, model.NewCache(3, 5, firstKept: 2));
        for (int i = 0; i < expected.Length; i++) Devices.SameBits(expected[i], actual[i], $"weight {i}");
    }

    [Theory]
    [InlineData("gpt2-tiny-f32")]
    [InlineData("gpt-neo-tiny")]
    [InlineData("gpt-j-tiny")]
    public void Same_bits_on_one_two_and_three_threads(string family)
    {
        float[][] one = On(threads: 1);
        foreach (int threads in (int[])[2, 3])
        {
            float[][] many = On(threads);
            for (int i = 0; i < one.Length; i++) Devices.SameBits(one[i], many[i], $"{threads} threads, weight {i}");
        }

        float[][] On(int threads)
        {
            using var device = new CpuDevice(threads);
            CausalLm model = CausalLm.Load(TestFiles.Golden(Path.Combine("families", family)), device);
            int V = model.Config.VocabSize;
            int[][] sequences = [.. new[] { 25, 3, 33, 17 }.Select(n => Enumerable.Range(1, n).Select(i => i * i * n % V).ToArray())];
            return Gradients(model, _ => true, cache: null, sequences);
        }
    }

    /// <summary>The gradient by each weight; empty where it is not chosen to be a parameter.</summary>
    private static float[][] Gradients(CausalLm frozen, Func<int, bool> isParameter, KvCache? cache = null, int[][]? sequences = null)
    {
        var tape = new Tape();
        int i = 0;
        CausalLm model = frozen.With(w => isParameter(i++) ? tape.Parameter(w.Value.Float32Copy()) : w);
        tape.Backward(TinyModel.Loss(model, sequences ?? Sequences, cache));
        return [.. model.Weights.Select(w => w.Gradient?.ToArray() ?? [])];
    }

    private static Dictionary<string, double[]> Differences(string name, DType stored)
    {
        ModelConfig config = TinyModel.Configs[name];
        ReferenceModel reference = Reference(config, TinyModel.Weights(config, stored));
        return reference.Weights.ToDictionary(w => w.Key, w => reference.Gradient(w.Value, Sequences));
    }

    private static ReferenceModel Reference(
        ModelConfig config, OrderedDictionary<string, float[]> weights,
        (int Block, int Sequence, int Position, double[] Values)? shift = null) =>
        new(config, weights.ToDictionary(w => w.Key, w => Array.ConvertAll(w.Value, v => (double)v))) { Shift = shift };

    private void Report(string device, string model, (string Name, Variable Weight)[] parameters, Dictionary<string, double[]> expected)
    {
        (string worst, double largest) = ("", 0);
        foreach ((string name, Variable weight) in parameters)
        {
            Tensor gradient = Assert.IsType<Tensor>(weight.Gradient);
            Assert.Equal(weight.Shape, gradient.Shape);
            float[] actual = gradient.ToArray();
            double off = Math.Sqrt(expected[name].Zip(actual).Sum(e => (e.First - e.Second) * (e.First - e.Second)));
            double size = Math.Sqrt(expected[name].Sum(e => e * e));
            Assert.True(size > 1e-4, $"{name} has no gradient worth checking: its norm is {size:g3}.");
            if (off / size > largest) (worst, largest) = (name, off / size);
        }

        output.WriteLine($"gradients | {model} | {device} | {largest:e2} of {worst} | bound {Tolerance:e0}");
        Assert.InRange(largest, 0, Tolerance);
    }
}
