using System.Numerics;

namespace Sharpformer.Tensors.Cpu;

/// <content>Element-wise verbs: check, then split the range over the threads.</content>
public sealed unsafe partial class CpuDevice
{
    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, Tensor y)
    {
        string verb = Verb<TOp>.Map;
        float* px = Source(verb, x), py = Destination(verb, y);
        Arguments.SameCount(verb, x, y);
        Arguments.InPlaceOrApart(verb, x, y);
        work.Split(x.Count, Grain, new UnaryMap<TOp>(px, py));
        GC.KeepAlive(x);
        GC.KeepAlive(y);
    }

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, Tensor y, Tensor z)
    {
        string verb = Verb<TOp>.Map;
        float* px = Source(verb, x), py = Source(verb, y), pz = Destination(verb, z);
        Arguments.SameCount(verb, x, z);
        Arguments.Repeats(verb, x, y);
        Arguments.InPlaceOrApart(verb, x, z);
        Arguments.InPlaceOrApart(verb, y, z);
        if (y.Count == 1) Binary<TOp>(px, *py, pz, x.Count);
        else work.Split(x.Count, Grain, new BinaryMap<TOp>(px, py, y.Count, 1, pz));
        GC.KeepAlive(x);
        GC.KeepAlive(y);
        GC.KeepAlive(z);
    }

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, float y, Tensor z)
    {
        string verb = Verb<TOp>.Map;
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
        string verb = Verb<TOp>.Map;
        float* pz = Source(verb, z);
        Arguments.SameCount(verb, x, z);
        Arguments.InPlaceOrApart(verb, z, w);
        Ternary<TOp>(x, y, pz, 1, w);
        GC.KeepAlive(z);
    }

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, Tensor y, float z, Tensor w)
    {
        float* number = stackalloc float[Vector<float>.Count];
        new Span<float>(number, Vector<float>.Count).Fill(z);
        Ternary<TOp>(x, y, number, 0, w);
    }

    private void Binary<TOp>(float* x, float y, float* z, long count) where TOp : struct, IBinaryOp
    {
        float* number = stackalloc float[Vector<float>.Count];
        new Span<float>(number, Vector<float>.Count).Fill(y);
        work.Split(count, Grain, new BinaryMap<TOp>(x, number, long.MaxValue, 0, z));
    }

    private void Ternary<TOp>(Tensor x, Tensor y, float* pz, int zStep, Tensor w) where TOp : struct, ITernaryOp
    {
        string verb = Verb<TOp>.Map;
        float* px = Source(verb, x), py = Source(verb, y), pw = Destination(verb, w);
        Arguments.SameCount(verb, x, w);
        Arguments.Repeats(verb, x, y);
        Arguments.InPlaceOrApart(verb, x, w);
        Arguments.InPlaceOrApart(verb, y, w);
        work.Split(x.Count, Grain, new TernaryMap<TOp>(px, py, y.Count, pz, zStep, pw));
        GC.KeepAlive(x);
        GC.KeepAlive(y);
        GC.KeepAlive(w);
    }

    private readonly struct UnaryMap<TOp>(float* x, float* y) : IRangeTask where TOp : struct, IUnaryOp
    {
        public void Run(long start, long end) => Maps.Unary<TOp>(x + start, y + start, end - start);
    }

    /// <summary>z = f(x, y), where y starts again after <paramref name="period"/> elements.</summary>
    private readonly struct BinaryMap<TOp>(float* x, float* y, long period, int yStep, float* z) : IRangeTask where TOp : struct, IBinaryOp
    {
        public void Run(long start, long end)
        {
            for (long i = start, run; i < end; i += run)
            {
                long phase = i % period;
                run = Math.Min(period - phase, end - i);
                Maps.Binary<TOp>(x + i, y + phase * yStep, yStep, z + i, run);
            }
        }
    }

    /// <summary>w = f(x, y, z), where y starts again after <paramref name="period"/> elements.</summary>
    private readonly struct TernaryMap<TOp>(float* x, float* y, long period, float* z, int zStep, float* w) : IRangeTask
        where TOp : struct, ITernaryOp
    {
        public void Run(long start, long end)
        {
            for (long i = start, run; i < end; i += run)
            {
                long phase = i % period;
                run = Math.Min(period - phase, end - i);
                Maps.Ternary<TOp>(x + i, y + phase, 1, z + i * zStep, zStep, w + i, run);
            }
        }
    }
}
