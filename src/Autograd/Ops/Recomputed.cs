using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>
    /// y = f(x, weights), of which only y is kept: the backward pass computes f again, with what it needs for its gradients (Chen et
    /// al. 2016). Costs a second forward pass, and saves the memory of all that lies between x and y.
    /// </summary>
    /// <param name="x">What changes from pass to pass.</param>
    /// <param name="weights">All else that f depends on and that may require a gradient.</param>
    /// <param name="f">Called with variables of the same values, in the same order. It must compute the same each time.</param>
    public static Variable Recomputed(Variable x, IReadOnlyList<Variable> weights, Func<Variable, IReadOnlyList<Variable>, Variable> f)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(f);
        Variable[] inputs = [x, .. weights];
        Tensor y;
        using (BufferScope scope = x.Device.Scope()) y = scope.Keep(f(x.Value, [.. weights.Select(w => Variable.Constant(w.Value))]).Value);
        return Tape.Record(y, inputs, dY =>
        {
            Tensor?[] gradients;
            using (BufferScope scope = x.Device.Scope())
            {
                var tape = new Tape(releases: true);
                Variable[] again = [.. inputs.Select(input => input.RequiresGradient ? tape.Parameter(input.Value) : input.Value)];
                tape.Backward(f(again[0], again[1..]), dY);
                gradients = [.. again.Select(input => input.Gradient is { } gradient ? scope.Keep(gradient) : null)];
            }

            for (int i = 0; i < inputs.Length; i++)
                if (gradients[i] is { } gradient) inputs[i].AddGradient(gradient);
        });
    }
}
