using Sharpformer.Autograd;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.FineTuning;

/// <summary>
/// Which weights are trained, and the parts that tell how they moved: <c>46.mlp.c_proj.weight</c> and so on, each of the weight's shape as
/// it is stored. The first edit of a batch holds them, and <c>edits</c> <c>[1]</c>, how many edits the batch has; the others hold nothing.
/// </summary>
internal static class FineTunedWeights
{
    /// <summary>How many edits share the change.</summary>
    public const string Edits = "edits";

    /// <summary>The model with each trained weight replaced.</summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">Say which.</param>
    /// <param name="change">Given a weight's name and the weight.</param>
    public static CausalLm With(CausalLm model, FineTuningSettings settings, Func<string, Variable, Variable> change)
    {
        Block block = model.Blocks[settings.Layer];
        MlpWeights mlp = block.Mlp;
        LinearWeights up = settings.Up ? Changed("c_fc", mlp.Up) : mlp.Up;
        return model.WithBlock(settings.Layer, block with { Mlp = mlp with { Up = up, Down = Changed("c_proj", mlp.Down) } });

        LinearWeights Changed(string name, LinearWeights weights) => weights with
        {
            Matrices = [change($"{settings.Layer}.mlp.{name}.weight", weights.Matrices.Single())],
            Bias = weights.Bias is null ? null : change($"{settings.Layer}.mlp.{name}.bias", weights.Bias),
        };
    }

    /// <summary>What keeps an edit's parts from being a batch's change or nothing; null where nothing does.</summary>
    public static string? Misfit(Edit edit, FineTuningSettings settings, int nEmbd)
    {
        if (edit.Parts.Count == 0) return null;
        if (edit.Part(Edits) is not { Shape: [1], Values: [>= 1] }) return $"it has no part '{Edits}' of [1]";
        string proj = $"{settings.Layer}.mlp.c_proj.weight";
        if (edit.Part(proj) is not { Shape: [var rows, var columns] }) return $"it has no part '{proj}'";
        if (rows != nEmbd && columns != nEmbd) return $"part '{proj}' is [{rows},{columns}], expected one of them to be {nEmbd}";
        string up = $"{settings.Layer}.mlp.c_fc.weight";
        return settings.Up && edit.Part(up) is null ? $"it has no part '{up}'" : null;
    }
}
