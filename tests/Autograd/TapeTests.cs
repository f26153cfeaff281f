using System.Numerics;
using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

public sealed class TapeTests : IDisposable
{
    private readonly Device device = Devices.Create("cpu");
    private readonly Tape tape = new();

    public void Dispose() => device.Dispose();

    [Fact]
    public void Gradients_of_all_uses_add_up()
    {
        Variable x = tape.Parameter(device.From([3, -1], 2));
        Variable square = Multiply(x, x);
        Variable z = Add(Add(square, x), Scale(square, 10)); // 11x² + x
        tape.Backward(Sum(z));
        Assert.Equal([67f, -21], x.Gradient!.ToArray());
        Assert.Equal([11f, 11], square.Gradient!.ToArray());
    }

    [Fact]
    public void A_gradient_shared_by_two_variables_is_not_changed_through_one_of_them()
    {
        Variable x = tape.Parameter(device.From([1, 2], 2)), y = tape.Parameter(device.From([3, 4], 2));
        Variable sum = Add(x, y); // hands the very same dZ to both
        tape.Backward(Sum(Add(sum, Scale(x, 5))));
        Assert.Equal([6f, 6], x.Gradient!.ToArray());
        Assert.Equal([1f, 1], y.Gradient!.ToArray());
        Assert.Equal([1f, 1], sum.Gradient!.ToArray());
    }

    [Fact]
    public void A_result_of_any_shape_is_played_back_from_a_given_gradient()
    {
        Variable x = tape.Parameter(device.From([3, -1], 2));
        Variable y = Square(x);
        Fails.With<ArgumentException>("not recorded on this tape", () => new Tape().Backward(y, device.From([1, 1], 2)));
        tape.Backward(y, device.From([10, 100], 2));
        Assert.Equal([60f, -200], x.Gradient!.ToArray());
        Assert.Throws<InvalidOperationException>(() => tape.Backward(y, device.From([1, 1], 2)));
    }

    [Fact]
    public void A_parameter_may_be_the_loss_itself()
    {
        Variable x = tape.Parameter(device.From([5], 1, 1));
        tape.Backward(x);
        Assert.Equal(1, x.Gradient!.ToScalar());
        Assert.Equal(x.Shape, x.Gradient.Shape);
    }

    [Fact]
    public void What_the_loss_does_not_depend_on_has_no_gradient()
    {
        Variable x = tape.Parameter(device.From([5], 1)), unused = tape.Parameter(device.From([6], 1));
        Variable aside = Multiply(x, unused);
        tape.Backward(Square(x));
        Assert.Null(unused.Gradient);
        Assert.Null(aside.Gradient);
        Assert.Equal(10, x.Gradient!.ToScalar());
    }

    [Fact]
    public void Constants_are_not_recorded_and_get_no_gradient()
    {
        Variable x = tape.Parameter(device.From([1, 2, 3, 4], 2, 2));
        Variable constant = device.From([5, 6, 7, 8], 2, 2), row = device.From([1, 2], 2);
        Variable[] computed =
        [
            Add(constant, row), Subtract(constant, row), Multiply(constant, row), Scale(constant, 2), Square(constant), Sum(constant),
            Mean(constant), MatMul(constant, constant), MatMul(constant, constant, true), Linear(constant, constant, row),
            BiasActivate(constant, row, Activation.GeluTanh), AddLayerNorm(constant, constant, row, row, 1).Norm,
            Embedding(constant, [1, 0]), LayerNorm(constant, row, row, 1e-5f), Activate(constant, Activation.GeluTanh),
            MaxZero(constant), Dot(constant, constant), CrossEntropy(constant, [0, 1]),
            ScaleRows(constant, device.From([1, 2], 2, 1)), PutRows(constant, device.From([1, 2], 1, 2), [1]),
            CausalAttention(device.Zeros(new Shape(1, 6)), 1, device.Zeros(new Shape(1, 1, 2)), device.Zeros(new Shape(1, 1, 2)), [0], 1),
        ];
        Assert.All(computed, v => Assert.Null(v.Tape));
        Assert.All(computed, v => Assert.False(v.RequiresGradient));

        Variable beside = Multiply(x, computed[0]);
        Assert.Same(tape, beside.Tape);
        tape.Backward(Sum(beside));
        Assert.Null(constant.Gradient);
        Assert.Null(computed[0].Gradient);
        Assert.Equal(computed[0].Value.ToArray(), x.Gradient!.ToArray());
    }

