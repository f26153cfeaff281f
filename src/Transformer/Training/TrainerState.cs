using System.Globalization;
using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Transformer.Training;

/// <summary>All that a trainer's next step depends on, as a safetensors file: weights, both moments of each, steps taken.</summary>
internal static class TrainerState
{
    private const string StepsKey = "steps";

    /// <summary>Writes it: whole, or what was there stays.</summary>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static void Save(Trainer trainer, string path) => SafeTensorsWriter.Write(
        path, [.. Parts(trainer).Select(part => new SafeTensorsEntry(part.Name, part.Tensor))],
        new Dictionary<string, string> { [StepsKey] = trainer.StepsDone.ToString(CultureInfo.InvariantCulture) });

    /// <summary>Makes a trainer of the same weights go on from there.</summary>
    /// <exception cref="InputException">The file is damaged, or another trainer's.</exception>
    public static void Restore(Trainer trainer, string path)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        (string Name, Tensor Tensor)[] parts = [.. Parts(trainer)];
        foreach ((string name, Tensor tensor) in parts)
        {
            if (!file.Contains(name) || file.Info(name) is not { DType: "F32" } info || info.EngineShape(path) != tensor.Shape)
                throw Other();
        }

        if (file.Tensors.Count != parts.Length || !file.Metadata.TryGetValue(StepsKey, out string? text)
            || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int steps)) throw Other();
        foreach ((string name, Tensor tensor) in parts)
        {
            float[] values = new float[tensor.Count];
            file.ReadFloats(name, 0, values);
            tensor.Device.Upload(values, tensor);
        }

        trainer.StepsDone = steps;

        InputException Other() => new(
            $"{path}: is no state of this run, expected {trainer.Weights.Count} weights with two moments each.",
            "it was changed or damaged.");
    }

    private static IEnumerable<(string Name, Tensor Tensor)> Parts(Trainer trainer) =>
        trainer.Weights.Zip(trainer.Moments).SelectMany(one => ((string, Tensor)[])
        [
            (one.First.Name, one.First.Value), (one.First.Name + ".mean", one.Second.Mean), (one.First.Name + ".square", one.Second.Square),
        ]);
}
