using System.Numerics;

namespace Sharpformer.Tensors.Cpu;

/// <content>Element-wise verbs: check, then split the range over the threads.</content>
public sealed unsafe partial class CpuDevice
{
    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, Tensor y)
    {
        string verb = Verb<TOp>();
        float* px = Source(verb, x), py = Destination(verb, y);
        Arguments.SameCount(verb, x, y);
        Arguments.InPlaceOrApart(verb, x, y);
        work.Split(x.Count, Grain, (start, end) => Maps.Unary<TOp>(px + start, py + start, end - start));
        GC.KeepAlive(x);
        GC.KeepAlive(y);
    }

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, Tensor y, Tensor z)
    {
        string verb = Verb<TOp>();
        float* px = Source(verb, x), py = Source(verb, y), pz = Destination(verb, z);
        Arguments.SameCount(verb, x, z);
        Arguments.Repeats(verb, x, y);
        Arguments.InPlaceOrApart(verb, x, z);
        Arguments.InPlaceOrApart(verb, y, z);
        if (y.Count == 1)
        {
            Binary<TOp>(px, *py, pz, x.Count);
        }
        else
        {
            long period = y.Count;
            work.Split(x.Count, Grain, (start, end) =>
            {
                for (long i = start, run; i < end; i += run)
                {
                    run = Math.Min(period - i % period, end - i);
                    Maps.Binary<TOp>(px + i, py + i % period, 1, pz + i, run);
                }
            });
        }

        GC.KeepAlive(x);
        GC.KeepAlive(y);
        GC.KeepAlive(z);
    }

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, float y, Tensor z)
    {
        string verb = Verb<TOp>();
        float* px = Source(verb, x), pz = Destination(verb, z);
        Arguments.SameCount(verb, x, z);
        Arguments.InPlaceOrApart(verb, x, z);
        Binary<TOp>(px, y, pz, x.Count);
        GC.KeepAlive(x);
        GC.KeepAlive(z);
    }

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, Tensor y, Tensor z, Tensor w)
    {
        string verb = Verb<TOp>();
        float* pz = Source(verb, z);
        Arguments.SameCount(verb, x, z);
        Arguments.InPlaceOrApart(verb, z, w);
        Ternary<TOp>(verb, x, y, pz, 1, w);
        GC.KeepAlive(z);
    }

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, Tensor y, float z, Tensor w)
    {
        float* number = stackalloc float[Vector<float>.Count];
        new Span<float>(number, Vector<float>.Count).Fill(z);
        Ternary<TOp>(Verb<TOp>(), x, y, number, 0, w);
    }

    private void Binary<TOp>(float* x, float y, float* z, long count) where TOp : struct, IBinaryOp
    {
        float* number = stackalloc float[Vector<float>.Count];
        new Span<float>(number, Vector<float>.Count).Fill(y);
        work.Split(count, Grain, (start, end) => Maps.Binary<TOp>(x + start, number, 0, z + start, end - start));
    }

    private void Ternary<TOp>(string verb, Tensor x, Tensor y, float* pz, int zStep, Tensor w) where TOp : struct, ITernaryOp
    {
        float* px = Source(verb, x), py = Source(verb, y), pw = Destination(verb, w);
        Arguments.SameCount(verb, x, w);
        Arguments.Repeats(verb, x, y);
        Arguments.InPlaceOrApart(verb, x, w);
        Arguments.InPlaceOrApart(verb, y, w);
        long period = y.Count;
        work.Split(x.Count, Grain, (start, end) =>
        {
            for (long i = start, run; i < end; i += run)
            {
                run = Math.Min(period - i % period, end - i);
                Maps.Ternary<TOp>(px + i, py + i % period, 1, pz + i * zStep, zStep, pw + i, run);
            }
        });
        GC.KeepAlive(x);
        GC.KeepAlive(y);
        GC.KeepAlive(w);
    }

    private static string Verb<TOp>() => $"Map {typeof(TOp).Name}";
}
