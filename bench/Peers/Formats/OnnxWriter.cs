using System.Globalization;
using System.Runtime.InteropServices;
using Sharpformer.Transformer;

namespace Sharpformer.Peers.Formats;

/// <summary>
/// A GPT-2 checkpoint as two ONNX graphs over one file of float32 weights, made of ONNX Runtime's own fused operators: <c>Attention</c>,
/// <c>SkipLayerNormalization</c> and <c>FastGelu</c>. Field numbers are those of
/// <see href="https://github.com/onnx/onnx/blob/main/onnx/onnx.proto"/>.
/// </summary>
internal static class OnnxWriter
{
    /// <summary>Prompts: <c>ids [B,T]</c> and <c>positions [T]</c> to <c>logits [B,V]</c> of the last position.</summary>
    public const string Forward = "forward.onnx";

    /// <summary>The same with <c>past_i [2,B,H,P,D]</c> of each block, and <c>present_i [2,B,H,P+T,D]</c>.</summary>
    public const string Decode = "decode.onnx";

    private const string WeightsFile = "weights.bin", Microsoft = "com.microsoft";
    private const int Float = 1, Int64 = 7, IrVersion = 8, Opset = 17, PageBytes = 4096;

    /// <summary>Writes both graphs and the weights.</summary>
    /// <param name="weights">The checkpoint.</param>
    /// <param name="folder">A folder that is there.</param>
    public static void Write(Gpt2Weights weights, string folder)
    {
        Message[] initializers = [.. WriteWeights(weights, Path.Combine(folder, WeightsFile)), MinusOne()];
        foreach ((string name, bool hasPast) in ((string, bool)[])[(Forward, false), (Decode, true)])
        {
            Message model = new Message().With(1, IrVersion).With(2, "sharpformer-peers")
                .With(7, Graph(weights.Config, initializers, hasPast))
                .With(8, new Message().With(1, "").With(2, Opset))
                .With(8, new Message().With(1, Microsoft).With(2, 1));
            File.WriteAllBytes(Path.Combine(folder, name), model.ToArray());
        }
    }

    /// <summary>Each tensor at the beginning of a page, so that the file can be mapped.</summary>
    private static IEnumerable<Message> WriteWeights(Gpt2Weights weights, string path)
    {
        using FileStream file = File.Create(path);
        foreach (string name in weights.Names)
        {
            file.Position = (file.Length + PageBytes - 1) / PageBytes * PageBytes;
            long offset = file.Position;
            file.Write(MemoryMarshal.AsBytes(weights.Values(name).AsSpan()));
            var tensor = new Message();
            foreach (long extent in weights.Shape(name)) tensor.With(1, extent);
            yield return tensor.With(2, Float).With(8, name)
                .With(13, Place("location", WeightsFile))
                .With(13, Place("offset", offset.ToString(CultureInfo.InvariantCulture)))
                .With(13, Place("length", (file.Position - offset).ToString(CultureInfo.InvariantCulture)))
                .With(14, 1);
        }

        static Message Place(string key, string value) => new Message().With(1, key).With(2, value);
    }

    private static Message MinusOne() => new Message().With(2, Int64).With(8, "minus_one").With(9, BitConverter.GetBytes(-1L));

    private static Message Graph(ModelConfig config, Message[] initializers, bool hasPast)
    {
        int width = config.NEmbd / config.NHead;
        object[] kept = [2, "B", config.NHead, "P", width], grown = [2, "B", config.NHead, "Q", width];
        int[] blocks = [.. hasPast ? Enumerable.Range(0, config.NLayer) : []];
        return new Message().WithAll(1, Nodes(config, hasPast)).With(2, "gpt2").WithAll(5, initializers)
            .With(11, Value("ids", Int64, "B", "T")).With(11, Value("positions", Int64, "T"))
            .WithAll(11, blocks.Select(l => Value($"past_{l}", Float, kept)))
            .With(12, Value("logits", Float, "B", config.VocabSize))
            .WithAll(12, blocks.Select(l => Value($"present_{l}", Float, grown)));
    }

    private static IEnumerable<Message> Nodes(ModelConfig config, bool hasPast)
    {
        (string, object) epsilon = ("epsilon", config.LayerNormEpsilon);
        yield return Node("Gather", ["wte.weight", "ids"], ["token"]);
        yield return Node("Gather", ["wpe.weight", "positions"], ["place"]);
        yield return Node("Add", ["token", "place"], ["h_0"]);
        yield return Node("LayerNormalization", ["h_0", "h.0.ln_1.weight", "h.0.ln_1.bias"], ["x_0"], "", epsilon, ("axis", -1L));
        for (int l = 0; l < config.NLayer; l++)
        {
            string block = $"h.{l}.", next = l + 1 == config.NLayer ? "ln_f" : $"h.{l + 1}.ln_1";
            yield return Node(
                "Attention", [$"x_{l}", block + "attn.c_attn.weight", block + "attn.c_attn.bias", "", hasPast ? $"past_{l}" : ""],
                hasPast ? [$"attended_{l}", $"present_{l}"] : [$"attended_{l}"], Microsoft,
                ("num_heads", (long)config.NHead), ("unidirectional", 1L));
            yield return Node("MatMul", [$"attended_{l}", block + "attn.c_proj.weight"], [$"output_{l}"]);
            yield return Added($"h_{l}", $"output_{l}", block + "ln_2", block + "attn.c_proj.bias", $"y_{l}", $"middle_{l}");
            yield return Node("MatMul", [$"y_{l}", block + "mlp.c_fc.weight"], [$"up_{l}"]);
            yield return Node("FastGelu", [$"up_{l}", block + "mlp.c_fc.bias"], [$"active_{l}"], Microsoft);
            yield return Node("MatMul", [$"active_{l}", block + "mlp.c_proj.weight"], [$"down_{l}"]);
            yield return Added($"middle_{l}", $"down_{l}", next, block + "mlp.c_proj.bias", $"x_{l + 1}", $"h_{l + 1}");
        }

        yield return Node("Gather", [$"x_{config.NLayer}", "minus_one"], ["last"], "", ("axis", 1L));
        yield return Node("Gemm", ["last", "wte.weight"], ["logits"], "", ("transB", 1L));

        // The sum of a block's input, a map's output and its bias; and that layer-normed.
        Message Added(string input, string output, string norm, string bias, string normed, string sum) => Node(
            "SkipLayerNormalization", [input, output, norm + ".weight", norm + ".bias", bias], [normed, "", "", sum], Microsoft, epsilon);
    }

    private static Message Node(
        string op, string[] inputs, string[] outputs, string domain = "", params (string Name, object Value)[] attributes) =>
        new Message().WithAll(1, inputs).WithAll(2, outputs).With(3, outputs[0]).With(4, op)
            .WithAll(5, attributes.Select(Attribute)).With(7, domain);

    private static Message Attribute((string Name, object Value) attribute)
    {
        const int FloatKind = 1, IntKind = 2;
        Message message = new Message().With(1, attribute.Name);
        return attribute.Value is float number
            ? message.With(2, number).With(20, FloatKind)
            : message.With(3, (long)attribute.Value).With(20, IntKind);
    }

    private static Message Value(string name, int type, params object[] extents)
    {
        IEnumerable<Message> dims = extents.Select(
            extent => extent is int known ? new Message().With(1, known) : new Message().With(2, (string)extent));
        Message tensor = new Message().With(1, type).With(2, new Message().WithAll(1, dims));
        return new Message().With(1, name).With(2, new Message().With(1, tensor));
    }
}
