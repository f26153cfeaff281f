using System.Diagnostics.CodeAnalysis;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

/// <summary>
/// A tensor that may take part in differentiation. Tensors convert to constants by themselves, so the same code
/// runs with a tape (training) and without one (inference).
/// </summary>
public sealed class Variable
{
    /// <summary>Whether nobody else holds the gradient as his. It is handed on only when no more contributions come.</summary>
    private bool ownsGradient;

    internal Variable(Tensor value, Tape? tape) => (Value, Tape) = (value, tape);

    /// <summary>What was computed.</summary>
    public Tensor Value { get; }

    /// <summary>d loss / d value, of the value's shape, once <see cref="Tape.Backward(Variable)"/> reached this variable.</summary>
    public Tensor? Gradient { get; private set; }

    /// <summary>The tape this variable is recorded on; null for a constant.</summary>
    public Tape? Tape { get; }

    /// <summary>Where the value lives.</summary>
    public Device Device => Value.Device;

    /// <summary>Shape of the value.</summary>
    public Shape Shape => Value.Shape;

    /// <summary>True when a gradient will flow here.</summary>
    public bool RequiresGradient => Tape is not null;

    /// <summary>A constant.</summary>
    [return: NotNullIfNotNull(nameof(value))]
    public static implicit operator Variable?(Tensor? value) => value is null ? null : new(value, null);

    /// <summary>A constant.</summary>
    public static Variable Constant(Tensor value) => value;

    /// <summary>
    /// Adds a contribution to <see cref="Gradient"/>; operations call this in their backward pass. The first one is taken as it is
    /// and may be shared with other variables; a second one makes a tensor of the variable's own, so that nobody else's gradient
    /// changes, and further ones are added to that. A constant takes none: ask <see cref="RequiresGradient"/> before computing what it
    /// would throw away.
    /// </summary>
    /// <param name="contribution">Of the value's shape; nobody may write to it any more.</param>
    /// <exception cref="ArgumentException">It is of another shape.</exception>
    public void AddGradient(Tensor contribution)
    {
        ArgumentNullException.ThrowIfNull(contribution);
        if (contribution.Shape != Shape)
            throw new ArgumentException($"AddGradient: a gradient {contribution.Shape} for a value {Shape}, expected equal shapes.");
        if (!RequiresGradient) return;
        if (Gradient is null)
        {
            Gradient = contribution;
            return;
        }

        Tensor sum = ownsGradient ? Gradient : Device.Allocate(Shape);
        Device.Map<AddOp>(Gradient, contribution, sum);
        (Gradient, ownsGradient) = (sum, true);
    }

    /// <summary>
    /// What <see cref="AddGradient"/> does, from an operation that writes its contribution into memory of the variable's own, or adds
    /// it to what is there: a large gradient of several parts, a table's for example, then needs no memory for each of them.
    /// </summary>
    /// <param name="write">Given where to, and whether to add.</param>
    public void AddToGradient(Action<Tensor, bool> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        if (!RequiresGradient) return;
        bool adds = Gradient is not null;
        if (!ownsGradient)
        {
            Tensor own = Device.Allocate(Shape);
            if (Gradient is not null) Device.Copy(Gradient, own);
            (Gradient, ownsGradient) = (own, true);
        }

        write(Gradient!, adds);
    }
}
