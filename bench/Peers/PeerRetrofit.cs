using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sharpformer.Peers;

/// <summary>
/// The retrofit of one edit at a time in libtorch, without L_irr: the same neurons, losses and optimizer as
/// <see cref="Retrofit"/>, gradients by libtorch's autograd. Each method returns L_edit before each step, per neuron.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="settings">Every number of the training.</param>
internal sealed class PeerRetrofit(PeerGpt2 model, IReVaSettings settings)
{
    /// <summary>Our arithmetic: the base model runs once per edit, a step only the tail above the block, for one position.</summary>
    public List<float[]> ByTail(EditTokens edit)
    {
        using var scope = NewDisposeScope();
        var kept = new (Tensor Keys, Tensor Values)[model.Layers];
        Tensor x = empty(0), hidden = empty(0);
        using (no_grad())
        {
            Tensor h = model.Embed(Ids(edit.Input), 0);
            for (int l = 0; l < model.Layers; l++)
            {
                h = model.Block(l, h, (layer, k, v) => kept[layer] = (k, v), l != settings.Layer ? null : input =>
                {
                    x = input;
                    return zeros(1);
                });
                if (l == settings.Layer) hidden = h;
            }
        }

        var losses = new List<float[]>();
        Tensor family = zeros(1, model.Width); // what this edit's earlier neurons answer, at this position
        var earlier = new List<(Tensor Key, Tensor Value, Tensor Threshold)>();
        for (int i = 0; i < edit.Target.Length; i++)
        {
            int position = edit.First + i;
            Tensor standardized = Standardize(x.select(1, position)), before = hidden.narrow(1, position, 1);
            using (no_grad())
                foreach ((Tensor key, Tensor value, Tensor threshold) in earlier)
                    before += settings.Alpha * Activation(standardized, key, threshold) * value;
            losses.Add(Train(edit.Target[i], standardized, (k, v, b) =>
            {
                Tensor h = before + (settings.Alpha * Activation(standardized, k, b) * v).unsqueeze(0);
                for (int l = settings.Layer + 1; l < model.Layers; l++)
                    h = model.Block(l, h, (layer, keys, values) => (Then(kept[layer].Keys, keys), Then(kept[layer].Values, values)));
                return model.Logits(h.select(1, 0));
            }, earlier));

            Tensor Then(Tensor past, Tensor added) => cat([past.narrow(2, 0, position), added], 2);
        }

        return losses;
    }

    /// <summary>The plain way, as the method's authors' program works: each step runs the whole model over the whole prompt.</summary>
    public List<float[]> ByWholePrompt(EditTokens edit)
    {
        using var scope = NewDisposeScope();
        var losses = new List<float[]>();
        var earlier = new List<(Tensor Key, Tensor Value, Tensor Threshold)>();
        for (int i = 0; i < edit.Target.Length; i++)
        {
            Tensor ids = Ids(edit.Input[..(edit.First + i + 1)]), x = empty(0);
            using (no_grad()) Logits((_, input) => x = input);
            losses.Add(Train(edit.Target[i], x, (k, v, b) => Logits((sum, input) =>
            {
                foreach ((Tensor key, Tensor value, Tensor threshold) in earlier)
                    sum += settings.Alpha * Activation(input, key, threshold) * value;
                return sum + settings.Alpha * Activation(input, k, b) * v;
            }), earlier));

            Tensor Logits(Func<Tensor, Tensor, Tensor> answer)
            {
                Tensor h = model.Embed(ids, 0);
                long T = h.shape[1];
                for (int l = 0; l < model.Layers; l++)
                {
                    h = model.Block(l, h, (_, k, v) => (k, v), l != settings.Layer ? null : input =>
                    {
                        Tensor added = answer(zeros(1, model.Width), Standardize(input.select(1, -1)));
                        return cat([zeros(1, T - 1, model.Width), added.unsqueeze(0)], 1); // the last position only
                    });
                }

                return model.Logits(h.select(1, -1));
            }
        }

        return losses;
    }

    private float[] Train(
        int target, Tensor standardized, Func<Tensor, Tensor, Tensor, Tensor> logits, List<(Tensor, Tensor, Tensor)> earlier)
    {
        Tensor birth = standardized.clone(), threshold = settings.Theta * birth.square().sum();
        using var key = new Parameter(standardized.clone());
        using var value = new Parameter(model.HeadRow(target).clone());
        using AdamW optimizer = optim.AdamW(
            [key, value], settings.LearningRate, settings.Beta1, settings.Beta2, settings.Epsilon, settings.WeightDecay);
        Tensor wanted = tensor([(long)target]);
        var losses = new float[settings.Epochs];
        for (int epoch = 0; epoch < settings.Epochs; epoch++)
        {
            using var step = NewDisposeScope();
            Tensor edit = functional.cross_entropy(logits(key, value, threshold), wanted);
            Tensor loss = edit + settings.RecWeight * matmul(key - birth, standardized.t()).square().sum();
            losses[epoch] = edit.item<float>();
            optimizer.zero_grad();
            loss.backward();
            optimizer.step();
        }

        earlier.Add((key.detach().clone(), value.detach().clone(), threshold));
        return losses;
    }

    private static Tensor Activation(Tensor standardized, Tensor key, Tensor threshold) =>
        functional.gelu(matmul(standardized, key.t()) - threshold, TorchSharp.Modules.GELU.Approximate.tanh);

    private static Tensor Standardize(Tensor x)
    {
        Tensor centered = x - x.mean([1], keepdim: true);
        return centered / (centered.square().sum([1], keepdim: true) / (x.shape[1] - 1) + 1e-8f).sqrt();
    }

    private static Tensor Ids(int[] tokens) => tensor([.. tokens.Select(id => (long)id)], [1, tokens.Length]);
}
