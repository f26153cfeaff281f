using Sharpformer.Autograd;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>A network that makes a change of weights of an edit's gradient, and is trained to make a good one.</summary>
internal interface IEditorNet : ITrainedNet
{
    /// <summary>How it is made, and which matrices it changes.</summary>
    new TrainedSettings Settings { get; }

    /// <inheritdoc/>
    NetSettings ITrainedNet.Settings => Settings;

    /// <summary>Whether the edits of a batch make one change together, and not each its own.</summary>
    bool IsJoint => false;

    /// <summary>The change of weights that it makes of a gradient; the gradient itself is a constant.</summary>
    /// <param name="weights">Its <see cref="ITrainedNet.Weights"/> as parameters or constants.</param>
    /// <param name="gradient">That of an edit, or of all edits of a batch.</param>
    IReadOnlyList<RankTerms> Change(IReadOnlyList<Variable> weights, EditGradient gradient);

    /// <summary>Takes gradients that it is going to be trained on into its <see cref="ITrainedNet.State"/>.</summary>
    void Count(IReadOnlyList<EditGradient> gradients);
}
