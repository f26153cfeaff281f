using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Lora;

/// <summary>Trains one adapter for all edits of a batch.</summary>
internal sealed class LoraTraining
{
    private readonly CausalLm model;
    private readonly LoraSettings settings;
    private readonly Rng seeded;
    private readonly AdamW adam;

    /// <summary>The adapter adds nothing yet. What is made belongs to the device's current scope.</summary>
    /// <param name="model">The model with the edits before these.</param>
    /// <param name="settings">How.</param>
    public LoraTraining(CausalLm model, LoraSettings settings)
    {
        (this.model, this.settings, seeded, adam) = (model, settings, new Rng(settings.Seed), new AdamW(settings.LearningRate));
        Pairs = [.. settings.Matrices.Select(matrix =>
        {
            // Kaiming's uniform numbers with a slope of √5, as linear layers begin in PyTorch.
            Rng rng = seeded.Fork(matrix.Name);
            return AdapterPair.Begin(model, matrix, settings.Rank, inputs => ((2 * rng.NextDouble()) - 1) / Math.Sqrt(inputs));
        })];
        foreach (AdapterPair pair in Pairs)
        {
            adam.Add(pair.A.Value);
            adam.Add(pair.B.Value);
        }
    }

    /// <summary>The adapter as far as it has been trained.</summary>
    public IReadOnlyList<AdapterPair> Pairs { get; }

    /// <summary>Goes through the edits until an epoch's mean loss is small, or often enough.</summary>
    /// <param name="edits">At least one.</param>
    /// <param name="context">What else there is.</param>
    /// <returns>The mean loss of each epoch.</returns>
    public IReadOnlyList<float> Train(IReadOnlyList<EditTokens> edits, TeachingContext context)
    {
        UnrelatedTexts? texts = settings.Divergence > 0 && settings.Texts > 0
            ? new UnrelatedTexts(model, settings.Texts, settings.Chunk, seeded.Fork("texts"), context)
            : null;
        var losses = new List<float>();
        for (int epoch = 0; epoch < settings.Epochs; epoch++)
        {
            double sum = 0;
            int[] order = [.. Enumerable.Range(0, edits.Count)];
            seeded.Fork($"epoch\n{epoch}").Shuffle<int>(order);
            foreach (int[] chunk in order.Chunk(settings.Chunk))
            {
                context.Cancellation.ThrowIfCancellationRequested();
                sum += chunk.Length * Step([.. chunk.Select(i => edits[i])], texts);
            }

            losses.Add((float)(sum / edits.Count));
            if (losses[^1] < settings.StopLoss) break;
        }

        return losses;
    }

    /// <returns>The loss of the chunk's edits before the step.</returns>
    private float Step(EditTokens[] chunk, UnrelatedTexts? texts)
    {
        using BufferScope scope = model.Device.Scope();
        var read = new AnswerTexts(model, settings.First, chunk);
        var tape = new Tape();
        AdapterPair[] trained = [.. Pairs.Select(pair => pair.On(tape))];
        CausalLm adapted = AdapterPair.Added(model, trained, settings.Scale);
        Variable loss = read.Loss(adapted);
        float before = loss.Value.ToScalar();
        if (texts is not null) loss = Ops.Add(loss, Ops.Scale(texts.Divergence(adapted), settings.Divergence));
        tape.Backward(loss);
        adam.Step([.. trained.SelectMany(pair => new[] { pair.A.Gradient!, pair.B.Gradient! })]);
        return before;
    }
}
