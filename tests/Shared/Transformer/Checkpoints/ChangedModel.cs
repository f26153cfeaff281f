using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Tests.Transformer.Checkpoints;

/// <summary>Model folders with some other weights than the one they are made from.</summary>
internal static class ChangedModel
{
    /// <summary>Copies a folder that has one <c>model.safetensors</c>.</summary>
    /// <param name="source">The folder.</param>
    /// <param name="folder">Where to; files there are written over.</param>
    /// <param name="device">Where to hold the weights meanwhile.</param>
    /// <param name="change">Told name and values of each tensor, may change the values.</param>
    /// <param name="more">Names of vectors <c>[3]</c> to add.</param>
    public static void Write(string source, string folder, Device device, Action<string, float[]>? change = null, params string[] more) =>
        Write(source, folder, device, change, [.. more.Select(name => (name, new float[] { 1, 2, 3 }))]);

    /// <summary>The same with other vectors added.</summary>
    public static void WriteWith(string source, string folder, Device device, params (string Name, float[] Values)[] more) =>
        Write(source, folder, device, change: null, more);

    private static void Write(
        string source, string folder, Device device, Action<string, float[]>? change, (string Name, float[] Values)[] more)
    {
        foreach (string file in Directory.GetFiles(source)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        using SafeTensorsFile weights = SafeTensorsFile.Open(Path.Combine(source, "model.safetensors"));
        SafeTensorsEntry[] entries = [.. weights.Names.Select(name =>
        {
            Tensor tensor = weights.Load(name, device);
            float[] values = tensor.ToArray();
            change?.Invoke(name, values);
            return new SafeTensorsEntry(name, device.From(values, tensor.Shape.Dims));
        })];
        SafeTensorsWriter.Write(
            Path.Combine(folder, "model.safetensors"),
            [.. entries, .. more.Select(vector => new SafeTensorsEntry(vector.Name, device.From(vector.Values, vector.Values.Length)))]);
    }
}
