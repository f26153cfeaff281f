using Sharpformer.Transformer;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Variable = Sharpformer.Autograd.Variable;

namespace Sharpformer.Peers;

/// <summary>
/// GPT-2 written in libtorch with its fastest operations: addmm for linear layers, fused attention, layer norm and GELU.
/// The weights are those of one of our models, widened to float32.
/// </summary>
internal sealed class PeerGpt2
{
    private readonly ModelConfig config;
    private readonly List<Parameter> parameters = [];
    private readonly Tensor tokens, positions, head;
    private readonly Layer[] layers;
    private readonly Norm final;

    /// <param name="model">Whose weights; a tied head stays tied.</param>
    /// <param name="trains">Whether they require gradients.</param>
    public PeerGpt2(CausalLm model, bool trains = false)
    {
        config = model.Config;
        (tokens, positions) = (Copy(model.TokenTable), Copy(model.PositionTable!));
        head = (config.TiesHead ? tokens : Copy(model.Head)).t();
        layers = [.. model.Blocks.Select(b => new Layer(
            Norm(b.Norm1), Linear(b.Attention.Qkv), Linear(b.Attention.Output), Norm(b.Norm2!), Linear(b.Mlp.Up), Linear(b.Mlp.Down)))];
        final = Norm(model.FinalNorm);
        Tensor Copy(Variable weight)
        {
            var copy = new Parameter(tensor(weight.Value.ToArray(), [.. weight.Shape.Dims.ToArray().Select(dim => (long)dim)]), trains);
            parameters.Add(copy);
            return copy;
        }

        Norm Norm(NormWeights norm) => new(Copy(norm.Gain), Copy(norm.Bias), norm.Epsilon);
        Linear Linear(LinearWeights linear) => new(Copy(linear.Matrices.Single()), Copy(linear.Bias!));
    }

    public int Layers => layers.Length;

    /// <summary>All weights.</summary>
    public IReadOnlyList<Parameter> Parameters => parameters;

    public int Width => config.NEmbd;

    /// <summary>The head's row of a token, <c>[1,C]</c>.</summary>
    public Tensor HeadRow(int token) => head.t().narrow(0, token, 1);

    /// <summary>h of new tokens <c>[B,T]</c> at positions from <paramref name="past"/> on, <c>[B,T,C]</c>.</summary>
    public Tensor Embed(Tensor ids, int past) =>
        tokens.index_select(0, ids.flatten()).view(ids.shape[0], ids.shape[1], -1) + positions.narrow(0, past, ids.shape[1]);

    /// <summary>One block; see <see cref="Attended"/> for what it attends to.</summary>
    /// <param name="l">Which.</param>
    /// <param name="h">Residual stream, <c>[B,T,C]</c>.</param>
    /// <param name="attended">Given the new keys and values <c>[B,H,T,D]</c>, all of them.</param>
    /// <param name="beside">What is added beside the MLP, given its input; or null.</param>
    public Tensor Block(int l, Tensor h, Attended attended, Func<Tensor, Tensor>? beside = null)
    {
        Layer layer = layers[l];
        (long B, long T, long C) = (h.shape[0], h.shape[1], h.shape[2]);
        Tensor[] qkv = layer.Qkv.Forward(layer.Norm1.Forward(h)).split(C, -1);
        Tensor q = Heads(qkv[0]);
        (Tensor k, Tensor v) = attended(l, Heads(qkv[1]), Heads(qkv[2]));
        Tensor y = functional.scaled_dot_product_attention(q, k, v, is_casual: T > 1).transpose(1, 2).reshape(B, T, C);
        Tensor mid = h + layer.Output.Forward(y);
        Tensor x = layer.Norm2.Forward(mid);
        Tensor up = functional.gelu(layer.Up.Forward(x), TorchSharp.Modules.GELU.Approximate.tanh);
        Tensor output = mid + layer.Down.Forward(up);
        return beside is null ? output : output + beside(x);

        Tensor Heads(Tensor part) => part.view(B, T, config.NHead, C / config.NHead).transpose(1, 2);
    }

    /// <summary>h <c>[…,C]</c> to logits <c>[…,V]</c>.</summary>
    public Tensor Logits(Tensor h) => matmul(final.Forward(h), head);

    /// <summary>Last logits of prompts of equal length, <c>[B,V]</c>.</summary>
    public Tensor LastLogits(Tensor ids)
    {
        Tensor h = Embed(ids, 0);
        for (int l = 0; l < Layers; l++) h = Block(l, h, (_, k, v) => (k, v));
        return Logits(h.select(1, -1));
    }

    private sealed record Norm(Tensor Gain, Tensor Bias, float Epsilon)
    {
        public Tensor Forward(Tensor x) => functional.layer_norm(x, [x.shape[^1]], Gain, Bias, Epsilon);
    }

    /// <summary>One matrix <c>[in,out]</c> with its bias.</summary>
    private sealed record Linear(Tensor Weight, Tensor Bias)
    {
        public Tensor Forward(Tensor x)
        {
            long[] shape = x.shape;
            return addmm(Bias, x.reshape(-1, shape[^1]), Weight, 1, 1).view([.. shape[..^1], Weight.shape[1]]);
        }
    }

    private sealed record Layer(Norm Norm1, Linear Qkv, Linear Output, Norm Norm2, Linear Up, Linear Down);
}

/// <summary>Keys and values that a block's new positions attend to, given their own.</summary>
internal delegate (Tensor Keys, Tensor Values) Attended(int layer, Tensor keys, Tensor values);

/// <summary>Decoding one sequence with a cache that is written in place.</summary>
internal sealed class PeerDecoding
{
    private readonly PeerGpt2 model;
    private readonly (Tensor Keys, Tensor Values)[] cache;
    private int past;

    public PeerDecoding(PeerGpt2 model, int heads, int capacity)
    {
        this.model = model;
        cache = [.. Enumerable.Range(0, model.Layers).Select(_ => (Room(), Room()))];

        Tensor Room() => zeros(1, heads, capacity, model.Width / heads);
    }

    /// <summary>Logits after the last of the new tokens, <c>[1,V]</c>.</summary>
    public Tensor Advance(params long[] ids)
    {
        Tensor h = model.Embed(tensor(ids, 1, ids.Length), past);
        int length = past + ids.Length;
        for (int l = 0; l < model.Layers; l++)
            h = model.Block(l, h, (layer, k, v) => (Grown(cache[layer].Keys, k), Grown(cache[layer].Values, v)));
        past = length;
        return model.Logits(h.select(1, -1));

        Tensor Grown(Tensor room, Tensor added)
        {
            room.narrow(2, past, ids.Length).copy_(added);
            return room.narrow(2, 0, length);
        }
    }
}
