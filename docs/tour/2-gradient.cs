#:project ../../src/Autograd/Autograd.csproj
#:property PublishAot=false
// Chapter 2: a tape and a gradient. Run it with: dotnet run 2-gradient.cs
//
// Nobody writes a model's weights down. They start as noise, and a loss, one number, says how wrong the model is. Training asks of
// each weight: if it grew a little, by how much would the loss grow? That ratio is the weight's gradient. Then it moves every weight
// a little against its gradient, and asks again.
//
// The ratios could be found by trying, two runs for each weight. For millions of weights that is hopeless. But every operation knows
// its own small share: of z = x·y, z grows y times as fast as x does. So whatever z's gradient is, x gets that, times y. This is
// the chain rule. It works from the loss back to the weights, so the operations must be remembered in the order they ran: on a tape,
// which is a list of closures. Playing it backwards gives all gradients at once, for about the price of two runs.
using Sharpformer.Autograd;
using Sharpformer.Tensors.Cpu;
using static Sharpformer.Autograd.Ops;

// A model of two weights: y = w·x + b. It is to find the line through these points, which is y = 2x + 1.
float[] xs = [0, 1, 2, 3], ys = [1, 3, 5, 7];
double w = 0.5, b = 0;

(double loss, double dW, double dB) = ByTape(w, b);
Console.WriteLine($"by our tape:   loss {loss:f4}, gradients {dW:f4} and {dB:f4}");

const double H = 1e-4;
double tryW = (ByTape(w + H, b).Loss - ByTape(w - H, b).Loss) / (2 * H), tryB = (ByTape(w, b + H).Loss - ByTape(w, b - H).Loss) / (2 * H);
Console.WriteLine($"by trying:     loss {loss:f4}, gradients {tryW:f4} and {tryB:f4}");

// The same with the engine. There the tape records operations on whole tensors: one entry for four points, or for four million.
using var device = new CpuDevice();
var tape = new Tape();
Variable weight = tape.Parameter(device.From([(float)w], 1, 1)), bias = tape.Parameter(device.From([(float)b], 1));
Variable line = Linear(device.From(xs, 4, 1), weight, bias);
Variable error = Mean(Square(Subtract(line, device.From(ys, 4, 1))));
tape.Backward(error);
Console.WriteLine(
    $"by the engine: loss {error.Value.ToScalar():f4}, gradients {weight.Gradient!.ToScalar():f4} and {bias.Gradient!.ToScalar():f4}");

// Training is a loop around that: a step against the gradient, again and again. 0.1 is the learning rate. Much larger, and the steps
// overshoot; much smaller, and they take forever.
for (int step = 0; step <= 200; step++)
{
    (loss, dW, dB) = ByTape(w, b);
    if (step is 0 or 1 or 10 or 50 or 200) Console.WriteLine($"step {step,3}: loss {loss:f6}, y = {w:f4}·x + {b:f4}");
    w -= 0.1 * dW;
    b -= 0.1 * dB;
}

// The mean of (w·x + b - y)² over the points, and its gradients.
(double Loss, double DW, double DB) ByTape(double w, double b)
{
    var tape = new PlainTape();
    Number weight = new(w), bias = new(b), sum = new(0);
    for (int i = 0; i < xs.Length; i++)
    {
        Number error = tape.Add(tape.Add(tape.Multiply(weight, new(xs[i])), bias), new(-ys[i]));
        sum = tape.Add(sum, tape.Multiply(error, error));
    }

    Number mean = tape.Multiply(sum, new(1.0 / xs.Length));
    tape.PlayBackwards(mean);
    return (mean.Value, weight.Gradient, bias.Gradient);
}

/// <summary>A number that took part in a computation, and how fast the loss grows with it.</summary>
internal sealed class Number(double value)
{
    public double Value { get; } = value;

    public double Gradient { get; set; }
}

/// <summary>Does arithmetic, and remembers for each operation how gradients go back through it.</summary>
internal sealed class PlainTape
{
    private readonly List<Action> entries = [];

    public Number Add(Number x, Number y)
    {
        var z = new Number(x.Value + y.Value);
        entries.Add(() =>
        {
            x.Gradient += z.Gradient; // += and not =, for a number that is used twice has two ways to change the loss
            y.Gradient += z.Gradient;
        });
        return z;
    }

    public Number Multiply(Number x, Number y)
    {
        var z = new Number(x.Value * y.Value);
        entries.Add(() =>
        {
            x.Gradient += z.Gradient * y.Value;
            y.Gradient += z.Gradient * x.Value;
        });
        return z;
    }

    public void PlayBackwards(Number loss)
    {
        loss.Gradient = 1;
        for (int i = entries.Count - 1; i >= 0; i--) entries[i]();
    }
}

// For real: src/Autograd/Tape.cs is the same list of closures; see how short Backward is. Variable.cs is our Number. In src/Autograd/Ops/
// each operation has a file, forward and backward together: Multiply.cs is the one above, MatMul.cs that of the loops of chapter 1.

// It prints:
//
//   by our tape:   loss 13.3750, gradients -13.5000 and -6.5000
//   by trying:     loss 13.3750, gradients -13.5000 and -6.5000
//   by the engine: loss 13.3750, gradients -13.5000 and -6.5000
//   step   0: loss 13.375000, y = 0.5000·x + 0.0000
//   step   1: loss 0.358750, y = 1.8500·x + 0.6500
//   step  10: loss 0.006329, y = 2.0619·x + 0.8679
//   step  50: loss 0.000047, y = 2.0053·x + 0.9886
//   step 200: loss 0.000000, y = 2.0000·x + 1.0000