    [Fact]
    public void Every_operation_hands_its_tape_on()
    {
        Variable x = tape.Parameter(device.From([1, 2, 3, 4], 2, 2)), row = tape.Parameter(device.From([1, 2], 2));
        Variable[] results =
        [
            Add(x, row), Scale(x, 2), Sum(x), MatMul(x, x), Embedding(x, [0]), LayerNorm(x, row, row, 1e-5f),
            Activate(x, Activation.GeluTanh),
        ];
        Assert.All(results, v => Assert.Same(tape, v.Tape));
    }

    [Fact]
    public void Two_tapes_do_not_mix()
    {
        Variable x = tape.Parameter(device.From([1], 1)), y = new Tape().Parameter(device.From([2], 1));
        Fails.With<InvalidOperationException>("two tapes", () => Multiply(x, y));
    }

    [Theory]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void A_parameter_is_float32(DType dtype)
    {
        Tensor stored = Devices.Stored(device, [1, 2, 3, 4], dtype, 2, 2);
        string message = Assert.Throws<ArgumentException>(() => tape.Parameter(stored)).Message;
        Assert.Equal($"Parameter: [2,2] is stored as {dtype}, expected F32. Hint: Tensor.Float32Copy.", message);

        Variable x = tape.Parameter(stored.Float32Copy());
        tape.Backward(Sum(Square(x)));
        Assert.Equal([2f, 4, 6, 8], x.Gradient!.ToArray());
    }

    [Fact]
    public void A_tape_plays_once()
    {
        Variable x = tape.Parameter(device.From([3], 1));
        Variable loss = Square(x);
        tape.Backward(loss);
        Fails.With<InvalidOperationException>("played already", () => tape.Backward(loss));
        Assert.Equal(6, x.Gradient!.ToScalar());
    }

    [Fact]
    public void Only_one_number_of_this_tape_can_be_the_loss()
    {
        Variable x = tape.Parameter(device.From([1, 2], 2, 1));
        Fails.With<ArgumentException>("the loss is [2,1], expected one number", () => tape.Backward(x));
        Fails.With<ArgumentException>("the loss is [0]", () => tape.Backward(tape.Parameter(device.Allocate(0))));
        Fails.With<ArgumentException>("not recorded on this tape", () => tape.Backward(device.From([1], 1)));
        Fails.With<ArgumentException>("not recorded on this tape", () => new Tape().Backward(Sum(x)));

        tape.Backward(Sum(x)); // a refused loss leaves the tape as it was
        Assert.Equal([1f, 1], x.Gradient!.ToArray());
    }

    [Fact]
    public void A_scope_takes_everything_back_but_what_it_keeps()
    {
        Variable x = tape.Parameter(device.From([1, 2], 2));
        Variable loss;
        using (BufferScope scope = device.Scope())
        {
            loss = Sum(Square(x));
            tape.Backward(loss);
            scope.Keep(x.Gradient!);
        }

        Assert.Equal([2f, 4], x.Gradient!.ToArray());
        Assert.Throws<ObjectDisposedException>(() => loss.Value.ToArray());
    }

    [Fact]
    public void A_tape_that_releases_leaves_the_loss_and_the_parameters_gradients()
    {
        (float[] loss, float[][] gradients, _) = Layer(new Tape());
        (float[] releasedLoss, float[][] releasedGradients, Variable[] between) = Layer(new Tape(releases: true));
        Devices.SameBits(loss, releasedLoss, "loss");
        for (int i = 0; i < gradients.Length; i++) Devices.SameBits(gradients[i], releasedGradients[i], $"parameter {i}");
        Assert.All(between, v => Assert.Throws<ObjectDisposedException>(() => v.Value.ToArray()));
        Assert.All(between, v => Assert.Throws<ObjectDisposedException>(() => v.Gradient!.ToArray()));
    }

