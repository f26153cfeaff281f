using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Peers;

/// <summary>What both sides' AdamW is given.</summary>
internal sealed record TrainingSettings(float LearningRate, float Beta1, float Beta2, float Epsilon, float WeightDecay);

/// <summary>The engine's training step.</summary>
internal sealed class OurTraining
{
    private readonly CausalLm model;
    private readonly AdamW optimizer;

    public OurTraining(CausalLm weights, TrainingSettings settings)
    {
        model = weights.With(weight => weight.Value.Float32Copy(outlivesScopes: true));
        optimizer = new AdamW(settings.LearningRate, settings.Beta1, settings.Beta2, settings.Epsilon, settings.WeightDecay);
        foreach (Variable weight in model.Weights) optimizer.Add(weight.Value);
    }

    /// <summary>One step; the loss before it.</summary>
    /// <param name="sequences">B sequences of T tokens.</param>
    /// <param name="targets">The token that follows each, <c>[B·T]</c>.</param>
    public float Step(TokenBatch sequences, int[] targets)
    {
        using BufferScope scope = model.Device.Scope();
        var tape = new Tape();
        CausalLm trained = model.With(weight => tape.Parameter(weight.Value));
        Variable hidden = trained.Hidden(sequences, trained.NewCache(sequences.B, sequences.T));
        Variable loss = Ops.Mean(Ops.CrossEntropy(trained.Logits(hidden), targets));
        tape.Backward(loss);
        optimizer.Step([.. trained.Weights.Select(weight => weight.Gradient!)]);
        return loss.Value.ToScalar();
    }
}
