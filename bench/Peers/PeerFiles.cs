using Sharpformer.Peers.Formats;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Peers;

/// <summary>
/// Models of published sizes with random weights, and the same in the peers' formats: made when first asked for, and kept.
/// </summary>
/// <param name="folder">Where they are kept.</param>
internal sealed class PeerFiles(string folder)
{
    /// <summary>Our folder of a size in a type; Q8 is made of float32, as llama.cpp's is.</summary>
    public string Ours(string size, DType dtype)
    {
        string path = Path.Combine(folder, $"{size}-{dtype}".ToLowerInvariant());
        if (Directory.Exists(path)) return path;
        Directory.CreateDirectory(folder);
        Console.Error.WriteLine($"making {path}");
        if (dtype == DType.Q8) CheckpointConverter.Convert(Ours(size, DType.F32), path, DType.Q8);
        else RandomCheckpoint.Write(path, PublishedSizes.All[size], dtype, seed: 0);
        return path;
    }

    /// <summary>A file for llama.cpp.</summary>
    public string Gguf(string size, GgufType type)
    {
        string source = Ours(size, type == GgufType.F16 ? DType.F16 : DType.F32);
        return Made(source, Path.Combine(folder, $"{size}-{type}.gguf".ToLowerInvariant()), (weights, path) =>
        {
            using FileStream file = File.Create(path);
            GgufWriter.Write(weights, file, type);
        });
    }

    /// <summary>A folder for ONNX Runtime, float32.</summary>
    public string Onnx(string size) => Made(Ours(size, DType.F32), Path.Combine(folder, $"{size}-onnx"), (weights, path) =>
    {
        Directory.CreateDirectory(path);
        OnnxWriter.Write(weights, path);
    });

    /// <summary>Whole or not at all, and anew where the model has changed since.</summary>
    private static string Made(string source, string path, Action<Gpt2Weights, string> write)
    {
        if (Path.Exists(path) && File.GetLastWriteTimeUtc(path) > Directory.GetLastWriteTimeUtc(source)) return path;
        Console.Error.WriteLine($"making {path}");
        string partial = path + ".partial";
        Remove(partial);
        Remove(path);
        using (var weights = new Gpt2Weights(source)) write(weights, partial);
        Directory.Move(partial, path);
        return path;
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
        else File.Delete(path);
    }
}