    [Fact]
    public void What_the_loss_does_not_depend_on_is_released_too()
    {
        var recording = new Tape(releases: true);
        Variable x = recording.Parameter(device.From([5], 1)), aside = Scale(x, 3);
        recording.Backward(Square(x));
        Assert.Throws<ObjectDisposedException>(() => aside.Value.ToArray());
        Assert.Equal([5f], x.Value.ToArray());
        Assert.Equal([10f], x.Gradient!.ToArray());
    }

    [Fact]
    public void A_gradient_that_is_not_of_the_pass_is_not_released()
    {
        var recording = new Tape(releases: true);
        Tensor factor = device.From([2, 3], 2);
        Variable x = recording.Parameter(device.From([1, 1], 2)), y = Scale(x, 1);
        Variable dot = Tape.Record(Sum(Multiply(y.Value, factor)).Value, [y], _ => y.AddGradient(factor)); // given that dY is 1
        recording.Backward(dot);
        Assert.Equal([2f, 3], factor.ToArray());
        Assert.Equal([2f, 3], x.Gradient!.ToArray());
    }

    [Fact]
    public void Contributions_to_a_gradient_of_its_own_are_added_to_it_in_any_order()
    {
        Variable x = tape.Parameter(device.From([1, 2], 2));
        Tensor shared = device.From([10, 20], 2);
        x.AddGradient(shared);
        x.AddToGradient((own, adds) => device.Map<Plus>(own, adds ? 1 : float.NaN, own));
        x.AddGradient(device.From([100, 200], 2));
        Assert.Equal([111f, 221], x.Gradient!.ToArray());
        Assert.Equal([10f, 20], shared.ToArray());

        Variable y = tape.Parameter(device.From([1, 2], 2)), constant = device.From([1, 2], 2);
        y.AddToGradient((own, adds) => device.Fill(own, adds ? float.NaN : 5));
        y.AddGradient(shared);
        Assert.Equal([15f, 25], y.Gradient!.ToArray());
        constant.AddToGradient((_, _) => throw new InvalidOperationException("a constant takes no gradient"));
        Assert.Null(constant.Gradient);
    }

    /// <summary>A layer with a residual, where gradients are shared and memory is written in place, and a loss of it.</summary>
    private (float[] Loss, float[][] Gradients, Variable[] Between) Layer(Tape recording)
    {
        int seed = 0;
        Variable table = New(5, 8), gain = New(8), bias = New(8), weight = New(8, 8);
        Variable x = Embedding(table, [3, 1, 3]), normed = LayerNorm(x, gain, bias, 1e-5f), linear = Linear(normed, weight, bias);
        (Variable sum, Variable norm) = AddLayerNorm(x, linear, gain, bias, 1e-5f);
        Variable y = Add(sum, BiasActivate(norm, bias, Activation.GeluTanh)), logits = MatMul(y, table, transposeY: true);
        Variable losses = CrossEntropy(logits, [1, 4, 0]), loss = Mean(losses);
        recording.Backward(loss);
        Variable[] parameters = [table, gain, bias, weight];
        float[][] gradients = Array.ConvertAll(parameters, p => p.Gradient!.ToArray());
        return (loss.Value.ToArray(), gradients, [x, normed, linear, sum, norm, y, logits, losses]);

        Variable New(params int[] dims) => recording.Parameter(device.From(Devices.Values(new Shape(dims).Count, seed++), dims));
    }

    private readonly struct Plus : IBinaryOp
    {
        public static float Apply(float x, float y) => x + y;

        public static Vector<float> Apply(Vector<float> x, Vector<float> y) => x + y;
    }
}
