using System.Globalization;
using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Transformer.Training;

/// <summary>
/// All that an optimizer's next step depends on, as a safetensors file: weights, both moments of each, the state that goes with them, steps
/// taken.
/// </summary>
internal static class TrainerState
{
    private const string StepsKey = "steps";

    /// <summary>Writes it: whole, or what was there stays.</summary>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static void Save(WeightOptimizer trainer, string path) => SafeTensorsWriter.Write(
        path, [.. Parts(trainer).Select(part => new SafeTensorsEntry(part.Name, part.Tensor))],
        new Dictionary<string, string> { [StepsKey] = trainer.StepsDone.ToString(CultureInfo.InvariantCulture) });

    /// <summary>Makes a trainer of the same weights go on from there.</summary>
    /// <exception cref="InputException">The file is damaged, or another trainer's.</exception>
    public static void Restore(WeightOptimizer trainer, string path)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        if (!file.Metadata.TryGetValue(StepsKey, out string? text)
            || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int steps)) throw Other(path);
        Restore(file, [.. Parts(trainer)]);
        trainer.StepsDone = steps;
    }

    /// <summary>Writes the weights alone, and the state that goes with them.</summary>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static void SaveWeights(WeightOptimizer trainer, string path) => SafeTensorsWriter.Write(
        path, [.. trainer.Weights.Concat(trainer.State).Select(weight => new SafeTensorsEntry(weight.Name, weight.Value))]);

    /// <summary>Gives a trainer the weights of such a file.</summary>
    /// <exception cref="InputException">The file is damaged, or another trainer's.</exception>
    public static void RestoreWeights(WeightOptimizer trainer, string path)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        Restore(file, [.. trainer.Weights.Concat(trainer.State).Select(weight => (weight.Name, weight.Value))]);
    }

    private static void Restore(SafeTensorsFile file, (string Name, Tensor Tensor)[] parts)
    {
        if (file.Tensors.Count != parts.Length || !parts.All(part => Has(part.Name, part.Tensor.Shape))) throw Other(file.Path);
        foreach ((string name, Tensor tensor) in parts)
        {
            float[] values = new float[tensor.Count];
            file.ReadFloats(name, 0, values);
            tensor.Device.Upload(values, tensor);
        }

        bool Has(string name, Shape shape) =>
            file.Contains(name) && file.Info(name) is { DType: "F32" } info && info.EngineShape(file.Path) == shape;
    }

    private static InputException Other(string path) =>
        new($"{path}: is no state of this run, expected the tensors of its weights.", "it was changed or damaged.");

    private static IEnumerable<(string Name, Tensor Tensor)> Parts(WeightOptimizer trainer) =>
        trainer.Weights.Zip(trainer.Moments).SelectMany(one => ((string, Tensor)[])
        [
            (one.First.Name, one.First.Value), (one.First.Name + ".mean", one.Second.Mean), (one.First.Name + ".square", one.Second.Square),
        ]).Concat(trainer.State.Select(one => (one.Name, one.Value)));
}
