using Sharpformer.Editing;
using Sharpformer.Tensors.Gpu;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer;

/// <summary>How a <see cref="Session"/> is opened.</summary>
public sealed record SessionOptions
{
    /// <summary>Where to compute, one of <see cref="Accelerators.Names"/>.</summary>
    public string Device { get; init; } = Accelerators.Auto;

    /// <summary>
    /// The accelerators that are there, as <see cref="DriverProbe"/> finds them without danger to this process; null asks their drivers in
    /// this process.
    /// </summary>
    public IReadOnlyList<AcceleratorInfo>? Found { get; init; }

    /// <summary>Threads of the CPU that share the work, 0 for all processors; results do not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// How the model's weights are held. Rounded to Q8 they are another model, with stores of its own; the CPU reads a quarter or half of
    /// the bytes for each token, a GPU widens them to float32.
    /// </summary>
    public WeightForm Weights { get; init; }

    /// <summary>
    /// The folder of a LoRA adapter, merged into the base model when it is loaded; null for none. The model with it is another one, with
    /// stores of its own.
    /// </summary>
    public string? Adapter { get; init; }

    /// <summary>
    /// Whether every byte of the weights is read to tell who the model is. Without it what was told of a checkpoint of 64 MiB or more is
    /// remembered for this user, see <see cref="Session.Fingerprint"/>.
    /// </summary>
    public bool Verify { get; init; }

    /// <summary>Whether the model folder must have a tokenizer.</summary>
    public bool NeedsTokenizer { get; init; } = true;

    /// <summary>Told what is no error but worth knowing.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>The clock of stores; null is the system's.</summary>
    public TimeProvider? Time { get; init; }

    /// <summary>Who changes stores; null is <see cref="EditAuthor.Current"/>.</summary>
    public EditAuthor? Author { get; init; }

    /// <summary>What is remembered of large checkpoints.</summary>
    internal FingerprintMemory Memory { get; init; } = FingerprintMemory.OfUser();
}
