using System.CommandLine;
using System.Diagnostics;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Cli;

/// <summary><c>bench</c>: how fast this machine is with a model, from end to end.</summary>
internal static class BenchCommand
{
    private const int FewStored = 100;

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "bench", "Measure the speed of a model on this machine: forward pass, decoding, editing, evaluation, memory. "
                + "Facts are made up, so any model folder will do, even one without a tokenizer (see 'model random').");
        Option<string> folder = ModelOptions.Model(required: false);
        folder.Description = "The model folder. [default: the bundled model]";
        Option<int> edits = CommonOptions.Number(
            "--edits", "Facts to teach, and records to evaluate.", 100, n => n is >= 1 and <= 1_000_000,
            "a whole number from 1 to 1000000");
        Option<int?> stored = CommonOptions.OptionalNumber<int>(
            "--stored", $"Also compare the time of an edit beside so many stored neurons with that beside {FewStored}.",
            n => n is > FewStored and <= 1_000_000, $"a whole number from {FewStored + 1} to 1000000");
        Option<int?> layer = CommonOptions.OptionalNumber<int>(
            "--layer", "Block to edit, counted from 0. [default: the last but one]", l => l >= 0, "a block, counted from 0");
        Option<int> epochs = CommonOptions.Number(
            "--epochs", "Training steps per neuron.", 5, n => n is >= 1 and <= 100_000, "a whole number from 1 to 100000");
        Option<float> irr = CommonOptions.Number(
            "--irr-weight", "Weight of the loss that keeps a key silent on out-of-scope prompts; 0 samples none.",
            new IReVaSettings { Layer = 0 }.IrrWeight, w => w >= 0, "a finite number from 0");
        Option<int> repetitions = CommonOptions.Number(
            "--repetitions", "Runs of each figure after one to warm up; their median counts.", 5, n => n is >= 1 and <= 10_000,
            "a whole number from 1 to 10000");
        Option<double> seconds = CommonOptions.Number(
            "--seconds", "Begin no further run of a figure after this time; work whose first run takes longer is done just once.",
            30.0, s => s >= 0, "a finite number from 0");
        Option<ulong> seed = CommonOptions.Number("--seed", "Seeds the made-up facts.", 0ul, _ => true, "a whole number from 0");
        foreach (Option option in (Option[])[folder, edits, stored, layer, epochs, irr, repetitions, seconds, seed]) command.Add(option);
        AdapterOption adapter = AdapterOption.AddTo(command);
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parse =>
        {
            string path = parse.GetValue(folder) ?? ModelOptions.BundledFolder;
            using Session session = device.Open(parse, path, needsTokenizer: false, adapter: adapter.Of(parse));
            EditSettingsOptions.CheckLayer(parse.GetValue(layer), session.Model.Config);
            IReVaSettings settings = IReVaSettings.For(session.Model.Config, parse.GetValue(layer)) with
            {
                Retrofit = true,
                Epochs = parse.GetValue(epochs),
                IrrWeight = parse.GetValue(irr),
                Seed = parse.GetValue(seed),
            };
            Terminal terminal = Terminal.Of(parse);
            Show(terminal, DeviceOptions.ComputesOn(session), Measurement.Run(terminal, (progress, cancellation) =>
            {
                var clock = new BenchClock(parse.GetValue(repetitions), parse.GetValue(seconds), cancellation);
                return session.Compute(() => Measure(
                    session, path, clock, settings, parse.GetValue(edits), parse.GetValue(stored), parse.GetValue(seed),
                    (done, all) => progress.Report(new Step("Measuring", "figures", done, all))));
            }));
            return 0;
        });
        return command;
    }

    private static BenchReport Measure(
        Session session, string folder, BenchClock clock, IReVaSettings settings, int edits, int? stored, ulong seed, Action<int, int> told)
    {
        int done = 0;
        CausalLm model = session.Model;
        var passes = new BenchModel(model, clock, new Rng(seed).Fork("passes"));
        var editing = new BenchEditing(model, clock, settings, seed);
        BenchForward forward = Told(passes.Forward());
        BenchDecode decode = Told(passes.Decode());
        BenchTeaching retrofit = Told(editing.Teach(edits, retrofit: true)), born = Told(editing.Teach(edits, retrofit: false));
        BenchEvaluation evaluation = Told(editing.Evaluate(edits));
        BenchStored? beside = Told(stored is { } many ? editing.Stored(FewStored, many) : null);
        long peakMemory = Process.GetCurrentProcess().PeakWorkingSet64;

        // Last, because of its large buffer.
        double bandwidth = Told(session.Threads is { } threads ? BenchBandwidth.OfThreads(threads) : BenchBandwidth.OfDevice(model.Device));
        return new BenchReport(
            folder, model.Config, model.TokenTable.Value.DType.ToString(), model.Device.Name, session.Threads, settings,
            forward, decode, bandwidth,
            decode.TokensPerSecond * decode.BytesPerToken / bandwidth, retrofit, born, evaluation, beside, peakMemory);

        T Told<T>(T figure)
        {
            told(++done, 7);
            return figure;
        }
    }

    private static void Show(Terminal terminal, string on, BenchReport report)
    {
        if (terminal.Json)
        {
            terminal.Document(JsonText.Record(report));
            return;
        }

        ModelConfig c = report.Config;
        Table table = Terminal.NewTable(
            $"{report.Folder}, {Terminal.Counted(c.NLayer, "block")} of {c.NEmbd}, {report.DType}, {on}", "speed", "besides");
        Add($"forward, {report.Forward.Prompts} prompts of {report.Forward.Tokens} tokens",
            $"{Terminal.Figure(report.Forward.TokensPerSecond)} tokens/s", "");
        Add($"decoding at context {report.Decode.Context}", $"{Terminal.Figure(report.Decode.TokensPerSecond)} tokens/s",
            $"{Terminal.Bytes(report.Decode.BytesPerToken)} a token, {Terminal.Percent(100 * report.DecodeBandwidthShare)} % of "
                + $"the memory bandwidth of {Terminal.Bytes(report.BandwidthBytesPerSecond)}/s");
        AddTeaching($"{Terminal.Counted(report.Retrofit.Edits, "edit")}, retrofit of {report.Settings.Epochs} epochs", report.Retrofit);
        AddTeaching($"{Terminal.Counted(report.WithoutRetrofit.Edits, "edit")} without retrofit", report.WithoutRetrofit);
        Add($"evaluation of {Terminal.Counted(report.Evaluation.Records, "record")}",
            $"{Terminal.Figure(report.Evaluation.RecordsPerSecond)} records/s", "");
        if (report.Stored is { } s)
        {
            Add($"an edit beside {Terminal.Count(s.Many)} stored neurons", Terminal.Duration(s.SecondsPerEditBesideMany),
                $"{Terminal.Figure(s.Ratio)} times that beside {s.Few}");
        }

        Add("peak memory", Terminal.Bytes(report.PeakMemoryBytes), "");
        terminal.Show(table);

        void AddTeaching(string what, BenchTeaching t) => Add(what, $"{Terminal.Figure(t.EditsPerSecond)} edits/s",
            $"{Terminal.Figure(t.NeuronsPerSecond)} neurons/s, {Terminal.Duration(t.CpuSecondsPerNeuron)} of CPU a neuron, "
                + $"10,000 edits in {Terminal.Duration(10_000 / t.EditsPerSecond)}");

        void Add(string what, string figure, string more) => Terminal.AddRow(table, what, figure, more);
    }
}

