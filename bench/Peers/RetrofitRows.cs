using System.Diagnostics;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;
using TorchSharp;

namespace Sharpformer.Peers;

/// <summary>
/// Teaching many facts to the bundled model. Ours teaches all of them; the peers, one edit at a time, a few, and their time
/// is scaled by the number of neurons, which is fair because an edit costs them the same wherever it stands.
/// </summary>
/// <param name="device">The engine's device.</param>
/// <param name="root">The repository.</param>
/// <param name="edits">How many facts ours teaches.</param>
/// <param name="peerEdits">How many facts each peer teaches, twice: before and after ours.</param>
internal sealed class RetrofitRows(CpuDevice device, string root, int edits, int peerEdits)
{
    private static readonly IReVaSettings Settings = new() { Layer = 4, Theta = 0.85f, Alpha = 1, RecWeight = 0.1f, IrrWeight = 0 };

    /// <summary>Ours against the same arithmetic one edit at a time, and against the whole prompt once more in each epoch.</summary>
    public IEnumerable<Row> All()
    {
        string folder = Path.Combine(root, "models", "facts-gpt2");
        CausalLm model = CausalLm.Load(folder, device);
        var tokenizer = Tokenizer.Load(folder);
        TokenizedRequest[] requests = [.. EditRecord.Load(Path.Combine(root, "data", "facts", "zsre.json"), edits)
            .Select(r => TokenizedRequest.Of(tokenizer, r.ToRequest(" Answer:"), model.Config.NPositions))];
        EditTokens[] some = [.. requests.Take(peerEdits).Select(l => l.Tokens)];

        using var scope = torch.NewDisposeScope();
        var peer = new PeerRetrofit(new PeerGpt2(model), Settings);
        CheckLosses(model, requests, some, peer); // and warms up all three
        Func<EditTokens, List<float[]>>[] ways = [peer.ByTail, peer.ByWholePrompt];
        double[] before = Array.ConvertAll(ways, way => SecondsPerNeuron(way, some));
        (double seconds, double cpuSeconds, int neurons) = TeachAll(model, requests);
        double[] after = Array.ConvertAll(ways, way => SecondsPerNeuron(way, some));

        yield return Against("libtorch, same", 0, 30);
        yield return Against("libtorch, whole", 1, null);
        yield return Alternation.Told(
            new Row("its CPU time", "neuron", neurons / cpuSeconds, null, null, cpuSeconds / neurons * 1e3, null, "-"));

        Row Against(string peerName, int way, double? goal)
        {
            double perNeuron = seconds / neurons, theirs = (before[way] + after[way]) / 2;
            return Alternation.Told(new Row(
                $"retrofit of {requests.Length} edits, {neurons} neurons, 5 epochs", "neuron", 1 / perNeuron, 1 / theirs,
                theirs / perNeuron, perNeuron * 1e3, theirs * 1e3, peerName)
            { Goal = goal });
        }
    }

    /// <summary>Teaches the facts as the command line does, without a store.</summary>
    private static (double Seconds, double CpuSeconds, int Neurons) TeachAll(CausalLm model, IReadOnlyList<TokenizedRequest> requests)
    {
        KeyValueAdaptor adaptor = KeyValueAdaptor.For(model, Settings.Layer);
        using var process = Process.GetCurrentProcess();
        TimeSpan cpu = process.TotalProcessorTime;
        double seconds = Alternation.Seconds(() =>
        {
            foreach (IReadOnlyList<TokenizedRequest> chunk in IReVaTeaching.Chunks(requests))
                adaptor = adaptor.With(new IReVaTeaching(model, adaptor, Settings).TeachTogether(chunk));
        });
        process.Refresh();
        return (seconds, (process.TotalProcessorTime - cpu).TotalSeconds, adaptor.Count);
    }

    private static double SecondsPerNeuron(Func<EditTokens, List<float[]>> way, EditTokens[] some) =>
        Alternation.Seconds(() => Array.ForEach(some, edit => way(edit))) / some.Sum(edit => edit.Target.Length);

    /// <summary>All three must train alike, or their times mean nothing.</summary>
    private static void CheckLosses(CausalLm model, TokenizedRequest[] requests, EditTokens[] some, PeerRetrofit peer)
    {
        var teaching = new IReVaTeaching(model, KeyValueAdaptor.For(model, Settings.Layer), Settings);
        for (int e = 0; e < some.Length; e++)
        {
            Edit edit = teaching.Teach(requests[e]);
            foreach (List<float[]> losses in (ReadOnlySpan<List<float[]>>)[peer.ByTail(some[e]), peer.ByWholePrompt(some[e])])
                for (int n = 0; n < losses.Count; n++)
                    for (int epoch = 0; epoch < Settings.Epochs; epoch++)
                    {
                        float ours = IReVaParts.Neurons(edit)[n].Losses[epoch].Edit, theirs = losses[n][epoch];
                        // AdamW steps by sign, also where a gradient is mere rounding.
                        if (!(Math.Abs(ours - theirs) <= 0.01 * Math.Max(1, ours)))
                        {
                            throw new InvalidOperationException(
                                $"Edit {e}, neuron {n}, epoch {epoch}: loss {ours}, libtorch has {theirs}.");
                        }
                    }
        }
    }
}
