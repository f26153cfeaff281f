using Sharpformer.Tensors;
using Sharpformer.Transformer.Families;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>Writes down which tensors a family asks for, with their shapes; what it hands out has nothing in it.</summary>
internal sealed class WeightList : IWeights
{
    private readonly List<(string Name, Shape Shape)> tensors = [];

    private readonly CountingDevice device;

    private WeightList(CountingDevice device) => this.device = device;

    /// <inheritdoc/>
    public Device Device => device;

    /// <summary>Every tensor of a model, in the order in which a forward pass meets them.</summary>
    public static IReadOnlyList<(string Name, Shape Shape)> Of(ModelConfig config)
    {
        using var device = new CountingDevice();
        var list = new WeightList(device);
        Family.Of(config).Build(config, list);
        return list.tensors;
    }

    /// <summary>A model of such tensors: as large as a real one, for a device that counts.</summary>
    public static CausalLm Model(ModelConfig config, CountingDevice device) =>
        Family.Of(config).Build(config, new WeightList(device));

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
        return device.Stored(shape);
    }
}
