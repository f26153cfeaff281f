using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class RecomputedTests
{
    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Values_and_gradients_have_the_bits_of_the_function_itself(string name)
    {
        using Device device = Devices.Create(name);
        (bool, bool, bool)[] parameters = [(true, true, true), (false, true, false), (true, false, false)];
        foreach ((bool x, bool w, bool b) in parameters)
        {
            float[][] plain = Run(recomputed: false), again = Run(recomputed: true);
            for (int i = 0; i < plain.Length; i++) Devices.SameBits(plain[i], again[i], $"{i}");
            Assert.Equal([false, !x, !w, !b], again.Select(values => values.Length == 0));

            float[][] Run(bool recomputed)
            {
                var tape = new Tape();
                Variable input = Of(1, x, 5, 7), weight = Of(2, w, 7, 7), bias = Of(3, b, 7);
                Variable y = input;
                for (int i = 0; i < 3; i++) // the weights are met three times, and the input twice
                {
                    y = recomputed
                        ? Recomputed(y, [weight, bias], (h, all) => Add(h, Function(h, all)))
                        : Add(y, Function(y, [weight, bias]));
                }

                tape.Backward(Sum(Square(y)));
                return [y.Value.ToArray(), .. new[] { input, weight, bias }.Select(v => v.Gradient?.ToArray() ?? [])];

                Variable Of(int seed, bool isParameter, params int[] dims)
                {
                    Tensor value = device.From(Devices.Values(new Shape(dims).Count, seed), dims);
                    return isParameter ? tape.Parameter(value) : value;
                }
            }
        }

        static Variable Function(Variable h, IReadOnlyList<Variable> weights) =>
            BiasActivate(MatMul(h, weights[0]), weights[1], Activation.GeluTanh);
    }

    [Fact]
    public void Nothing_in_between_is_remembered()
    {
        using Device device = Devices.Create("cpu-1-thread");
        var tape = new Tape();
        Variable x = tape.Parameter(device.From([1, 2, 3], 1, 3)), between = x;
        int calls = 0;
        Variable y = Recomputed(x, [], (h, _) =>
        {
            calls++;
            between = Square(h);
            return Square(between);
        });
        Assert.False(between.RequiresGradient);
        Assert.Throws<ObjectDisposedException>(() => between.Value.ToArray());
        tape.Backward(Sum(y));
        Assert.Equal(2, calls);
        Assert.Throws<ObjectDisposedException>(() => between.Value.ToArray());
        Assert.Equal([4, 32, 108], x.Gradient!.ToArray());
    }

    [Fact]
    public void Of_constants_alone_it_is_a_constant()
    {
        using Device device = Devices.Create("cpu-1-thread");
        Assert.False(Recomputed(device.From([1], 1), [], (h, _) => Square(h)).RequiresGradient);
    }
}
