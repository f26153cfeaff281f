using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Locating;

/// <summary>What a block's attention gives at the subjects, for a search that moves it too.</summary>
/// <param name="Middle">The residual stream behind it, <c>[subjects,C]</c>; it belongs to the scope in which it was made.</param>
/// <param name="Outputs">Its own part in that at each edit's bare prompt, <c>[C]</c>.</param>
internal sealed record AttentionStates(Tensor Middle, float[][] Outputs)
{
    /// <summary>Runs the model up to a block.</summary>
    public static AttentionStates Of(CausalLm model, int layer, PromptBatch prompts)
    {
        using BufferScope scope = model.Device.Scope();
        TokenBatch tokens = prompts.Tokens;
        float[] output = [];
        var reach = Reach.At([.. prompts.SubjectRows.Select(row => row % tokens.T)]);
        var look = Opening.Look(layer, Site.MlpOutput, reach, passing => output = passing.Value.ToArray());
        CausalLm lower = model.UpTo(layer + 1), below = model.UpTo(layer);
        Variable behind = lower.Hidden(tokens, lower.NewCache(tokens.B, tokens.T, layer + 1), [look], prompts.SubjectRows);
        Variable before = below.Hidden(tokens, below.NewCache(tokens.B, tokens.T, layer), rows: prompts.SubjectRows);
        Variable middle = Ops.Subtract(behind, model.Device.From(output, prompts.SubjectRows.Length, model.Config.NEmbd));
        float[][] own = [.. Ops.Subtract(middle, before).Value.ToArray().Chunk(model.Config.NEmbd)];
        int[] firsts = [.. prompts.Edits.Select((_, e) => Array.IndexOf(prompts.SubjectEdits, e))];
        return new AttentionStates(scope.Keep(middle.Value), [.. firsts.Select(first => own[first])]);
    }
}
