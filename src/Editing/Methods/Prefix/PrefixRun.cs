using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Editing.Methods.Prefix;

/// <summary>Trains the keys and values of some positions before every prompt.</summary>
internal sealed class PrefixRun
{
    private const int Unrelated = 64, UnrelatedAtOnce = 16, ShortestText = 4, LongestText = 11;

    private readonly CausalLm model;
    private readonly PrefixSettings settings;
    private readonly int[] before; // placeholders, of earlier prefixes and of this one
    private readonly int first; // where this one begins
    private readonly IReadOnlyList<Opening> earlier;
    private readonly Tensor[] learnt; // of each block [n,3·C]
    private readonly AdamW adam;
    private readonly int[][] unrelated;

    /// <summary>
    /// Nothing is learnt yet: the prefix is what the model makes of a text. What is made belongs to the device's current scope.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">How.</param>
    /// <param name="earlier">A prefix that is there already; null for none.</param>
    /// <param name="text">The text's tokens, as many as positions are learnt.</param>
    /// <param name="context">Begins and ends texts.</param>
    public PrefixRun(CausalLm model, PrefixSettings settings, PrefixRouter? earlier, int[] text, TeachingContext context)
    {
        (this.model, this.settings) = (model, settings);
        (first, this.earlier) = (earlier?.Length ?? 0, earlier?.Openings() ?? []);
        before = [.. Enumerable.Repeat(context.EosId, first), .. text];
        learnt = StatesOf(text);
        adam = new AdamW(settings.LearningRate);
        foreach (Tensor block in learnt) adam.Add(block);
        unrelated = settings.KlWeight > 0 ? Written(context) : [];
    }

    /// <summary>The parts of the batch's first edit.</summary>
    /// <param name="edits">How many edits the batch has.</param>
    public IReadOnlyList<EditPart> Parts(int edits) => PrefixParts.Of(learnt, edits);

    /// <summary>Goes through the edits until an epoch's mean loss is small, or often enough.</summary>
    public void Train(IReadOnlyList<EditTokens> edits, CancellationToken cancellation)
    {
        var order = new EpochOrder(edits.Count, settings.Seed);
        for (int epoch = 0, step = 0; epoch < settings.Epochs; epoch++)
        {
            double sum = 0;
            foreach (int[] some in order.Of(epoch).Chunk(settings.Chunk))
            {
                cancellation.ThrowIfCancellationRequested();
                sum += some.Length * Step([.. some.Select(i => edits[i])], step++);
            }

            if (sum / edits.Count < settings.StopLoss) break;
        }
    }

    /// <summary>The mean negative log-likelihood of the target tokens of each edit.</summary>
    public double[] Losses(IReadOnlyList<EditTokens> edits) => AnswerTexts.Losses(
        model, 0, [.. edits.Select(Behind)], Openings([.. learnt.Select(Variable.Constant)]));

    private double Step(EditTokens[] edits, int step)
    {
        using BufferScope scope = model.Device.Scope();
        var tape = new Tape();
        Variable[] parameters = [.. learnt.Select(tape.Parameter)];
        Variable loss = Texts(edits).Loss(model, Openings(parameters));
        float value = loss.Value.ToScalar();
        if (unrelated.Length > 0) loss = Ops.Add(loss, Ops.Scale(Kept(parameters, step), settings.KlWeight));
        tape.Backward(loss);
        adam.Step([.. parameters.Select(parameter => parameter.Gradient!)]);
        return value;
    }

    /// <summary>KL(before ‖ after) of the next token, the mean over some texts, <c>[1]</c>.</summary>
    private Variable Kept(Variable[] parameters, int step)
    {
        int[][] texts = [.. Enumerable.Range(0, UnrelatedAtOnce).Select(i => unrelated[((step * UnrelatedAtOnce) + i) % unrelated.Length])];
        Tensor asIs = Next(texts, []).Value;
        Variable with = Next([.. texts.Select(text => (int[])[.. before, .. text])], Openings(parameters));
        return Ops.Mean(Ops.Divergence(with, asIs));
    }

    private Variable Next(int[][] texts, IReadOnlyList<Opening> openings)
    {
        var tokens = new TokenBatch(texts);
        return model.Logits(model.Hidden(tokens, model.NewCache(tokens.B, tokens.T), openings, tokens.LastRows()));
    }

    private AnswerTexts Texts(EditTokens[] edits) => new(model, 0, [.. edits.Select(Behind)]);

    private EditTokens Behind(EditTokens edit) => edit with { Prompt = [.. before, .. edit.Prompt] };

    private IReadOnlyList<Opening> Openings(IReadOnlyList<Variable> own) => [.. earlier, .. PrefixParts.Openings(own, first)];

    /// <summary>What passes attention in every block at the last positions of what stands before a prompt.</summary>
    private Tensor[] StatesOf(int[] text)
    {
        Tensor[] states = [.. model.Blocks.Select(_ => model.Device.Allocate(text.Length, 3 * model.Config.NEmbd))];
        using BufferScope scope = model.Device.Scope();
        var tokens = new TokenBatch(before);
        IEnumerable<Opening> looks = states.Select((into, block) =>
            Opening.Look(block, Site.Qkv, Reach.Range(first, text.Length), passing => model.Device.Copy(passing.Value, into)));
        model.Hidden(tokens, model.NewCache(1, tokens.T), [.. earlier, .. looks]);
        return states;
    }

    private int[][] Written(TeachingContext context)
    {
        Rng seeded = new(settings.Seed);
        int room = Math.Max(1, model.Config.NPositions - before.Length - 1); // for the token that begins them too
        int[][] texts = WrittenTexts.FromNothing(
            model, Unrelated, Math.Min(room, ShortestText), Math.Min(room, LongestText), i => seeded.Fork($"unrelated\n{i}"), context.BosId,
            context.EosId, context.Cancellation);
        return [.. texts.Select(text => (int[])[context.BosId, .. text])];
    }
}
