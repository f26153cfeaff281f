using Sharpformer.Tensors;
using Sharpformer.Transformer;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Editing.Adaptor;

/// <summary>Why the edited model says what it says after a prompt.</summary>
/// <param name="Strongest">The neurons closest to firing, strongest first; the first is the one that answers, if any.</param>
/// <param name="Strength">α·s of the first: 0 when it stays silent.</param>
/// <param name="Changes">The most likely next tokens of either model, with both models' logits and probabilities, most changed first.</param>
public sealed record Explanation(IReadOnlyList<NeuronReading> Strongest, float Strength, IReadOnlyList<TokenChange> Changes)
{
    private const int Neurons = 5, Tokens = 5;

    /// <summary>Whether a neuron changes the answer's logits.</summary>
    public bool Fires => Strength != 0;

    /// <summary>Asks both models for the next token after a prompt.</summary>
    /// <exception cref="InputException">The prompt is empty or longer than the model's positions.</exception>
    public static Explanation Of(CausalLm model, KeyValueAdaptor adaptor, int[] prompt)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(adaptor);
        using BufferScope scope = model.Device.Scope();
        Trace trace = Trace.Run(model, [model.CheckedPrompt(prompt)], [prompt.Length - 1], adaptor.Layer);
        AdaptorResponse response = adaptor.Respond(trace.X);
        float[] before = trace.BaseLogits().ToArray();
        float[] after = response.Fires
            ? trace.TailOf(0)(Add(trace.Hidden, adaptor.Output(response))).Value.ToArray()
            : before;
        return new Explanation(Readings(adaptor, trace.X, response.Winners[0]), response.Strengths[0], ChangesBetween(before, after));
    }

    private static NeuronReading[] Readings(KeyValueAdaptor adaptor, Tensor x, int winner)
    {
        if (adaptor.Count == 0) return [];
        float[] margins = adaptor.Margins(KeyValueAdaptor.Standardize(x)).ToArray();
        return [.. Enumerable.Range(0, margins.Length)
            .OrderByDescending(j => j == winner)
            .ThenByDescending(j => margins[j])
            .Take(Neurons)
            .Select(j => new NeuronReading(j, PlaceInEdit(j), adaptor[j], margins[j] + adaptor[j].Threshold))];

        int PlaceInEdit(int j)
        {
            int first = j;
            while (first > 0 && adaptor[first - 1].Edit == adaptor[j].Edit) first--;
            return j - first;
        }
    }

    private static TokenChange[] ChangesBetween(float[] before, float[] after)
    {
        double[] p = Probabilities(before), q = Probabilities(after);
        return [.. Top(before).Union(Top(after))
            .Select(token => new TokenChange(token, before[token], after[token], p[token], q[token]))
            .OrderByDescending(change => Math.Abs(change.ProbabilityAfter - change.ProbabilityBefore))
            .ThenByDescending(change => change.ProbabilityBefore)];

        static IEnumerable<int> Top(float[] logits) => Enumerable.Range(0, logits.Length).OrderByDescending(v => logits[v]).Take(Tokens);
    }

    private static double[] Probabilities(float[] logits)
    {
        double logSum = RowMath.LogSumExp(logits);
        return [.. logits.Select(z => Math.Exp(z - logSum))];
    }
}

/// <summary>One neuron's view of a prompt.</summary>
/// <param name="Index">Its place in the adaptor.</param>
/// <param name="PlaceInEdit">Its place among its own edit's neurons: the target token it answers with.</param>
/// <param name="Neuron">Its edit, token, threshold and α.</param>
/// <param name="Score">x̂·k.</param>
public readonly record struct NeuronReading(int Index, int PlaceInEdit, NeuronState Neuron, float Score)
{
    /// <summary>x̂·k - b: positive above the threshold.</summary>
    public float Margin => Score - Neuron.Threshold;
}

/// <summary>What editing did to one candidate token.</summary>
/// <param name="Token">The token.</param>
/// <param name="LogitBefore">The base model's logit.</param>
/// <param name="LogitAfter">The edited model's logit.</param>
/// <param name="ProbabilityBefore">The base model's probability.</param>
/// <param name="ProbabilityAfter">The edited model's probability.</param>
public readonly record struct TokenChange(int Token, float LogitBefore, float LogitAfter, double ProbabilityBefore, double ProbabilityAfter);
