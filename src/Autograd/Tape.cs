using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

/// <summary>
/// Records operations in the order they run and plays them backwards. One tape serves one backward pass; open a
/// <see cref="BufferScope"/> around a training step to have its intermediate tensors back.
/// </summary>
public sealed class Tape
{
    private readonly List<(Variable Output, Action<Tensor> Backward)> entries = [];
    private bool played;

    /// <summary>A variable whose gradient is wanted.</summary>
    public Variable Parameter(Tensor value) => new(value, this);

    /// <summary>
    /// Fills <see cref="Variable.Gradient"/> of every variable that <paramref name="loss"/> depends on.
    /// </summary>
    /// <exception cref="ArgumentException">The loss is not one number, or was not recorded here.</exception>
    /// <exception cref="InvalidOperationException">The tape was played already.</exception>
    public void Backward(Variable loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        if (loss.Value.Count != 1) throw new ArgumentException($"Backward: the loss is {loss.Shape}, expected one number. Hint: Sum or Mean.");
        if (loss.Tape != this) throw new ArgumentException("Backward: the loss was not recorded on this tape. Hint: no input of it is a parameter.");
        if (played) throw new InvalidOperationException("Backward: this tape was played already. Hint: one tape per step.");
        played = true;

        Tensor one = loss.Device.Allocate(loss.Shape);
        loss.Device.Fill(one, 1);
        loss.AddGradient(one);
        for (int i = entries.Count - 1; i >= 0; i--)
        {
            (Variable output, Action<Tensor> backward) = entries[i];
            if (output.Gradient is { } dY) backward(dY);
        }
    }

    /// <summary>
    /// What every operation ends with: wraps its result and, when an input requires a gradient, remembers how to
    /// send dY back to the inputs. Without such an input the result is a constant and nothing is remembered.
    /// </summary>
    internal static Variable Record(Tensor value, ReadOnlySpan<Variable> inputs, Action<Tensor> backward)
    {
        Tape? tape = null;
        foreach (Variable input in inputs)
        {
            if (input.Tape is null) continue;
            if (tape is not null && tape != input.Tape) throw new InvalidOperationException("One operation mixes variables of two tapes.");
            tape = input.Tape;
        }

        var output = new Variable(value, tape);
        tape?.entries.Add((output, backward));
        return output;
    }
}
