using Sharpformer.Tensors;

namespace Sharpformer.Tests.Tensors;

public sealed class RowQuantizerTests
{
    [Fact]
    public void Every_number_is_the_nearest_multiple_of_the_scale_at_any_length()
    {
        for (int length = 0; length < 70; length++)
        {
            float[] row = Devices.Values(length, length + 1);
            (float scale, sbyte[] whole) = Quantized(row);
            Assert.Equal(length == 0 ? 0 : row.Max(MathF.Abs) / 127, scale);
            for (int i = 0; i < length; i++)
            {
                Assert.Equal((sbyte)Math.Round(row[i] / scale, MidpointRounding.ToEven), whole[i]);
                Assert.InRange(Math.Abs((double)row[i] - (double)whole[i] * scale), 0, scale * 0.5000001);
            }
        }
    }

    [Fact]
    public void Ties_go_to_the_even_number()
    {
        float[] row = [127, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 126.5f, -127, 3.5f]; // a vector, and two one by one
        (float scale, sbyte[] whole) = Quantized(row);
        Assert.Equal(1, scale);
        Assert.Equal([127, 0, 2, 2, 0, -2, -2, 126, -127, 4], whole);
    }

    [Fact]
    public void Rows_of_zeros_and_of_next_to_nothing_become_zeros()
    {
        Assert.Equal((0f, 0), (Quantized([0, -0f, 0]).Scale, Quantized([0, -0f, 0]).Whole.Max()));
        (float scale, sbyte[] whole) = Quantized([float.Epsilon, -float.Epsilon, 0]);
        Assert.Equal(0, scale);
        Assert.Equal([0, 0, 0], whole);
    }

    [Fact]
    public void A_subnormal_scale_is_coarse_but_never_wraps_around()
    {
        for (int n = 1; n < 1000; n += 7)
        {
            float most = n * float.Epsilon;
            float[] row = [most, -most, most / 2, 0, most, most, most, -most, -most];
            (float scale, sbyte[] whole) = Quantized(row);
            for (int i = 0; i < row.Length; i++)
            {
                Assert.True(scale == 0 || MathF.Sign(row[i]) * whole[i] >= 0, $"{n}: {whole[i]}");
                Assert.InRange(Math.Abs((double)row[i] - (double)whole[i] * scale), 0, 64 * float.Epsilon);
            }
        }
    }

    [Fact]
    public void One_huge_number_takes_all_the_room_of_its_row()
    {
        (float scale, sbyte[] whole) = Quantized([1, -1, float.MaxValue, 1e30f]);
        Assert.Equal(float.MaxValue / 127, scale);
        Assert.Equal([0, 0, 127, 0], whole);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_number_that_is_not_finite_shows_in_the_scale(float special)
    {
        foreach (int at in (int[])[0, 7, 8, 16]) // in a vector, and behind them
        {
            float[] row = Devices.Values(17);
            row[at] = special;
            Assert.False(float.IsFinite(RowQuantizer.Scale(row)));
        }
    }

    private static (float Scale, sbyte[] Whole) Quantized(float[] row)
    {
        float scale = RowQuantizer.Scale(row);
        sbyte[] whole = new sbyte[row.Length];
        RowQuantizer.Quantize(row, scale, whole);
        return (scale, whole);
    }
}
