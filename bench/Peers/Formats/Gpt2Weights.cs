using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Peers.Formats;

/// <summary>The stored weights of a GPT-2 folder as float32, one at a time.</summary>
internal sealed class Gpt2Weights : IDisposable
{
    private readonly StoredWeights stored;
    private readonly Dictionary<string, (ITensorFile File, TensorInfo Info)> tensors;

    /// <summary>Opens the folder.</summary>
    public Gpt2Weights(string folder)
    {
        Config = ModelConfig.Load(folder);
        stored = StoredWeights.Open(folder);
        tensors = stored.Tensors.ToDictionary(tensor => Name(tensor.Info.Name));
    }

    /// <summary>Its architecture.</summary>
    public ModelConfig Config { get; }

    /// <summary>All names, without the prefix that some files have.</summary>
    public IEnumerable<string> Names => tensors.Keys;

    /// <summary>Extents.</summary>
    public IReadOnlyList<long> Shape(string name) => tensors[name].Info.Shape;

    /// <summary>All values in row-major order.</summary>
    public float[] Values(string name)
    {
        (ITensorFile file, TensorInfo info) = tensors[name];
        float[] values = new float[info.Count];
        file.ReadFloats(info.Name, 0, values);
        return values;
    }

    /// <summary>Those of a matrix <c>[m,n]</c> with rows and columns exchanged, <c>[n,m]</c>.</summary>
    public float[] Turned(string name)
    {
        const int Tile = 32;
        (int rows, int columns) = ((int)Shape(name)[0], (int)Shape(name)[1]);
        float[] values = Values(name), turned = new float[values.Length];
        for (int top = 0; top < rows; top += Tile)
            for (int left = 0; left < columns; left += Tile)
                for (int r = top; r < Math.Min(top + Tile, rows); r++)
                    for (int c = left; c < Math.Min(left + Tile, columns); c++)
                        turned[(c * rows) + r] = values[(r * columns) + c];
        return turned;
    }

    public void Dispose() => stored.Dispose();

    private static string Name(string stored)
    {
        const string Prefix = "transformer.";
        return stored.StartsWith(Prefix, StringComparison.Ordinal) ? stored[Prefix.Length..] : stored;
    }
}
