using Sharpformer.Peers.Formats;
using Sharpformer.Tensors;

namespace Sharpformer.Peers;

/// <summary>
/// A process of its own for each side, all of the same program (Alone), compiled ahead to machine code: it loads the model, reads 32 tokens
/// and then 32 more one by one.
/// </summary>
/// <param name="program">That program.</param>
/// <param name="files">The models.</param>
/// <param name="alternation">How to time.</param>
/// <param name="threads">Threads of each side.</param>
internal sealed class ProcessRows(string program, PeerFiles files, Alternation alternation, int threads)
{
    private const int Prompt = 32, Decoded = 32;

    /// <summary>Seconds from start to end, and the most memory.</summary>
    public IEnumerable<Row> All()
    {
        foreach ((DType type, GgufType gguf) in ((DType, GgufType)[])[(DType.F32, GgufType.F32), (DType.F16, GgufType.F16)])
        {
            string folder = files.Ours("gpt2", type), work = $"124M {type}, own process, {Prompt} + {Decoded} tokens";
            var ours = new Peaks(program, "ours", folder, folder, threads, goal: null);
            Peaks[] peers = [new(program, $"llama.cpp {gguf}".ToLowerInvariant(), files.Gguf("gpt2", gguf), folder, threads, goal: 1)];
            if (type == DType.F32) peers = [.. peers, new(program, "ONNX Runtime", files.Onnx("gpt2"), folder, threads, goal: null)];
            Way our = ours.Way();
            foreach (Row row in alternation.Time(work, "process", 1, our, [.. peers.Select(peer => peer.Way())])) yield return row;
            foreach (Peaks peer in peers)
            {
                double mine = ours.Megabytes, theirs = peer.Megabytes;
                yield return Alternation.Told(
                    new Row($"{work}, peak memory", "MB", mine, theirs, theirs / mine, null, null, peer.Name) { Goal = peer.Goal });
            }
        }
    }

    /// <summary>Processes of one side, and the peaks that they told.</summary>
    private sealed class Peaks(string program, string name, string path, string folder, int threads, double? goal)
    {
        private readonly List<double> told = [];

        public string Name => name;

        public double? Goal => goal;

        public double Megabytes => Alternation.Median([.. told]) * 1e-6;

        /// <summary>A way whose files are in the system's cache.</summary>
        public Way Way()
        {
            Sample();
            return new Way(name, Sample, goal);
        }

        private double Sample()
        {
            (double peak, double seconds) = OwnProcess.Run(program, name, path, folder, $"{threads}", $"{Prompt}", $"{Decoded}");
            told.Add(peak);
            return seconds;
        }
    }
}
