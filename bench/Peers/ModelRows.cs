using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using TorchSharp;

namespace Sharpformer.Peers;

/// <summary>Whole models: a forward pass over a batch of prompts, and decoding one sequence. Random weights, the same in both.</summary>
/// <param name="device">The engine's device.</param>
/// <param name="alternation">How to time.</param>
/// <param name="files">The models.</param>
internal sealed class ModelRows(CpuDevice device, Alternation alternation, PeerFiles files)
{
    private const int Prompts = 64, Tokens = 20;

    /// <summary>The decoded tokens are the 16 around position 64.</summary>
    private const int Context = 56, Decoded = 16;

    /// <summary>Rows for the 124M model stored as float32, which is what libtorch computes with, and as F16.</summary>
    public IEnumerable<Row> All() => Of(DType.F32).Concat(Of(DType.F16));

    private IEnumerable<Row> Of(DType dtype)
    {
        CausalLm model = CausalLm.Load(files.Ours("gpt2", dtype), device);
        using var scope = torch.NewDisposeScope();
        using IDisposable inference = torch.inference_mode(true);
        var peer = new PeerGpt2(model);
        yield return Forward(model, peer, $"124M forward, {Prompts}x{Tokens}, last logits, {dtype} file");
        yield return Decode(model, peer, $"124M decode at context 64, {dtype} file");
    }

    private Row Forward(CausalLm model, PeerGpt2 peer, string work)
    {
        int[][] prompts = RandomPrompts(model.Config);
        var batch = new TokenBatch(prompts);
        using torch.Tensor ids = torch.tensor([.. prompts.SelectMany(p => p).Select(id => (long)id)], [Prompts, Tokens]);
        float[] ourLogits = [], theirLogits = [];
        for (int run = 0; run < 2; run++) // the second to warm up
        {
            Ours();
            Peer();
        }

        Agreeing.Check(work, ourLogits, theirLogits);
        return alternation.Time(
            work, "token", Prompts * Tokens, new Way("ours", () => Alternation.Seconds(Ours)),
            new Way("libtorch", () => Alternation.Seconds(Peer), Goal: 1.2)).Single();

        void Ours()
        {
            using BufferScope scope = device.Scope();
            ourLogits = new DecodeSession(model, Prompts, Tokens).Advance(batch).ToArray();
        }

        void Peer()
        {
            using var scope = torch.NewDisposeScope();
            theirLogits = peer.LastLogits(ids).data<float>().ToArray();
        }
    }

    private Row Decode(CausalLm model, PeerGpt2 peer, string work)
    {
        int[] text = [.. RandomPrompts(model.Config).SelectMany(p => p).Take(Context + Decoded)];
        float[] ourLogits = [], theirLogits = [];
        Ours();
        Peer();
        Agreeing.Check(work, ourLogits, theirLogits);
        return alternation.Time(work, "token", 1, new Way("ours", Ours), new Way("libtorch", Peer, Goal: 1.2)).Single();

        double Ours()
        {
            using BufferScope scope = device.Scope();
            var session = new DecodeSession(model, 1, text.Length);
            Step(text[..Context]);
            return Alternation.Seconds(() =>
            {
                for (int i = Context; i < text.Length; i++) Step([text[i]]);
            }) / Decoded;

            void Step(int[] tokens)
            {
                using BufferScope step = device.Scope();
                ourLogits = session.Advance(new TokenBatch(tokens)).ToArray();
            }
        }

        double Peer()
        {
            using var scope = torch.NewDisposeScope();
            var session = new PeerDecoding(peer, model.Config.NHead, text.Length);
            session.Advance([.. text[..Context].Select(id => (long)id)]);
            return Alternation.Seconds(() =>
            {
                for (int i = Context; i < text.Length; i++)
                {
                    using var step = torch.NewDisposeScope();
                    theirLogits = session.Advance(text[i]).data<float>().ToArray();
                }
            }) / Decoded;
        }
    }

    private static int[][] RandomPrompts(ModelConfig config)
    {
        var rng = new Rng(7);
        int[] Prompt() => [.. Enumerable.Range(0, Tokens).Select(_ => rng.NextInt(config.VocabSize))];
        return [.. Enumerable.Range(0, Prompts).Select(_ => Prompt())];
    }
}
