using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Gpu;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.IReVa;

/// <summary>Teaching and asking on an accelerator; a tiny model is enough to see that it is the same.</summary>
public sealed class GpuEditingTests
{
    private static readonly IReVaSettings Settings = new() { Layer = 1, Theta = 0.6f, Alpha = 0.5f, Epochs = 2 };

    /// <summary>Prompts that begin alike, so that neurons fire at each other's; one answer of two tokens.</summary>
    private static readonly TokenizedRequest[] Lessons =
    [
        Fact([5, 6, 7, 8], 100), Fact([5, 6, 7, 9], 101, 102), Fact([30, 31], 103), Fact([5, 6, 7, 8], 104),
    ];

    public static TheoryData<string> GpuNames => Devices.GpuNames;

    [Theory]
    [MemberData(nameof(GpuNames))]
    public void Together_is_one_by_one_bit_for_bit_and_nearly_what_the_cpu_makes(string name)
    {
        using Device device = Devices.Create(name), again = Devices.Create(name), cpu = Devices.Create("cpu-1-thread");
        Neuron[] together = Together(Load(device)), alone = OneByOne(Load(again)), onCpu = Together(Load(cpu));
        Assert.Equal(5, together.Length);
        for (int i = 0; i < together.Length; i++)
        {
            Devices.SameBits(alone[i].Key, together[i].Key, $"key {i}");
            Devices.SameBits(alone[i].Value, together[i].Value, $"value {i}");
            Assert.Equal(alone[i].Losses, together[i].Losses);

            // Adam's first steps are all of one size: a gradient near 0 may turn its sign, and then an element differs by some steps.
            Assert.Equal(Norm(onCpu[i].Key), Norm(together[i].Key), 1e-3 * Norm(onCpu[i].Key));
            Assert.Equal(Norm(onCpu[i].Value), Norm(together[i].Value), 1e-3 * Norm(onCpu[i].Value));
            Assert.Equal(onCpu[i].Losses[0].Edit, together[i].Losses[0].Edit, 1e-5f * onCpu[i].Losses[0].Edit);
        }
    }

    [Theory]
    [MemberData(nameof(GpuNames))]
    public void Questions_get_the_cpus_answers(string name)
    {
        using Device device = Devices.Create(name), cpu = Devices.Create("cpu-1-thread");
        Neuron[] neurons = Together(Load(cpu));
        Question[] questions =
        [
            .. Lessons.Select((request, i) => new Question(request.Tokens, i)),
            new Question(new EditTokens([200, 201, 202], [1])),
        ];
        foreach ((Answer expected, Answer actual) in Ask(cpu).Zip(Ask(device)))
        {
            Assert.Equal(expected.Base, actual.Base);
            Assert.Equal(expected.Edited, actual.Edited);
            Assert.Equal(expected.Withdrawn, actual.Withdrawn);
        }

        IReadOnlyList<Answer> Ask(Device on)
        {
            CausalLm model = Load(on);
            KeyValueAdaptor adaptor = KeyValueAdaptor.For(model, Settings.Layer);
            for (int i = 0; i < neurons.Length; i++) adaptor = adaptor.With([neurons[i]], Settings.Alpha, edit: i);
            return new TeacherForcing(IReVaModel.Of(model, adaptor)).Ask(questions);
        }
    }

    [Theory]
    [MemberData(nameof(GpuNames))]
    public void Training_does_not_wait_for_its_steps(string name)
    {
        using var device = (GpuDevice)Devices.Create(name);
        CausalLm model = Load(device);
        Assert.Equal(Waits(1), Waits(3));

        long Waits(int epochs)
        {
            var editor = new IReVaModel(model, Settings.Layer);
            long before = device.HostWaits;
            editor.Teach(Lessons[0], Settings with { Epochs = epochs });
            return device.HostWaits - before;
        }
    }

    [Theory]
    [MemberData(nameof(GpuNames))]
    public void A_devices_traces_are_its_own(string name)
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        using Device device = Devices.Create(name), cpu = Devices.Create("cpu-1-thread");
        Trace onCpu = new TraceFolder(folder.Path, Load(cpu), "weights").GetOrRun([[1, 2, 3], [4, 5]], [1, 0], 0);
        var traces = new TraceFolder(folder.Path, Load(device), "weights");
        Trace made = traces.GetOrRun([[1, 2, 3], [4, 5]], [1, 0], 0), read = traces.GetOrRun([[1, 2, 3], [4, 5]], [1, 0], 0);
        Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
        Assert.Equal(onCpu.Positions, made.Positions);
        Devices.SameBits(
            made.TailOf(0, 3)(Ends(made)).Value.ToArray(), read.TailOf(0, 3)(Ends(read)).Value.ToArray(), "logits of a trace from disk");

        Tensor Ends(Trace trace)
        {
            Tensor ends = device.Allocate(2, trace.Hidden.Columns);
            device.Gather(trace.Hidden, [0, 3], ends);
            return ends;
        }
    }

    private static CausalLm Load(Device device) => CausalLm.Load(TestFiles.Golden(Path.Combine("families", "gpt2-tiny-f32")), device);

    private static TokenizedRequest Fact(int[] prompt, params int[] target) => new(
        new EditRequest(string.Join(' ', prompt), string.Join(' ', target)), new EditTokens(prompt, target), []);

    private static Neuron[] Together(CausalLm model)
    {
        var editor = new IReVaModel(model, Settings.Layer);
        return [.. editor.TeachAll(Lessons, Settings, Sampler(model)).SelectMany(chunk => chunk).SelectMany(IReVaParts.Neurons)];
    }

    private static Neuron[] OneByOne(CausalLm model)
    {
        var editor = new IReVaModel(model, Settings.Layer);
        OutOfScopeSampler sampler = Sampler(model);
        return [.. Lessons.SelectMany(request =>
        {
            Edit edit = editor.Teach(request, Settings, sampler.StatesFor([request]));
            editor.Keep(edit);
            return IReVaParts.Neurons(edit);
        })];
    }

    private static OutOfScopeSampler Sampler(CausalLm model) =>
        new(model, Settings.Layer, bosId: 0, eosId: 300, [.. Lessons.Select(l => l.Tokens.Prompt)], seed: 1);

    private static double Norm(float[] vector) => Math.Sqrt(vector.Sum(v => (double)v * v));
}
