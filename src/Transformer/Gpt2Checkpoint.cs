using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>The GPT-2 family: which checkpoint tensor goes where. Names are the public ones, see <see cref="Checkpoint"/>.</summary>
internal static class Gpt2Checkpoint
{
    /// <summary>Maps and checks every tensor; weights stay as stored, vectors are widened.</summary>
    /// <exception cref="InputException">Files are damaged, or tensors are missing, too many or misshaped.</exception>
    public static CausalLm Load(string folder, ModelConfig config, Device device)
    {
        using Checkpoint checkpoint = Checkpoint.Open(folder, device);
        (int C, int V, int inner) = (config.NEmbd, config.VocabSize, config.NInner);
        Tensor tokens = checkpoint.Matrix("wte.weight", V, C);
        Tensor positions = checkpoint.Matrix("wpe.weight", config.NPositions, C);
        var blocks = new Block[config.NLayer];
        for (int l = 0; l < blocks.Length; l++)
        {
            blocks[l] = new Block(
                Norm($"h.{l}.ln_1"),
                new AttentionWeights(
                    config.NHead,
                    checkpoint.Matrix($"h.{l}.attn.c_attn.weight", C, 3 * C), checkpoint.Vector($"h.{l}.attn.c_attn.bias", 3 * C),
                    checkpoint.Matrix($"h.{l}.attn.c_proj.weight", C, C), checkpoint.Vector($"h.{l}.attn.c_proj.bias", C)),
                Norm($"h.{l}.ln_2"),
                new MlpWeights(
                    checkpoint.Matrix($"h.{l}.mlp.c_fc.weight", C, inner), checkpoint.Vector($"h.{l}.mlp.c_fc.bias", inner),
                    checkpoint.Matrix($"h.{l}.mlp.c_proj.weight", inner, C), checkpoint.Vector($"h.{l}.mlp.c_proj.bias", C)));
            checkpoint.Ignore($"h.{l}.attn.bias", $"h.{l}.attn.masked_bias"); // causal mask buffers, not weights
        }

        NormWeights final = Norm("ln_f");
        Tensor head = checkpoint.Has("lm_head.weight") ? checkpoint.Matrix("lm_head.weight", V, C) : tokens;
        checkpoint.ThrowIfUnfit();
        return new CausalLm(config, tokens, positions, blocks, final, head);

        NormWeights Norm(string name) =>
            new(checkpoint.Vector($"{name}.weight", C), checkpoint.Vector($"{name}.bias", C), config.LayerNormEpsilon);
    }
}
