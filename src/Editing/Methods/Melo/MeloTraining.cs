using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Melo;

/// <summary>Trains a block of LoRA for the edits of a batch together, on the base model.</summary>
internal sealed class MeloTraining
{
    private readonly CausalLm model;
    private readonly MeloSettings settings;
    private readonly IReadOnlyList<EditTokens> edits;
    private readonly Tensor[] halves; // A and B of each matrix in turn

    /// <summary>Nothing is trained yet: A is as chance has it, B is 0. What is made belongs to the device's current scope.</summary>
    public MeloTraining(CausalLm model, MeloSettings settings, IReadOnlyList<EditTokens> edits)
    {
        (this.model, this.settings, this.edits) = (model, settings, edits);
        Rng seeded = new Rng(settings.Seed).Fork($"block\n{string.Join('\n', edits.Select(edit => string.Join(' ', edit.Input)))}");
        (int C, int inner) = (model.Config.NEmbd, model.Config.NInner);
        halves = [.. settings.Matrices.SelectMany(matrix => new[]
        {
            Uniform(seeded.Fork(matrix.Name), settings.Rank, C), model.Device.Zeros(new Shape(settings.Rank, inner)),
        })];
    }

    /// <summary>Trains it.</summary>
    /// <returns>The loss of each edit before each step and after the last.</returns>
    public float[][] Train(CancellationToken cancellation)
    {
        var texts = new AnswerTexts(model, settings.KeyLayer + 1, edits);
        var adam = new AdamW(settings.LearningRate) { GradientScale = 1f / edits.Count };
        foreach (Tensor half in halves) adam.Add(half);
        float[][] losses = [.. edits.Select(_ => new float[settings.Steps + 1])];
        for (int step = 0; step <= settings.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope pass = model.Device.Scope();
            var tape = new Tape();
            bool isLast = step == settings.Steps;
            Variable[] trained = [.. halves.Select(half => isLast ? half : tape.Parameter(half))];
            Variable each = texts.Losses(MeloBlock.Added(model, settings, trained));
            float[] now = each.Value.ToArray();
            for (int i = 0; i < edits.Count; i++) losses[i][step] = now[i];
            if (isLast) break;
            tape.Backward(Ops.Sum(each));
            if (settings.HalveEvery > 0)
                adam.LearningRate = settings.LearningRate * MathF.Pow(0.5f, step / settings.HalveEvery);
            adam.Step([.. trained.Select(half => half.Gradient!)]);
        }

        return losses;
    }

    /// <summary>The block as parts of an edit.</summary>
    public IEnumerable<EditPart> Parts() => settings.Matrices.SelectMany((matrix, i) =>
    {
        (string a, string b) = MeloBlock.NamesOf(matrix);
        return new[] { Part(a, halves[2 * i]), Part(b, halves[(2 * i) + 1]) };
    });

    private static EditPart Part(string name, Tensor half) => new(name, [half.Rows, half.Columns], half.ToArray());

    /// <summary>Numbers within 1/√C of 0, as LoRA's A begins.</summary>
    private Tensor Uniform(Rng seeded, int rank, int width)
    {
        double bound = 1 / Math.Sqrt(width);
        var numbers = new float[rank * width];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = (float)(bound * ((2 * seeded.NextDouble()) - 1));
        return model.Device.From(numbers, rank, width);
    }
}
