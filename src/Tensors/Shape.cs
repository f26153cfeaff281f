namespace Sharpformer.Tensors;

/// <summary>The extents of a tensor, outermost first. Storage is contiguous and row-major.</summary>
public readonly struct Shape : IEquatable<Shape>
{
    private readonly int[]? dims;

    /// <summary>Creates a shape; no dimensions is a scalar of one element.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is negative.</exception>
    public Shape(params ReadOnlySpan<int> dims)
    {
        long count = 1;
        foreach (int dim in dims)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(dim, nameof(dims));
            count = checked(count * dim);
        }

        this.dims = dims.ToArray();
        Count = count;
    }

    /// <summary>Number of dimensions.</summary>
    public int Rank => Dims.Length;

    /// <summary>Number of elements: the product of the dimensions.</summary>
    public long Count { get; }

    /// <summary>The dimensions, outermost first.</summary>
    public ReadOnlySpan<int> Dims => dims;

    /// <summary>Extent of the last dimension; 1 for a scalar.</summary>
    public int Columns => Rank == 0 ? 1 : Dims[^1];

    /// <summary>Product of all dimensions but the last: the tensor seen as a matrix.</summary>
    /// <exception cref="OverflowException">The product exceeds <see cref="int.MaxValue"/>.</exception>
    public int Rows
    {
        get
        {
            int rows = 1;
            for (int i = 0; i < Rank - 1; i++) rows = checked(rows * Dims[i]);
            return rows;
        }
    }

    /// <summary>Extent of dimension <paramref name="index"/>; from the end with <c>^</c>.</summary>
    public int this[Index index] => Dims[index];

    /// <inheritdoc/>
    public bool Equals(Shape other) => Dims.SequenceEqual(other.Dims);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (int dim in Dims) hash.Add(dim);
        return hash.ToHashCode();
    }

    /// <summary>The shape as written in error messages, for example <c>[4,64,768]</c>.</summary>
    public override string ToString() => $"[{string.Join(',', dims ?? [])}]";

    /// <summary>Same dimensions in the same order.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Some dimension differs.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);
}
