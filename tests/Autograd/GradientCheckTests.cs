using Sharpformer.Autograd;
using Xunit.Sdk;

namespace Sharpformer.Tests.Autograd;

/// <summary>A check that cannot fail checks nothing.</summary>
public sealed class GradientCheckTests
{
    private static readonly Input X = Input.Random(1, 3, 7);

    [Fact]
    public void Accepts_what_is_right() =>
        GradientCheck.Run("cpu", v => Ops.Scale(v[0], 3), x => [.. x[0].Select(e => 3 * e)], X);

    [Fact]
    public void Notices_a_value_that_is_off_by_a_hundred_thousandth() =>
        Assert.ThrowsAny<XunitException>(
            () => GradientCheck.Run("cpu", v => Ops.Scale(v[0], 3.00003f), x => [.. x[0].Select(e => 3 * e)], X));

    [Fact]
    public void Notices_a_missing_gradient_under_a_right_value() =>
        Assert.ThrowsAny<XunitException>(
            () => GradientCheck.Run("cpu", v => Ops.Add(v[0], v[0].Value), x => [.. x[0].Select(e => 2 * e)], X));

    [Fact]
    public void Notices_an_input_that_the_gradient_never_reaches() =>
        Assert.ThrowsAny<XunitException>(
            () => GradientCheck.Run("cpu", v => Ops.Add(v[0], v[1].Value), x => [.. x[0].Zip(x[1], (a, b) => a + b)], X, X));
}
