namespace Sharpformer.Tensors;

/// <summary>
/// Where tensors live and compute, told in a dozen verbs; every operation of the engine is written on top of them.
/// Verbs that name a destination overwrite it. A device is driven by one thread at a time and spreads the work
/// over its own threads; results never depend on how many there are.
/// </summary>
public abstract class Device : IDisposable
{
    private readonly List<Storage> scoped = [];
    private BufferScope? scope;

    /// <summary>Short name, for example <c>cpu</c>.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Rows of a product that more would not make cheaper by the row: where some rows need less than others, as in causal attention, so
    /// many are multiplied at a time.
    /// </summary>
    public virtual int EnoughRows => int.MaxValue;

    /// <summary>Opens a scope: what is allocated until it is disposed returns to the pool then.</summary>
    public BufferScope Scope() => scope = new BufferScope(this, scope, scoped);

    /// <summary>A new float32 tensor with undefined contents.</summary>
    /// <exception cref="InsufficientMemoryException">The device has no room for it.</exception>
    public Tensor Allocate(Shape shape)
    {
        Tensor tensor = AllocateUnscoped(shape);
        scope?.Track(tensor.Storage);
        return tensor;
    }

    /// <summary>A new tensor that no scope ends: for what an object keeps across calls, whoever's scope is open.</summary>
    /// <exception cref="InsufficientMemoryException">The device has no room for it.</exception>
    public Tensor AllocateUnscoped(Shape shape) =>
        new(this, AllocateStorage(Math.Max(1, shape.Count) * sizeof(float)), 0, shape);

    /// <inheritdoc cref="Allocate(Shape)"/>
    public Tensor Allocate(params ReadOnlySpan<int> dims) => Allocate(new Shape(dims));

    /// <summary>A new tensor of zeros.</summary>
    public Tensor Zeros(Shape shape)
    {
        Tensor tensor = Allocate(shape);
        Fill(tensor, 0);
        return tensor;
    }

    /// <summary>A new tensor holding <paramref name="values"/>.</summary>
    /// <exception cref="ArgumentException">Their number does not fit the shape.</exception>
    public Tensor From(ReadOnlySpan<float> values, params ReadOnlySpan<int> dims)
    {
        Tensor tensor = Allocate(dims);
        Upload(values, tensor);
        return tensor;
    }

    /// <summary>Makes a tensor of stored weights available: the CPU uses mapped memory in place, others copy it.</summary>
    /// <param name="source">The bytes, little-endian, as a checkpoint stores them.</param>
    /// <param name="dtype">How they are stored.</param>
    /// <param name="shape">Extents; must match the length of <paramref name="source"/>.</param>
    /// <param name="scales">A float32 for each row of <see cref="DType.Q8"/> weights; null for any other.</param>
    /// <returns>The weights as stored, but where a device has no loops for their type, widened to F32: a GPU does that to Q8.</returns>
    /// <exception cref="ArgumentException">A length does not fit, or the scales do not belong to the type.</exception>
    public abstract Tensor Load(MappedBytes source, DType dtype, Shape shape, MappedBytes? scales = null);

    /// <summary>Copies host values into a float32 tensor.</summary>
    public abstract void Upload(ReadOnlySpan<float> source, Tensor destination);

    /// <summary>Copies a tensor of any storage type to the host, widened to float32.</summary>
    public abstract void Download(Tensor source, Span<float> destination);

    /// <summary>Copies columns between two float32 matrices of equal size, which may be parts of larger ones.</summary>
    /// <exception cref="ArgumentException">Sizes or batch levels differ.</exception>
    public abstract void Copy(in MatrixView source, in MatrixView destination);

    /// <summary>Sets every element to <paramref name="value"/>.</summary>
    public abstract void Fill(Tensor destination, float value);

    /// <summary>y = f(x), element by element; in place when both are the same tensor.</summary>
    public abstract void Map<TOp>(Tensor x, Tensor y) where TOp : struct, IUnaryOp;

