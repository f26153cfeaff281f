using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Transformer;

/// <summary>A trace holds what the model computes at each position, wherever it comes from.</summary>
public sealed class TraceTests : IDisposable
{
    private readonly CpuDevice device = new(threads: 1); // tests run side by side
    private readonly CausalLm model;
    private readonly TemporaryFolder temporary = TestFiles.TemporaryFolder();
    private readonly string folder;

    public TraceTests() => (model, folder) = (CausalLm.Load(TestFiles.Model, device), temporary.File("traces"));

    public void Dispose()
    {
        device.Dispose();
        temporary.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(5)]
    public void Many_sequences_together_give_each_the_bits_it_gets_alone(int layer)
    {
        // Enough tokens for several batches, lengths mixed.
        int[][] sequences = [.. Enumerable.Range(0, 120).Select(i =>
            Enumerable.Range(i, 1 + i * 7 % 40).Select(t => t * 37 % model.Config.VocabSize).ToArray())];
        int[] from = [.. sequences.Select((s, i) => i % s.Length)];
        Trace together = Trace.Run(model, sequences, from, layer);
        Tensor inputs = Trace.Inputs(model, sequences, from, layer);
        Assert.Equal(together.X.ToArray(), inputs.ToArray());
        foreach (int s in new[] { 0, 3, 39, 77, 119 })
        {
            Trace alone = Trace.Run(model, [sequences[s]], [from[s]], layer);
            int[] rows = [.. Enumerable.Range(0, together.Positions.Count).Where(row => together.Positions[row].Sequence == s)];
            Assert.Equal(rows.Length, alone.Positions.Count);
            Tensor tail = together.TailOf(rows)(together.Hidden.Slice(rows[0], rows.Length)).Value;
            Assert.Equal(alone.X.ToArray(), together.X.Slice(rows[0], rows.Length).ToArray());
            Assert.Equal(alone.Hidden.ToArray(), together.Hidden.Slice(rows[0], rows.Length).ToArray());
            Assert.Equal(alone.Final.ToArray(), together.Final.Slice(rows[0], rows.Length).ToArray());
            Assert.Equal(alone.BaseLogits().ToArray(), tail.ToArray());
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)] // nothing above
    public void A_trace_from_disk_is_the_trace_that_was_run(int layer)
    {
        int[][] sequences = [[1, 2, 3, 4], [5, 6]];
        var traces = new TraceFolder(Path.Combine(folder, "made", "for it"), model, "weights");
        Trace made = traces.GetOrRun(sequences, [1, 0], layer), read = traces.GetOrRun(sequences, [1, 0], layer);
        Assert.Single(Directory.GetFiles(folder, "*", SearchOption.AllDirectories));
        Assert.Equal(made.Positions, read.Positions);
        Assert.Equal(made.X.ToArray(), read.X.ToArray());
        Assert.Equal(made.BaseLogits().ToArray(), read.BaseLogits().ToArray());
        int[] rows = [0, 2, 3, 4];
        Tensor hidden = device.Allocate(rows.Length, model.Config.NEmbd);
        device.Gather(read.Hidden, rows, hidden);
        Assert.Equal(made.TailOf(rows)(hidden).Value.ToArray(), read.TailOf(rows)(hidden).Value.ToArray());
    }

    [Fact]
    public void Another_model_layer_prompt_or_position_is_another_trace()
    {
        var traces = new TraceFolder(folder, model, "weights");
        traces.GetOrRun([[1, 2, 3]], [1], 4);
        traces.GetOrRun([[1, 2, 3]], [1], 3);
        traces.GetOrRun([[1, 2, 3]], [2], 4);
        traces.GetOrRun([[1, 2, 4]], [1], 4);
        traces.GetOrRun([[1, 2], [3]], [1, 0], 4);
        new TraceFolder(folder, model, "other weights").GetOrRun([[1, 2, 3]], [1], 4);
        Assert.Equal(6, Directory.GetFiles(folder).Length);
    }

    [Fact]
    public void Damaged_files_are_made_anew()
    {
        var traces = new TraceFolder(folder, model, "weights");
        float[] logits = traces.GetOrRun([[1, 2, 3]], [1], 4).BaseLogits().ToArray();
        string path = Directory.GetFiles(folder).Single();
        byte[] bytes = File.ReadAllBytes(path);
        traces.GetOrRun([[4, 5]], [0], 4); // a file in order, but of other shapes
        byte[] other = File.ReadAllBytes(Directory.GetFiles(folder).Single(file => file != path));
        byte[] old = [.. bytes]; // whose checksum has another name, as if it had none
        old[bytes.AsSpan().IndexOf("xxh128"u8)] ^= 1;
        foreach (byte[] damaged in (byte[][])[bytes[..^5], bytes[..9], [], other, old])
        {
            File.WriteAllBytes(path, damaged);
            Assert.Equal(logits, traces.GetOrRun([[1, 2, 3]], [1], 4).BaseLogits().ToArray());
            Assert.Equal(bytes, File.ReadAllBytes(path));
        }
    }

    [Fact]
    public void A_trace_with_a_flipped_bit_is_made_anew_wherever_it_flipped()
    {
        var traces = new TraceFolder(folder, model, "weights");
        float[] logits = traces.GetOrRun([[1, 2, 3]], [1], 4).BaseLogits().ToArray();
        string path = Directory.GetFiles(folder).Single();
        byte[] bytes = File.ReadAllBytes(path);
        var random = new Random(1);
        for (int i = 0; i < 100; i++)
        {
            byte[] damaged = [.. bytes];
            int at = i < 20 ? random.Next(600) : random.Next(bytes.Length); // the header, then anywhere
            damaged[at] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path, damaged);
            Assert.Equal(logits, traces.GetOrRun([[1, 2, 3]], [1], 4).BaseLogits().ToArray());
        }

        Assert.Equal(bytes, File.ReadAllBytes(path));
    }

    [Fact]
    public void A_trace_of_another_prompt_under_its_name_is_made_anew()
    {
        var traces = new TraceFolder(folder, model, "weights");
        float[] logits = traces.GetOrRun([[1, 2, 3]], [1], 4).BaseLogits().ToArray();
        string path = Directory.GetFiles(folder).Single();
        traces.GetOrRun([[1, 2, 4]], [1], 4); // of the same shapes
        File.Move(Directory.GetFiles(folder).Single(file => file != path), path, overwrite: true);
        Assert.Equal(logits, traces.GetOrRun([[1, 2, 3]], [1], 4).BaseLogits().ToArray());
    }

    [Fact]
    public void Unusable_folders_are_told()
    {
        string path = temporary.File("file");
        File.WriteAllText(path, "");
        InputException e = Assert.Throws<InputException>(() => new TraceFolder(Path.Combine(path, "below"), model, "weights"));
        Assert.Contains("cannot be made", e.Message, StringComparison.Ordinal);
    }
}
