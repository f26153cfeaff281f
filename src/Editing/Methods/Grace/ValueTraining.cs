using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Grace;

/// <summary>
/// Trains the values of some edits side by side on the base model: each is a row of its own whose gradient comes from its own text alone.
/// </summary>
internal sealed class ValueTraining
{
    private readonly CausalLm model;
    private readonly GraceSettings settings;
    private readonly IReadOnlyList<EditTokens> edits;

    /// <summary>Nothing is trained yet. What is made belongs to the device's current scope.</summary>
    public ValueTraining(CausalLm model, GraceSettings settings, IReadOnlyList<EditTokens> edits, CancellationToken cancellation)
    {
        (this.model, this.settings, this.edits) = (model, settings, edits);
        Keys = PromptStates.Last(model, settings.Layer, Site.MlpInput, [.. edits.Select(edit => edit.Prompt)], cancellation);
    }

    /// <summary>What the MLP reads where each prompt ends, <c>[edits,C]</c>.</summary>
    public Tensor Keys { get; }

    /// <summary>What a value begins with.</summary>
    public float[] Start(int edit)
    {
        MlpWeights mlp = model.Blocks[settings.Layer].Mlp;
        if (settings.Warm)
        {
            using BufferScope scope = model.Device.Scope();
            return mlp.Up.Forward(Ops.Embedding(Keys, [edit])).Value.ToArray();
        }

        Rng seeded = new Rng(settings.Seed).Fork($"value\n{string.Join(' ', edits[edit].Input)}");
        var start = new float[model.Config.NInner];
        for (int i = 0; i < start.Length; i++) start[i] = (float)seeded.NextDouble();
        return start;
    }

    /// <summary>Trains them.</summary>
    /// <param name="starts">What each begins with.</param>
    /// <param name="cancellation">Checked before each step.</param>
    /// <returns>Each value, and its loss before each step and after the last.</returns>
    public (float[][] Values, float[][] Losses) Train(IReadOnlyList<float[]> starts, CancellationToken cancellation)
    {
        int n = edits.Count, width = starts[0].Length;
        Tensor values = model.Device.From([.. starts.SelectMany(start => start)], n, width);
        var texts = new AnswerTexts(model, settings.Layer, edits);
        var adam = new AdamW(settings.LearningRate);
        adam.Add(values);
        float[][] losses = [.. starts.Select(_ => new float[settings.Steps + 1])];
        for (int step = 0; step <= settings.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope pass = model.Device.Scope();
            var tape = new Tape();
            Variable trained = step < settings.Steps ? tape.Parameter(values) : values;
            Opening opening = GraceEntry.Opening(
                settings.Layer, model.Blocks[settings.Layer].Mlp.Activation, [.. edits.Select(edit => edit.First)],
                (_, _) => trained);
            Variable each = texts.Losses(model, [opening]);
            float[] now = each.Value.ToArray();
            for (int i = 0; i < n; i++) losses[i][step] = now[i];
            if (step == settings.Steps) break;
            tape.Backward(Ops.Sum(each));
            adam.Step(trained.Gradient!);
        }

        return ([.. values.ToArray().Chunk(width)], losses);
    }
}