    /// <summary>z = f(x, y), element by element. <paramref name="y"/> repeats when x has more elements (a bias row).</summary>
    public abstract void Map<TOp>(Tensor x, Tensor y, Tensor z) where TOp : struct, IBinaryOp;

    /// <summary>z = f(x, y) with one number for y.</summary>
    public abstract void Map<TOp>(Tensor x, float y, Tensor z) where TOp : struct, IBinaryOp;

    /// <summary>w = f(x, y, z), element by element. <paramref name="y"/> repeats when x has more elements.</summary>
    public abstract void Map<TOp>(Tensor x, Tensor y, Tensor z, Tensor w) where TOp : struct, ITernaryOp;

    /// <summary>w = f(x, y, z) with one number for z.</summary>
    public abstract void Map<TOp>(Tensor x, Tensor y, float z, Tensor w) where TOp : struct, ITernaryOp;

    /// <summary>
    /// Runs a row functor over <paramref name="rows"/> rows. Operands of rank 1 are shared by all rows and only
    /// read; any other operand has <paramref name="rows"/> rows.
    /// </summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="index">One integer per row with a meaning of the functor's own, or empty.</param>
    /// <param name="scalar">A number given to all rows.</param>
    /// <param name="operands">Inputs and outputs in the order the functor names.</param>
    public abstract void Rows<TOp>(int rows, ReadOnlySpan<int> index, float scalar, params ReadOnlySpan<Tensor> operands)
        where TOp : struct, IRowOp;

    /// <summary>y[c] = Σ_r x[r,c], added to what y holds when <paramref name="accumulate"/> is set.</summary>
    public abstract void ColumnSum(Tensor x, Tensor y, bool accumulate = false);

    /// <summary>
    /// C = A·B, or C += A·B when <paramref name="accumulate"/> is set, for each matrix of the batch. Every element
    /// is summed in the same order whatever the number of rows, columns or threads.
    /// </summary>
    /// <param name="a">Float32 factor.</param>
    /// <param name="b">
    /// Factor of any type. Of <see cref="DType.Q8"/> it must be one matrix whose rows, or columns, are those that were stored, in
    /// whole or in part; the sums of q are multiplied with s, or the row of <paramref name="a"/> is before, so that products differ
    /// by rounding from those with the widened matrix.
    /// </param>
    /// <param name="c">Float32 product; its columns are adjacent.</param>
    /// <param name="accumulate">Adds to C instead of overwriting it.</param>
    /// <exception cref="ArgumentException">Inner or outer dimensions or batch levels disagree.</exception>
    public abstract void Gemm(in MatrixView a, in MatrixView b, in MatrixView c, bool accumulate = false);

    /// <summary>y[r,:] = table[ids[r],:], widened to float32.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not a row of the table.</exception>
    public abstract void Gather(Tensor table, ReadOnlySpan<int> ids, Tensor y);

    /// <summary>table[ids[r],:] = x[r,:], for a matrix that may be part of a larger one.</summary>
    /// <param name="x">Rows of one matrix, their columns adjacent.</param>
    /// <param name="ids">A row of the table for each; no two are equal.</param>
    /// <param name="table">What is written to.</param>
    /// <exception cref="ArgumentException">Shapes disagree, or x is a batch of matrices.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id is not a row of the table.</exception>
    public abstract void Scatter(in MatrixView x, ReadOnlySpan<int> ids, Tensor table);

    /// <summary>table[ids[r],:] += x[r,:], in the order of r.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not a row of the table.</exception>
    public abstract void ScatterAdd(Tensor x, ReadOnlySpan<int> ids, Tensor table);

    /// <summary>Column of the largest element of each row; the lowest on a tie, and NaN never wins.</summary>
    public abstract int[] ArgMax(Tensor x);

    /// <summary>Frees what the device holds.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the device holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Takes a block from the pool.</summary>
    protected abstract Storage AllocateStorage(long bytes);

    internal void EndScope(BufferScope ended, BufferScope? parent)
    {
        if (scope != ended) throw new InvalidOperationException("Buffer scopes must end innermost first.");
        scope = parent;
    }
}
