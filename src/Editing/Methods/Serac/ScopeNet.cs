using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Editing.Methods.Serac;

/// <summary>
/// SERAC's scope classifier on the base model's own embeddings: s = exp(-‖a ⊙ (e(x) - e(edit))‖²), with a weight a for each channel. One
/// matrix as wide as it is high would be more than an edit can hold, and every edit holds all that its application needs.
/// </summary>
internal sealed class ScopeNet : ITrainedNet
{
    /// <summary>The step size that it is trained with where nothing else is said.</summary>
    public const double LearningRate = 0.02;

    private readonly SeracSettings settings;
    private readonly Tensor weights, mean, first;

    /// <summary>A classifier that has learnt nothing: all channels count alike.</summary>
    public ScopeNet(SeracSettings settings, CausalLm model)
    {
        this.settings = settings;
        weights = NewTensor.Of(model.Device, 1, model.Config.NEmbd);
        mean = NewTensor.Of(model.Device, 0, model.Config.NEmbd);
        first = NewTensor.Of(model.Device, 0, 1);
        Weights = [new(TextRouter.WeightsName, weights)];
        State = [new(PromptEmbedding.MeanName, mean), new(PromptEmbedding.FirstName, first)];
    }

    /// <inheritdoc/>
    public NetSettings Settings => settings;

    /// <inheritdoc/>
    public IReadOnlyList<TrainedWeight> Weights { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TrainedWeight> State { get; }

    /// <summary>a, <c>[C]</c>.</summary>
    public float[] Channels => weights.ToArray();

    /// <summary>How prompts are embedded.</summary>
    public PromptEmbedding Embedding
    {
        get => new(settings.Layer, (int)first.ToArray()[0], mean.ToArray());
        set
        {
            mean.Device.Upload(value.Mean, mean);
            first.Device.Upload([value.First], first);
        }
    }
}
