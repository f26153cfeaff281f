using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>
/// Whose turn it is: which neurons compete at a row. One of a later target token does so only where the text ends with the earlier target
/// tokens of its edit; and where the text ends with the very prompt and some of the target, none but the next token's does: who has begun
/// to speak goes on. (Neither holds for edits made as published.) Those of a withdrawn edit do not while an active one was taught on the
/// very same prompt: a prompt falls back to the base model's answer only as long as nobody else answers for it.
/// </summary>
internal sealed class Turns
{
    private const int Never = -1; // the number of a run that no text ends with

    private readonly Device device;
    private readonly TokenRuns earlier = new(), prompts = new();
    private readonly SortedDictionary<int, float[]> wanted = []; // by length of the run: its number for each neuron, 0 where it wants none
    private readonly Dictionary<int[], (int Prompt, int Place)> exact = new(TokenSequences.Comparer); // prompt and earlier target tokens
    private readonly int[] exactLengths; // longest first
    private readonly float[] promptOf, placeOf; // of each neuron; 0 and no matter where it has its turn everywhere
    private readonly Dictionary<float[], Tensor> uploaded = [];

    /// <summary>Looks through an adaptor's neurons.</summary>
    public Turns(Device device, ReadOnlySpan<NeuronState> neurons)
    {
        this.device = device;
        (promptOf, placeOf) = (new float[neurons.Length], new float[neurons.Length]);
        var claimed = new HashSet<int[]>(TokenSequences.Comparer);
        foreach (NeuronState neuron in neurons)
            if (!neuron.Withdrawn && neuron.Prompt.Length > 0) claimed.Add(neuron.Prompt);
        for (int j = 0; j < neurons.Length; j++)
        {
            NeuronState neuron = neurons[j];
            if (neuron.Withdrawn && claimed.Contains(neuron.Prompt))
            {
                Want(0, neurons.Length)[j] = Never;
                continue; // nor is it ever its turn: where all others are kept out, nobody would be left
            }

            if (neuron.Earlier.Length > 0) Want(neuron.Earlier.Length, neurons.Length)[j] = earlier.NumberOf(neuron.Earlier);
            if (!neuron.TakesTurns) continue;
            int prompt = prompts.NumberOf(neuron.Prompt);
            (promptOf[j], placeOf[j]) = (prompt, neuron.Place);
            exact[[.. neuron.Prompt, .. neuron.Earlier]] = (prompt, neuron.Place);
        }

        exactLengths = [.. exact.Keys.Select(run => run.Length).Distinct().OrderDescending()];
    }

    /// <summary>Takes out of the competition whoever's turn it is not.</summary>
    /// <param name="scores">What the neurons compete with, <c>[R,n]</c>; it becomes -infinity for those.</param>
    /// <param name="tokens">What was read up to each row.</param>
    public void Bar(Tensor scores, RowTokens tokens)
    {
        int R = scores.Rows;
        foreach ((int length, float[] numbers) in wanted)
        {
            int[] here = [.. Enumerable.Range(0, R).Select(row => earlier.EndOf(tokens[row], length))];
            device.Rows<BarRow>(R, here, 0, Uploaded(numbers), scores);
        }

        if (exactLengths.Length == 0) return;
        (int Prompt, int Place)[] turns = [.. Enumerable.Range(0, R).Select(row => TurnAt(tokens[row]))];
        if (!Array.Exists(turns, turn => turn.Prompt != 0)) return;
        using BufferScope scope = device.Scope();
        Tensor place = device.From([.. turns.Select(turn => (float)turn.Place)], R, 1);
        device.Rows<BarOthersRow>(R, [.. turns.Select(turn => turn.Prompt)], 0, Uploaded(promptOf), Uploaded(placeOf), place, scores);
    }

    private (int Prompt, int Place) TurnAt(ReadOnlySpan<int> text)
    {
        var known = exact.GetAlternateLookup<ReadOnlySpan<int>>();
        foreach (int length in exactLengths)
            if (length <= text.Length && known.TryGetValue(text[^length..], out (int, int) turn)) return turn;
        return default;
    }

    private float[] Want(int length, int count)
    {
        if (!wanted.TryGetValue(length, out float[]? numbers)) wanted.Add(length, numbers = new float[count]);
        return numbers;
    }

    private Tensor Uploaded(float[] numbers)
    {
        if (uploaded.TryGetValue(numbers, out Tensor? there)) return there;
        Tensor made = device.AllocateUnscoped(new Shape(numbers.Length)); // lives as long as an adaptor looks at it
        device.Upload(numbers, made);
        return uploaded[numbers] = made;
    }
}
