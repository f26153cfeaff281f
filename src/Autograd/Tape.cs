using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

/// <summary>
/// Records operations in the order they run and plays them backwards. One tape serves one backward pass; open a
/// <see cref="BufferScope"/> around a training step to have its intermediate tensors back.
/// </summary>
/// <param name="releases">
/// Whether the backward pass gives memory back as it goes: values, gradients and whatever else was recorded or computed on the way,
/// as soon as nothing needs it any more. The parameters' gradients and the value of the loss are left. For training, which looks at
/// nothing else.
/// </param>
public sealed class Tape(bool releases = false)
{
    private readonly List<Entry> entries = [];
    private readonly TapeMemory? memory = releases ? new() : null;
    private bool played;

    /// <summary>A variable whose gradient is wanted.</summary>
    /// <param name="value">Float32; stored weights of another type make a <see cref="Tensor.Float32Copy"/> first.</param>
    /// <exception cref="ArgumentException">The value is stored as F16 or BF16.</exception>
    public Variable Parameter(Tensor value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.DType != DType.F32)
            throw new ArgumentException($"Parameter: {value.Shape} is stored as {value.DType}, expected F32. Hint: Tensor.Float32Copy.");
        return new Variable(value, this);
    }

    /// <summary>
    /// Fills <see cref="Variable.Gradient"/> of every variable that <paramref name="loss"/> depends on.
    /// </summary>
    /// <exception cref="ArgumentException">The loss is not one number, or was not recorded here.</exception>
    /// <exception cref="InvalidOperationException">The tape was played already.</exception>
    public void Backward(Variable loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        if (loss.Value.Count != 1)
            throw new ArgumentException($"Backward: the loss is {loss.Shape}, expected one number. Hint: Sum or Mean.");
        Tensor one = loss.Device.Allocate(loss.Shape);
        loss.Device.Fill(one, 1);
        Backward(loss, one);
    }

    /// <summary>
    /// The same from within: given d loss / d <paramref name="result"/>, fills <see cref="Variable.Gradient"/> of every variable that
    /// the result depends on.
    /// </summary>
    /// <param name="result">Recorded here; of any shape.</param>
    /// <param name="gradient">Of its shape; nobody may write to it any more.</param>
    /// <exception cref="ArgumentException">The result was not recorded here, or the gradient is of another shape.</exception>
    /// <exception cref="InvalidOperationException">The tape was played already.</exception>
    public void Backward(Variable result, Tensor gradient)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (result.Tape != this)
            throw new ArgumentException("Backward: the loss was not recorded on this tape. Hint: no input of it is a parameter.");
        if (played) throw new InvalidOperationException("Backward: this tape was played already. Hint: one tape per step.");
        played = true;
        result.AddGradient(gradient);
        memory?.Keep(result.Value);
        for (int i = entries.Count - 1; i >= 0; i--)
        {
            Entry entry = entries[i];
            entries.RemoveAt(i);
            if (memory is not null) memory.Play(entry);
            else entry.Play();
        }
    }

    /// <summary>
    /// What every operation ends with, in this library or outside of it: wraps its result and, when an input requires a gradient,
    /// remembers how to send dY back to the inputs. Without such an input the result is a constant and nothing is remembered.
    /// </summary>
    /// <remarks>
    /// <see cref="Backward(Variable)"/> calls <paramref name="backward"/> once if the loss depends on the result and never otherwise: after
    /// everything that the result went into has added its part to dY, before anything that the inputs were made of has its turn. It
    /// is given dY, of the result's shape, and calls <see cref="Variable.AddGradient"/> of each input that requires one. It may
    /// read dY, the inputs and whatever the forward pass kept, but write to none of them: others read them too, and dY may be
    /// handed on as it is. Memory kept for it lasts as long as the <see cref="BufferScope"/> it was allocated in.
    /// </remarks>
    /// <param name="value">The result, in memory that the operation has allocated.</param>
    /// <param name="inputs">All that the result depends on.</param>
    /// <param name="backward">Sends dY back.</param>
    /// <returns>The result, recorded on the inputs' tape if there is one.</returns>
    /// <exception cref="InvalidOperationException">The inputs are recorded on two tapes.</exception>
    public static Variable Record(Tensor value, ReadOnlySpan<Variable> inputs, Action<Tensor> backward)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(backward);
        Tape? tape = null;
        foreach (Variable input in inputs)
        {
            if (input.Tape is null) continue;
            if (tape is not null && tape != input.Tape) throw new InvalidOperationException("One operation mixes variables of two tapes.");
            tape = input.Tape;
        }

        var output = new Variable(value, tape);
        if (tape is null) return output;
        var entry = new Entry(output, [.. inputs], backward);
        tape.entries.Add(entry);
        tape.memory?.Record(entry);
        return output;
    }

    /// <summary>One operation.</summary>
    internal sealed record Entry(Variable Output, Variable[] Inputs, Action<Tensor> Backward)
    {
        /// <summary>Sends the output's gradient, if there is one, back to the inputs.</summary>
        public void Play()
        {
            if (Output.Gradient is { } dY) Backward(dY);
        }
    }
}
