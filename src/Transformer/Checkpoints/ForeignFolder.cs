using Sharpformer.Tensors;
using Sharpformer.Transformer.Adapters;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>What people who have a folder without a model for this program usually have instead.</summary>
internal static class ForeignFolder
{
    private const string OtherModel = "expected one of GPT-2's kind with vocab.json and merges.txt, or tokenizer.json.";

    private const string Published = "most models are published as safetensors too; else ";

    private static readonly (Func<string, bool> Is, string What, string Do)[] Kinds =
    [
        (IsOfTensorFlow, "is of a TensorFlow checkpoint", Published + "convert it with transformers (from_tf, then save_pretrained)."),
        (Ends(".h5"), "is a TensorFlow (Keras) model", Published + "convert it with transformers (from_tf, then save_pretrained)."),
        (Ends(".msgpack"), "is a Flax (JAX) model", Published + "convert it with transformers (from_flax, then save_pretrained)."),
        (Ends(".gguf"), "is a model for llama.cpp", "take the safetensors that it was made from."),
        (name => name.StartsWith("ggml", StringComparison.Ordinal), "is a model for llama.cpp", "take what it was made from."),
        (Ends(".onnx"), "is an ONNX model", "take the safetensors that it was exported from."),
        (Ends(".ot"), "is a model for rust-bert", "take the safetensors that it was made from."),
        (Ends(".tflite"), "is a TensorFlow Lite model", "take the safetensors that it was made from."),
        (Ends(".npz"), "holds NumPy arrays", "save the model as safetensors with the program that made it."),
        (name => name == "hparams.json", "belongs to a model as OpenAI published it in 2019, for TensorFlow",
            "take the same model as safetensors, or convert it with transformers."),
        (name => name is "spiece.model" or "tokenizer.model" or "sentencepiece.bpe.model", "is a SentencePiece tokenizer", OtherModel),
        (name => name == "vocab.txt", "is a WordPiece vocabulary, as of BERT", OtherModel),
    ];

    /// <summary>A hint for whoever looks for a model in the folder; null where nothing in it is known.</summary>
    public static string? Hint(string folder)
    {
        string[] names = Names(folder);
        if (names.Contains(LoraSettings.FileName)) return "this is an adapter: name it with --adapter, and the base model with --model.";
        if (names.FirstOrDefault(name => !IsOfTensorFlow(name) && name.Contains("-of-", StringComparison.Ordinal)) is { } shard)
            return $"{Quoted.Text(shard)} is one of several shards, which only their index tells apart: download the .index.json too.";
        foreach ((Func<string, bool> isOne, string what, string advice) in Kinds)
            if (names.FirstOrDefault(isOne) is { } name) return $"{Quoted.Text(name)} {what}, a format that is not read: {advice}";
        return null;
    }

    /// <summary>Names of the entries of a folder in ordinal order; none where it cannot be looked into.</summary>
    public static string[] Names(string folder)
    {
        try
        {
            return Directory.Exists(folder)
                ? [.. Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
                : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>What unknown tensors say about how a checkpoint was made; null for nothing.</summary>
    public static string? HintOf(IEnumerable<string> tensors)
    {
        foreach (string name in tensors)
        {
            string last = name[(name.LastIndexOf('.') + 1)..];
            if (name.Contains(".lora_", StringComparison.Ordinal) || name.Contains(".base_layer.", StringComparison.Ordinal))
                return $"{Quoted.Text(name)} is of an adapter that is not merged: merge it into the model first.";
            if (last is "qweight" or "qzeros" or "scales" or "g_idx")
                return $"{Quoted.Text(name)} is quantized by GPTQ or AWQ: take the checkpoint that it was made from.";
            if (last is "absmax" or "SCB" or "quant_map" || last.StartsWith("bitsandbytes", StringComparison.Ordinal))
                return $"{Quoted.Text(name)} is quantized by bitsandbytes: take the checkpoint that it was made from.";
        }

        return null;
    }

    private static Func<string, bool> Ends(string extension) => name => name.EndsWith(extension, StringComparison.OrdinalIgnoreCase);

    private static bool IsOfTensorFlow(string name) =>
        name.Contains(".data-0", StringComparison.Ordinal) || name == "checkpoint" || name == "saved_model.pb"
        || ((name.EndsWith(".index", StringComparison.Ordinal) || name.EndsWith(".meta", StringComparison.Ordinal))
            && name.Contains('-', StringComparison.Ordinal)) || name.Contains(".ckpt.", StringComparison.Ordinal)
        || name.Contains(".ckpt-", StringComparison.Ordinal);
}
