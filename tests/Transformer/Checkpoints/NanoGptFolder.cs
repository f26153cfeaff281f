using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Tests.Tensors.PyTorch;

namespace Sharpformer.Tests.Transformer.Checkpoints;

/// <summary>Checkpoints as nanoGPT leaves them.</summary>
internal static class NanoGptFolder
{
    /// <summary>Writes <c>ckpt.pt</c>.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="data">A folder of test inputs with its weights.</param>
    /// <param name="vocabulary">What its arguments say of it; null for nothing.</param>
    /// <param name="positions">The same.</param>
    public static void Write(string folder, string data, int? vocabulary, int positions = 24)
    {
        var tensors = new List<SavedTensor>();
        var storages = new List<(string, byte[])>();
        using (SafeTensorsFile weights = SafeTensorsFile.Open(Path.Combine(data, "weights.safetensors")))
        {
            foreach (TensorInfo info in weights.Tensors)
            {
                byte[] bytes = new byte[info.Length];
                weights.Read(info.Name, 0, bytes);
                tensors.Add(new SavedTensor("_orig_mod." + info.Name, "FloatStorage", info.Name, info.Count, [.. info.Shape]));
                storages.Add((info.Name, bytes));
            }
        }

        SavedTensor table = tensors.Single(t => t.Name.EndsWith("wte.weight", StringComparison.Ordinal));
        tensors.Add(table with { Name = "_orig_mod.lm_head.weight" });
        PickleBytes pickle = new PickleBytes().Ops("}(").Text("model").StateDict(tensors)
            .Text("optimizer").Ops("}(").Text("state").Ops("}(").Int(0).Ops("}(").Text("exp_avg").Tensor(tensors[0]).Ops("uu")
            .Text("param_groups").Ops("]u")
            .Text("model_args").Ops("}(");
        pickle.Text("n_layer").Int(2).Text("n_head").Int(2).Text("n_embd").Int(16).Text("block_size").Int(positions);
        if (vocabulary is { } size) pickle.Text("vocab_size").Int(size);
        pickle.Text("bias").Raw(0x89).Text("dropout").Raw((byte)'G', 0, 0, 0, 0, 0, 0, 0, 0).Ops("u").Text("iter_num").Int(2000).Ops("u");
        File.WriteAllBytes(Path.Combine(folder, "ckpt.pt"), ZipBytes.Checkpoint(pickle.Stop(), storages).ToArray());
    }
}
