namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>
/// An iReVa edit's neurons as the parts that are stored. With m target tokens: <c>key</c> and <c>value</c> <c>[m,C]</c>,
/// <c>threshold</c> <c>[m]</c>, <c>losses</c> <c>[m,epochs,3]</c>, the three being those of <see cref="EpochLoss"/>.
/// </summary>
public static class IReVaParts
{
    private const string Key = "key", Value = "value", Threshold = "threshold";

    /// <summary>The parts of neurons that answer with an edit's target tokens, in this order.</summary>
    /// <exception cref="ArgumentException">They differ in width or in training epochs.</exception>
    public static IReadOnlyList<EditPart> Parts(IReadOnlyList<Neuron> neurons)
    {
        ArgumentNullException.ThrowIfNull(neurons);
        int m = neurons.Count, epochs = m == 0 ? 0 : neurons[0].Losses.Count;
        return
        [
            Rows(Key, [.. neurons.Select(n => n.Key)]),
            Rows(EditPart.Losses, [.. neurons.Select(Flat)]) with { Shape = [m, epochs, 3] },
            new EditPart(Threshold, [m], [.. neurons.Select(n => n.Threshold)]),
            Rows(Value, [.. neurons.Select(n => n.Value)]),
        ];
    }

    /// <summary>An edit's neurons, one per target token; none where its parts were not read or are gone.</summary>
    public static IReadOnlyList<Neuron> Neurons(Edit edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        if (edit.Parts.Count == 0) return [];
        int m = edit.TargetTokens.Length;
        var neurons = new Neuron[m];
        for (int i = 0; i < m; i++)
        {
            EpochLoss[] losses = Losses(Row(EditPart.Losses, i));
            neurons[i] = new Neuron(edit.TargetTokens[i], Row(Key, i), Row(Value, i), Row(Threshold, i)[0], losses);
        }

        return neurons;

        float[] Row(string name, int row)
        {
            float[] values = edit.Part(name)!.Values;
            if (m == 1) return values;
            int width = values.Length / m;
            return values[(row * width)..((row + 1) * width)];
        }
    }

    /// <summary>How many neurons an edit has, known without its parts.</summary>
    public static int Count(Edit edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        return edit.Status == EditStatus.Removed ? 0 : edit.TargetTokens.Length;
    }

    /// <summary>
    /// Each neuron's loss before the last training step, known from the part that tells about training alone; null without
    /// training.
    /// </summary>
    public static IReadOnlyList<double?> FinalLosses(Edit edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        int m = edit.TargetTokens.Length;
        EpochLoss[] losses = Losses(edit.Part(EditPart.Losses)?.Values ?? []);
        int epochs = losses.Length / m;
        return [.. Enumerable.Range(0, m).Select(i => epochs == 0 ? (double?)null : losses[((i + 1) * epochs) - 1].Total)];
    }

    /// <summary>The neurons' mean L_edit before the last training step; null without training and where that is no number.</summary>
    public static double? FinalLoss(IReadOnlyList<Neuron> neurons) =>
        neurons.Select(neuron => neuron.Losses is [.., var last] ? last.Edit : (double?)null).Average() is { } mean
            && !double.IsNaN(mean) ? mean : null;

    /// <summary>What keeps an edit's parts from being neurons of width C, one per target token; null where nothing does.</summary>
    /// <param name="edit">The edit.</param>
    /// <param name="nEmbd">C.</param>
    /// <param name="more">Shapes of other parts that its method gives it.</param>
    internal static string? Misfit(Edit edit, int nEmbd, params ReadOnlySpan<(string Name, int[] Shape)> more)
    {
        int m = edit.TargetTokens.Length;
        (string Name, int[] Shape)[] expected = [(Key, [m, nEmbd]), (Value, [m, nEmbd]), (Threshold, [m]), .. more];
        foreach ((string name, int[] shape) in expected)
        {
            if (edit.Part(name) is not { } part) return $"it has no part '{name}'";
            if (!part.Shape.SequenceEqual(shape))
                return $"part '{name}' is [{string.Join(',', part.Shape)}], expected [{string.Join(',', shape)}]";
        }

        if (edit.Part(EditPart.Losses) is not { Shape: [var rows, _, 3] } || rows != m)
            return $"it has no part '{EditPart.Losses}' of [{m},epochs,3]";
        int parts = expected.Length + 1;
        return edit.Parts.Count == parts ? null : $"it has {edit.Parts.Count} parts, expected {parts}";
    }

    private static EditPart Rows(string name, float[][] rows)
    {
        int width = rows.Length == 0 ? 0 : rows[0].Length;
        int odd = Array.FindIndex(rows, row => row.Length != width);
        if (odd >= 0) throw new ArgumentException($"Neuron {odd} has {rows[odd].Length} numbers as {name}, neuron 0 has {width}.");
        var values = new float[rows.Length * width];
        for (int i = 0; i < rows.Length; i++) rows[i].CopyTo(values, i * width);
        return new EditPart(name, [rows.Length, width], values);
    }

    private static float[] Flat(Neuron neuron) => [.. neuron.Losses.SelectMany(loss => new[] { loss.Edit, loss.Rec, loss.Irr })];

    internal static EpochLoss[] Losses(float[] flat)
    {
        var losses = new EpochLoss[flat.Length / 3];
        for (int i = 0; i < losses.Length; i++) losses[i] = new EpochLoss(flat[3 * i], flat[(3 * i) + 1], flat[(3 * i) + 2]);
        return losses;
    }
}
