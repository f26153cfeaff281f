using System.Runtime.InteropServices;
using Sharpformer.Tensors;
using Sharpformer.Tensors.PyTorch;

namespace Sharpformer.Tests.Tensors.PyTorch;

/// <summary>Pickles that want something run, or to cost more than they weigh: each is refused in a sentence, and quickly.</summary>
public sealed class PickleHostileTests : IDisposable
{
    private const long MostAllocated = 200_000_000; // bounded by the number of instructions, whatever the file says
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string path;

    public PickleHostileTests() => path = folder.File("pytorch_model.bin");

    public void Dispose() => folder.Dispose();

    private static PickleBytes Pickle => new();

    private static SavedTensor Tensor => new("w", "FloatStorage", "0", 24, [4, 6]);

    [Theory]
    [InlineData("os", "system")]
    [InlineData("posix", "system")]
    [InlineData("nt", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("__builtin__", "exec")]
    [InlineData("subprocess", "Popen")]
    [InlineData("torch.hub", "load")]
    [InlineData("torch.serialization", "load")]
    [InlineData("torch", "load")]
    [InlineData("torch._utils", "_rebuild_tensor_v2.__globals__")]
    [InlineData("collections", "OrderedDict.__init__")]
    [InlineData("collections", "namedtuple")]
    [InlineData("transformers.models.gpt2.modeling_gpt2", "GPT2LMHeadModel")]
    [InlineData("", "")]
    public void Any_other_name_is_refused_however_it_is_called(string module, string name)
    {
        string marker = folder.File("marker");
        string refusal = $"its pickle calls {module}.{name}, expected only tensors. Hint: a checkpoint needs no code";
        PickleBytes[] calls =
        [
            Pickle.Global(module, name).Text($"touch {marker}").Raw(0x85).Ops("R"), // REDUCE
            new PickleBytes(4).Text(module).Text(name).Raw(0x93).Text($"touch {marker}").Raw(0x85).Ops("R"), // STACK_GLOBAL
            Pickle.Ops("(").Text($"touch {marker}").Ops($"i{module}\n{name}\n"), // INST
            Pickle.Ops("(").Global(module, name).Text($"touch {marker}").Ops("o"), // OBJ
            Pickle.Global(module, name).Text($"touch {marker}").Raw(0x85, 0x81), // NEWOBJ
            Pickle.Global(module, name).Text($"touch {marker}").Raw(0x85).Ops("}").Raw(0x92), // NEWOBJ_EX
            Pickle.Global("collections", "OrderedDict").Ops(")R}").Text("__setstate__").Global(module, name).Ops("sb"), // BUILD
            Pickle.Global("torch._utils", "_rebuild_tensor_v2")
                .Ops("(").Global(module, name).Text($"touch {marker}").Raw(0x85).Ops("R").Int(0).Ints([1]).Ints([1]).Ops("tR"),
            Pickle.StateDict([Tensor]).Global(module, name).Text($"touch {marker}").Raw(0x85).Ops("R0"),
            Pickle.Ops("(").Text("storage").Global(module, name).Text("0").Text("cpu").Int(1).Ops("tQ"),
        ];
        foreach (PickleBytes call in calls) AssertRefused(refusal, call.Stop());
        AssertRefused(refusal, LegacyBytes.Create(calls[0].Stop(), []), zipped: false);
        Assert.False(File.Exists(marker));
    }

    [Fact]
    public void Instructions_that_no_tensor_needs_are_refused()
    {
        AssertRefused(
            "has the instruction OBJ, which no tensor needs, at byte",
            Pickle.Ops("(").Global("collections", "OrderedDict").Ops("o").Stop());
        AssertRefused("instruction NEWOBJ,", Pickle.Global("collections", "OrderedDict").Ops(")").Raw(0x81).Stop());
        AssertRefused("instruction NEWOBJ_EX,", Pickle.Global("collections", "OrderedDict").Ops(")}").Raw(0x92).Stop());
        AssertRefused("instruction EXT,", Pickle.Raw(0x82, 1).Stop());
        AssertRefused("instruction PERSID,", Pickle.Ops("Pstorage\n").Stop());
        AssertRefused("instruction 0x8b,", Pickle.Raw(0x8b, 255, 255, 255, 127).Stop()); // LONG4 of 2 GB
        AssertRefused("instruction 0x32,", Pickle.Ops("}2").Stop()); // DUP
        foreach (int instruction in Enumerable.Range(0, 256))
            TryOpen(Checkpoint(Pickle.Ops("}").Raw((byte)instruction, 1, 1, 1, 1).Stop()));
    }

    [Fact]
    public void A_machine_that_would_stumble_is_stopped()
    {
        AssertRefused("recalls slot 7, which is empty", Pickle.Ops("h").Raw(7).Stop());
        AssertRefused("recalls slot 0, which is empty", Pickle.Ops("}q").Raw(1).Ops("h").Raw(0).Stop());
        AssertRefused("remembers something in slot 2147483647, expected the next one, 0", Pickle.Ops("}r").Raw(255, 255, 255, 127).Stop());
        AssertRefused("recalls slot 4294967295", Pickle.Ops("j").Raw(255, 255, 255, 255).Stop());
        AssertRefused("takes from an empty stack", Pickle.Stop());
        AssertRefused("takes from an empty stack", Pickle.Int(1).Ops("R").Stop());
        AssertRefused("takes from an empty stack", Pickle.Int(1).Ops("(").Raw(0x85).Stop());
        AssertRefused("takes from an empty stack", Pickle.Ops("(u").Stop());
        AssertRefused("closes something that it has not opened", Pickle.Ops("}u").Stop());
        AssertRefused("appends to something other than a list", Pickle.Ops("}").Int(1).Ops("a").Stop());
        AssertRefused("sets an item of something other than a dictionary", Pickle.Ops("](").Int(1).Int(2).Ops("u").Stop());
        AssertRefused("sets a key without a value", Pickle.Ops("}(").Int(1).Ops("u").Stop());
        AssertRefused("gives a state to something other than a dictionary", Pickle.Ops("]}b").Stop());
        AssertRefused("calls something that has no name", Pickle.Text("posix.system").Ops(")R").Stop());
        AssertRefused("calls torch.FloatStorage with arguments that do not fit", Pickle.Global("torch", "FloatStorage").Ops(")R").Stop());
        AssertRefused("calls collections.OrderedDict without a tuple", Pickle.Global("collections", "OrderedDict").Ops("]R").Stop());
        AssertRefused("has a name that is no text", Pickle.Int(1).Int(2).Raw(0x93).Stop());
        AssertRefused("has a name without an end", Pickle.Ops("c" + new string('a', 5000)).Stop());
        AssertRefused("has a text that is not valid UTF-8", Pickle.Raw(0x8c, 1, 0xFF).Stop());
        AssertRefused("does not begin as one of protocol 2 to 5", [.. "(dp0\n."u8]);
        AssertRefused("does not begin as one of protocol 2 to 5", new PickleBytes(6).Ops("}").Stop());
        AssertRefused("breaks off", Pickle.Ops("}").Raw(0x95, 1).Stop());
        AssertRefused("breaks off", Pickle.Ops("}").Stop()[..^1]);
        // These claim 4 GB and more.
        foreach (byte instruction in (byte[])[(byte)'X', 0x8d, (byte)'B'])
            AssertRefused("breaks off", Pickle.Raw(instruction, 255, 255, 255, 255, 255, 255, 255, 127).Stop());
    }

    [Fact]
    public void What_a_tensor_is_made_of_is_checked()
    {
        const string NoStorage = "refers to something outside of it that is no storage";
        AssertRefused(NoStorage, Pickle.Int(5).Ops("Q").Stop());
        AssertRefused(NoStorage, Pickle.Ops(")Q").Stop());
        AssertRefused(NoStorage, Pickle.Ops("(").Text("module").Text("a").Text("b").Text("c").Int(1).Ops("tQ").Stop());
        AssertRefused(
            NoStorage,
            Pickle.Ops("(").Text("storage").Global("torch", "FloatStorage").Text("0").Text("cpu").Int(-1).Ops("tQ").Stop());
        AssertRefused(NoStorage, Pickle.Ops("(").Text("storage").Global("torch", "float32").Text("0").Text("cpu").Int(1).Ops("tQ").Stop());
        AssertRefused(
            "whose place is not said",
            Pickle.Ops("(").Text("storage").Global("torch", "FloatStorage").Text("0").Text("cpu").Int(1).Int(2).Ops("tQ").Stop());
        AssertRefused("more than can be counted", Pickle.StateDict([Tensor with { Count = long.MaxValue }]).Stop());
        AssertRefused(
            "a tensor with 2 sizes and 1 strides, expected as many of each, and at most 64.",
            Pickle.StateDict([Tensor with { Stride = [1] }]).Stop());
        AssertRefused("65 sizes", Pickle.StateDict([Tensor with { Size = [.. Enumerable.Repeat(1L, 65)] }]).Stop());
        foreach (SavedTensor negative in (SavedTensor[])[
            Tensor with { Offset = -1 }, Tensor with { Size = [-4, -6] }, Tensor with { Stride = [-6, 1], Offset = 18 }])
            AssertRefused("no whole numbers from 0", Pickle.StateDict([negative]).Stop());
        AssertRefused(
            "tensor \"w\" F32 [4294967296,4294967296]: has more bytes than can be counted",
            Pickle.StateDict([Tensor with { Size = [1L << 32, 1L << 32] }]).Stop());
        AssertRefused("its storage \"1\" is not in the file", Pickle.StateDict([Tensor with { Key = "1" }]).Stop());
        AssertRefused("its storage \"../data.pkl\" is not in the file", Pickle.StateDict([Tensor with { Key = "../data.pkl" }]).Stop());
        AssertRefused("shall have 25 elements F32, but holds 96 bytes", Pickle.StateDict([Tensor with { Count = 25 }]).Stop());
        SavedTensor[] beyond =
        [
            Tensor with { Offset = 1 }, Tensor with { Offset = long.MaxValue }, Tensor with { Size = [5, 5] },
            Tensor with { Stride = [7, 1] }, Tensor with { Count = 23 },
            Tensor with { Stride = [long.MaxValue, long.MaxValue] }, Tensor with { Size = [2, 2], Stride = [1L << 62, 1L << 62] },
            Tensor with { Size = [25], Stride = [0] },
            Tensor with { Size = [], Offset = 24 }, Tensor with { Storage = "DoubleStorage", Count = 12, Size = [13] },
        ];
        foreach (SavedTensor tensor in beyond) AssertRefused("is larger than its storage \"0\"", Pickle.StateDict([tensor]).Stop());
        AssertRefused("tensor \"w\" is there twice", Pickle.StateDict([Tensor, Tensor]).Stop());
        AssertRefused("a tensor's name is a number", Pickle.Ops("}").Int(1).Tensor(Tensor).Ops("s").Stop());
        AssertRefused("holds a single tensor, expected a dictionary", Pickle.Tensor(Tensor).Stop());
        AssertRefused("holds a list", Pickle.Ops("]").Tensor(Tensor).Ops("a").Stop());
        AssertRefused(
            "holds no tensor by name, expected a dictionary of them, or one under state_dict or model_state_dict or model or module; "
                + "got \"weights\"",
            Pickle.Ops("}").Text("weights").StateDict([Tensor]).Ops("s").Stop());
    }

    [Fact]
    public void A_small_file_never_costs_much()
    {
        AssertRefused("breaks off", [.. Pickle.Stop()[..2], .. Enumerable.Repeat((byte)'(', 900_000)]);
        AssertRefused( // nested
            "holds a list",
            [.. Pickle.Stop()[..2], .. Enumerable.Repeat((byte)']', 400_000), .. Enumerable.Repeat((byte)'a', 399_999), (byte)'.']);
        AssertRefused("has more than 1000000 instructions", [.. Pickle.Stop()[..2], .. Enumerable.Repeat((byte)'}', 1_500_000)]);
        AssertRefused("has more than 1000000 instructions", [.. Pickle.Stop()[..2], .. Enumerable.Repeat((byte)']', 1_500_000)]);

        PickleBytes laughs = Pickle.Ops("]q").Raw(0);
        for (byte level = 1; level < 100; level++)
        {
            byte[] lower = [.. Enumerable.Repeat<byte[]>([(byte)'h', (byte)(level - 1)], 10).SelectMany(b => b)];
            laughs.Ops("](").Raw(lower).Ops("eq").Raw(level);
        }

        AssertRefused("holds a list", laughs.Stop());
        // Holds itself.
        AssertRefused("holds no tensor by name", Pickle.Ops("}q").Raw(0).Text("state_dict").Ops("h").Raw(0).Ops("s").Stop());
        AssertRefused("holds a list", Pickle.Ops("]q").Raw(0).Ops("h").Raw(0).Ops("a").Stop());

        // One recipe for a tensor of many dimensions, called again and again.
        PickleBytes many = Pickle.Global("torch._utils", "_rebuild_tensor_v2").Ops("q").Raw(0)
            .Ops("((").Text("storage").Global("torch", "FloatStorage").Text("0").Text("cpu").Int(24);
        many.Ops("tQ").Int(0).Ints(Enumerable.Repeat(1L, 64)).Ints(Enumerable.Repeat(1L, 64)).Raw(0x89).Ops("Ntq").Raw(1);
        IEnumerable<byte> calls = Enumerable.Repeat<byte[]>([(byte)'h', 0, (byte)'h', 1, (byte)'R'], 100_000).SelectMany(b => b);
        AssertRefused("has more than 65536 tensors", [.. many.Stop()[..^1], .. calls, (byte)'.']);

        // Few bytes, many large copies.
        SavedTensor square = new("w", "FloatStorage", "0", 10_000, [100, 100]) { Stride = [1, 100] };
        byte[] pickle = Pickle.StateDict(Enumerable.Range(0, 20).Select(i => square with { Name = $"w{i}" })).Stop();
        AssertRefused("do its tensors overlap?", ZipBytes.Checkpoint(pickle, [("0", new byte[40_000])]).ToArray(), zipped: false);
    }

    private void AssertRefused(string expected, byte[] content, bool zipped = true)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        InputException? error = TryOpen(zipped ? Checkpoint(content) : content);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
        Assert.NotNull(error);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.InRange(error.Message.Length, 20, 1000);
    }

    private InputException? TryOpen(byte[] file)
    {
        File.WriteAllBytes(path, file);
        try
        {
            PyTorchFile.Open(path).Dispose();
            return null;
        }
        catch (InputException e)
        {
            return e;
        }
    }

    private static byte[] Checkpoint(byte[] pickle) =>
        ZipBytes.Checkpoint(pickle, [("0", MemoryMarshal.AsBytes(new float[24].AsSpan()).ToArray())]).ToArray();
}
