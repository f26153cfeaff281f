using Sharpformer.Tensors;
using Sharpformer.Transformer.Families;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>Writes down which tensors a family asks for, with their shapes; what it hands out is of no use.</summary>
internal sealed class WeightList : IWeights
{
    private readonly List<(string Name, Shape Shape)> tensors = [];

    private WeightList(Device device) => Device = device;

    /// <inheritdoc/>
    public Device Device { get; }

    /// <summary>Every tensor of a model, in the order in which a forward pass meets them.</summary>
    public static IReadOnlyList<(string Name, Shape Shape)> Of(ModelConfig config)
    {
        using var device = new Tensors.Cpu.CpuDevice(threads: 1);
        var list = new WeightList(device);
        Family.Of(config).Build(config, list);
        return list.tensors;
    }

    /// <inheritdoc/>
    public bool Has(string name) => false;

    /// <inheritdoc/>
    public IReadOnlyList<long>? ShapeOf(string name) => null;

    /// <inheritdoc/>
    public Tensor Matrix(string name, int rows, int columns) => Note(name, new Shape(rows, columns));

    /// <inheritdoc/>
    public Tensor Vector(string name, int length) => Note(name, new Shape(length));

    private Tensor Note(string name, Shape shape)
    {
        tensors.Add((name, shape));
        return Device.Allocate(1);
    }
}
