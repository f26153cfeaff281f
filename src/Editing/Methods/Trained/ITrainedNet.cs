using Sharpformer.Transformer.Training;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>What is trained before the first edit of a method, and kept in a file.</summary>
internal interface ITrainedNet
{
    /// <summary>The method's settings.</summary>
    NetSettings Settings { get; }

    /// <summary>What is trained.</summary>
    IReadOnlyList<TrainedWeight> Weights { get; }

    /// <summary>What it keeps beside, for example statistics of the gradients that it has seen.</summary>
    IReadOnlyList<TrainedWeight> State { get; }
}

/// <summary>Trains one, on examples in a new order each epoch. What a step reads depends on the seed and its number alone.</summary>
internal interface INetTrainer
{
    /// <summary>What changes the network's weights.</summary>
    WeightOptimizer Optimizer { get; }

    /// <summary>One step on the mean loss of some edits.</summary>
    /// <param name="step">Its number, from 0.</param>
    /// <param name="edits">How many.</param>
    /// <param name="cancellation">Stops it; weights and state are as before then.</param>
    /// <exception cref="Tensors.InputException">The loss is not finite.</exception>
    StepReport Step(int step, int edits, CancellationToken cancellation);

    /// <summary>Mean loss over edits that are not trained on, and how many of them are said and what is kept.</summary>
    /// <param name="heldOut">At least one.</param>
    /// <param name="cancellation">Stops it.</param>
    MeasuredLoss Evaluate(IReadOnlyList<MetaExample> heldOut, CancellationToken cancellation);
}