/// <summary>All figures of a model on a machine.</summary>
/// <param name="Folder">The model folder.</param>
/// <param name="Config">Its architecture.</param>
/// <param name="DType">How its token table is stored.</param>
/// <param name="Device">What computed.</param>
/// <param name="Threads">Threads that shared the work; null on an accelerator.</param>
/// <param name="Settings">How facts were taught.</param>
/// <param name="Forward">A forward pass.</param>
/// <param name="Decode">Decoding.</param>
/// <param name="BandwidthBytesPerSecond">What the device's memory gives to sequential reads; see <see cref="BenchBandwidth"/>.</param>
/// <param name="DecodeBandwidthShare">The share of it that decoding uses.</param>
/// <param name="Retrofit">Teaching, as it is usual.</param>
/// <param name="WithoutRetrofit">Teaching without training.</param>
/// <param name="Evaluation">Evaluation.</param>
/// <param name="Stored">Teaching beside many stored neurons; null unless asked for.</param>
/// <param name="PeakMemoryBytes">The largest part of memory that the process had at any time.</param>
internal sealed record BenchReport(
    string Folder, ModelConfig Config, string DType, string Device, int? Threads, IReVaSettings Settings,
    BenchForward Forward, BenchDecode Decode,
    double BandwidthBytesPerSecond, double DecodeBandwidthShare,
    BenchTeaching Retrofit, BenchTeaching WithoutRetrofit, BenchEvaluation Evaluation, BenchStored? Stored, long PeakMemoryBytes);
