using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sharpformer.Peers;

/// <summary>
/// A training step as a PyTorch user writes it: whole sequences, mean cross-entropy of all positions, backward, gradients clipped
/// together, AdamW that leaves vectors without decay. Tensors are let go as soon as Python would let go of them.
/// </summary>
internal sealed class PeerTraining : IDisposable
{
    private readonly TrainingSettings settings;
    private readonly PeerGpt2 model;
    private readonly AdamW optimizer;

    /// <param name="weights">Whose weights training begins with.</param>
    /// <param name="settings">As the engine's trainer has them, with one learning rate for all steps.</param>
    public PeerTraining(CausalLm weights, TrainingSettings settings)
    {
        this.settings = settings;
        model = new PeerGpt2(weights, trains: true);
        ILookup<bool, Parameter> decays = model.Parameters.ToLookup(parameter => parameter.dim() > 1);
        optimizer = new AdamW([Group(decays[true], settings.WeightDecay), Group(decays[false], 0)], settings.LearningRate);

        AdamW.ParamGroup Group(IEnumerable<Parameter> parameters, double decay) =>
            new(parameters, settings.LearningRate, settings.Beta1, settings.Beta2, settings.Epsilon, decay);
    }

    /// <summary>One step; the loss before it.</summary>
    /// <param name="ids">Tokens <c>[B,T]</c>.</param>
    /// <param name="targets">The token that follows each, <c>[B·T]</c>.</param>
    public float Step(Tensor ids, Tensor targets)
    {
        using DisposeScope scope = NewDisposeScope();
        optimizer.zero_grad();
        Tensor loss = Loss(ids, targets);
        loss.backward();
        using (no_grad())
        {
            torch.nn.utils.clip_grad_norm_(model.Parameters, settings.ClipNorm);
            optimizer.step();
        }

        return loss.item<float>();
    }

    public void Dispose() => optimizer.Dispose();

    private Tensor Loss(Tensor ids, Tensor targets)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor h = model.Embed(ids, 0);
        for (int l = 0; l < model.Layers; l++) h = Block(l, h);
        return functional.cross_entropy(model.Logits(h).flatten(0, 1), targets).MoveToOuterDisposeScope();
    }

    private Tensor Block(int l, Tensor h)
    {
        using DisposeScope scope = NewDisposeScope();
        return model.Block(l, h, (_, k, v) => (k, v)).MoveToOuterDisposeScope();
    }
}
