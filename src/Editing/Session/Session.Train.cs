using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Training;

namespace Sharpformer;

/// <content>Training of networks that make edits.</content>
public sealed partial class Session
{
    /// <summary>
    /// Trains the network that a method makes edits with, for this model, and writes its file. What is learnt until it is stopped is kept
    /// in a folder beside it.
    /// </summary>
    /// <param name="job">What to do.</param>
    /// <param name="progress">Told after each step and evaluation.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="InputException">
    /// Records or settings are not as they should be, the loss is not finite, or it was stopped.
    /// </exception>
    public EditorTrainingResult TrainEditor(
        EditorTrainingJob job, Action<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        return queue.Run(() => EditorTrainingRun.Execute(job, Model, Tokenizer, VerifiedFingerprint, progress, cancellation));
    }

    /// <summary>Where a method's network for this model is looked for unless another file is named.</summary>
    /// <param name="method">The method.</param>
    public string PlaceOfNet(string method) => TrainedNetFile.PlaceBeside(folder, method);

    /// <summary>
    /// Settings as edits are made with them: a trained network has its own, with the sum of its file. Those of other methods, and those
    /// that name a network already, stay as they are.
    /// </summary>
    /// <param name="settings">The settings.</param>
    /// <param name="netFile">The network's file; null looks in <see cref="PlaceOfNet"/>.</param>
    /// <exception cref="InputException">There is no such network, or it is another method's or model's.</exception>
    public EditSettings WithNet(EditSettings settings, string? netFile = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return settings is NetSettings { NeedsNet: true, Net: null }
            ? TrainedNetFile.Open(netFile ?? PlaceOfNet(settings.Method), settings.Method, Fingerprint).Settings
            : settings;
    }

    /// <summary>How a method's network is trained for this model where nothing else is said.</summary>
    /// <param name="settings">The method's settings.</param>
    public TrainingPlan TrainingPlanFor(NetSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return EditorNets.Plan(settings, Model.Config);
    }

    /// <summary>What the sides of the loss count that a method's network is trained on where nothing else is said.</summary>
    /// <param name="method">The method.</param>
    public static MetaWeights MetaWeightsFor(string method) => EditorNets.Counts(method);
}
