using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <content>Element-wise verbs: check, then queue a kernel.</content>
public sealed partial class GpuDevice
{
    /// <inheritdoc/>
    public override void Fill(Tensor destination, float value) =>
        Map(MapKernels.Fill, new MapArguments(default, default, default, value, Destination("Fill", destination)));

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, Tensor y)
    {
        string verb = Verb<TOp>.Map;
        ArrayView<float> from = Source(verb, x), to = Destination(verb, y);
        Arguments.SameCount(verb, x, y);
        Arguments.InPlaceOrApart(verb, x, y);
        Map(MapKernels.Unary<TOp>, new MapArguments(from, default, default, 0, to));
    }

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, Tensor y, Tensor z)
    {
        string verb = Verb<TOp>.Map;
        var arguments = new MapArguments(Source(verb, x), Source(verb, y), default, 0, Destination(verb, z));
        Arguments.SameCount(verb, x, z);
        Arguments.Repeats(verb, x, y);
        Arguments.InPlaceOrApart(verb, x, z);
        Arguments.InPlaceOrApart(verb, y, z);
        if (x.Count == y.Count) Map(MapKernels.Binary<TOp>, arguments); // the remainder of a division is the costly part
        else Map(MapKernels.BinaryRepeated<TOp>, arguments);
    }

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, float y, Tensor z)
    {
        string verb = Verb<TOp>.Map;
        var arguments = new MapArguments(Source(verb, x), default, default, y, Destination(verb, z));
        Arguments.SameCount(verb, x, z);
        Arguments.InPlaceOrApart(verb, x, z);
        Map(MapKernels.BinaryNumber<TOp>, arguments);
    }

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, Tensor y, Tensor z, Tensor w)
    {
        string verb = Verb<TOp>.Map;
        ArrayView<float> third = Source(verb, z);
        Arguments.SameCount(verb, x, z);
        Arguments.InPlaceOrApart(verb, z, w);
        Map(MapKernels.Ternary<TOp>, Ternary(verb, x, y, w) with { Z = third });
    }

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, Tensor y, float z, Tensor w)
    {
        string verb = Verb<TOp>.Map;
        Map(MapKernels.TernaryNumber<TOp>, Ternary(verb, x, y, w) with { Number = z });
    }

    private MapArguments Ternary(string verb, Tensor x, Tensor y, Tensor w)
    {
        var arguments = new MapArguments(Source(verb, x), Source(verb, y), default, 0, Destination(verb, w));
        Arguments.SameCount(verb, x, w);
        Arguments.Repeats(verb, x, y);
        Arguments.InPlaceOrApart(verb, x, w);
        Arguments.InPlaceOrApart(verb, y, w);
        return arguments;
    }

    private void Map(Action<MapArguments> kernel, MapArguments arguments)
    {
        if (arguments.Result.Length > 0) Launch(kernel, Groups(arguments.Result.Length), Group, arguments);
    }
}
