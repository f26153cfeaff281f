using System.Numerics;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Sharpformer.Tensors.Gpu;

/// <summary>Which kernels take a product. All give the same bits.</summary>
internal enum GemmWay
{
    /// <summary><see cref="GemmPlainKernels"/>.</summary>
    Plain,

    /// <summary><see cref="GemmSkinnyKernels"/>.</summary>
    Skinny,

    /// <summary><see cref="GemmSmallTileKernels"/>.</summary>
    SmallTile,

    /// <summary><see cref="GemmTileKernels"/>.</summary>
    Tile,
}

/// <content>The matrix product: check, choose the kernel.</content>
public sealed partial class GpuDevice
{
    /// <summary>Groups that keep a large GPU busy.</summary>
    private const int ManyGroups = 256;

    /// <summary>Elements of the chains' sums at most that groups leave to be added up: they should not leave the cache.</summary>
    private const long MostChainSums = 1 << 22;

    private GpuGemm largeGemm;
    private Cublas? cublas;

    /// <summary>
    /// The way that all products go which can; otherwise their extents choose. The simulation pays dearly for groups that meet.
    /// </summary>
    internal GemmWay? GemmAlways { get; set; }

    /// <summary>
    /// How products of more than 16 rows are computed; <see cref="GpuGemm.F32"/> unless told otherwise. With any other an element's bits
    /// depend on the number of rows, and results are no longer those of other devices.
    /// </summary>
    /// <exception cref="InputException">The device has no tensor cores for it, or the machine no cuBLAS.</exception>
    public GpuGemm LargeGemm
    {
        get => largeGemm;
        set
        {
            var cuda = accelerator as CudaAccelerator;
            if (value is GpuGemm.TF32 or GpuGemm.BF16 && cuda is not { Architecture.Major: >= 8 })
                throw new InputException(
                    $"Products rounded to {value}: {accelerator.Name} has no tensor cores for it, expected an NVIDIA GPU from sm_80 on.",
                    $"{GpuGemm.F32} runs everywhere.");
            if (value == GpuGemm.Cublas)
                cublas ??= Cublas.Start(
                    cuda ?? throw new InputException(
                        $"Products by cuBLAS: {accelerator.Name} is driven without CUDA, expected an NVIDIA GPU.",
                        $"{GpuGemm.F32} runs everywhere."));
            largeGemm = value;
        }
    }

    /// <inheritdoc/>
    public override void Gemm(in MatrixView a, in MatrixView b, in MatrixView c, bool accumulate = false)
    {
        Arguments.Gemm(a, b, c);
        ArrayView<float> left = Source("Gemm", a.Tensor);
        ArrayView<float> product = Destination("Gemm", c.Tensor);
        var g = new GemmArguments
        {
            A = GemmFactor.Left(a, Stored("Gemm", a.Tensor)),
            B = GemmFactor.Right(b, Stored("Gemm", b.Tensor)),
            C = new GemmTarget(c, product),
            M = c.Rows,
            N = c.Columns,
            K = a.Columns,
            Matrices = checked(c.Outer * c.Inner),
            Accumulate = accumulate ? 1 : 0,
            Parts = 1,
        };
        g.ChainsPerPart = g.Chains;
        if ((long)g.Matrices * g.M * g.N == 0) return;
        DType stored = b.Tensor.DType;
        if (largeGemm == GpuGemm.Cublas && stored == DType.F32 && Way(g) is GemmWay.SmallTile or GemmWay.Tile
            && CublasProduct.Of(a, b, c) is { } large)
        {
            accelerator.Bind();
            cublas!.Multiply(
                large, left.LoadEffectiveAddressAsPtr(), g.B.Data.LoadEffectiveAddressAsPtr(),
                product.LoadEffectiveAddressAsPtr(), accumulate);
        }
        else if (stored == DType.F16) Gemm<StoredF16>(g);
        else if (stored == DType.BF16) Gemm<StoredBF16>(g);
        else Gemm<StoredF32>(g);
    }

    private void Gemm<TStored>(GemmArguments g) where TStored : struct, IStored
    {
        GemmWay way = Way(g);
        if (way == GemmWay.Plain)
        {
            Launch(GemmPlainKernels.Run<TStored>, Groups((long)g.Matrices * g.M * g.N), Group, g);
            return;
        }

        bool leftAlongK = g.A.KStride == 1, rightAlongK = g.B.KStride == 1;
        if (way == GemmWay.Skinny)
        {
            if (rightAlongK) Skinny<AlongK, TStored>(g);
            else Skinny<AlongX, TStored>(g);
        }
        else if (leftAlongK && rightAlongK) Tiles<AlongK, AlongK, TStored>(way, g);
        else if (leftAlongK) Tiles<AlongK, AlongX, TStored>(way, g);
        else if (rightAlongK) Tiles<AlongX, AlongK, TStored>(way, g);
        else Tiles<AlongX, AlongX, TStored>(way, g);
    }

    private GemmWay Way(in GemmArguments g)
    {
        if (g.K == 0 || g.C.ColumnStride != 1) return GemmWay.Plain;
        GemmWay way = GemmAlways
            ?? (accelerator.AcceleratorType == AcceleratorType.CPU ? GemmWay.Plain
            : g.M <= GemmSkinnyKernels.MostRows ? GemmWay.Skinny
            : Tiles(g, GemmTileKernels.Side) * g.Matrices >= ManyGroups / 2 ? GemmWay.Tile
            : GemmWay.SmallTile);
        return way == GemmWay.Skinny && g.M > GemmSkinnyKernels.MostRows ? GemmWay.Plain : way;
    }

    private void Skinny<TRight, TStored>(in GemmArguments g)
        where TRight : struct, IGemmLayout
        where TStored : struct, IStored
    {
        // A row of threads for each chain as far as they reach, yet columns enough to read adjacent elements of B at once.
        int rows = Math.Min((int)BitOperations.RoundUpToPowerOf2((uint)g.Chains), Math.Max(GroupSize / 16, 2));
        int columns = Math.Min((int)BitOperations.RoundUpToPowerOf2((uint)g.N), GroupSize / rows);
        Action<GemmArguments> kernel = g.M switch
        {
            1 => GemmSkinnyKernels.Run<TRight, TStored, OneRow>,
            <= 4 => GemmSkinnyKernels.Run<TRight, TStored, FourRows>,
            _ => GemmSkinnyKernels.Run<TRight, TStored, SixteenRows>,
        };
        Launch(kernel, new Index3D((g.N + columns - 1) / columns, 1, GridZ(g.Matrices)), new Index3D(columns, rows, 1), g);
    }

    private void Tiles<TLeft, TRight, TStored>(GemmWay way, GemmArguments g)
        where TLeft : struct, IGemmLayout
        where TRight : struct, IGemmLayout
        where TStored : struct, IStored
    {
        if (largeGemm is GpuGemm.TF32 or GpuGemm.BF16)
        {
            Action<GemmArguments> rounded = largeGemm == GpuGemm.TF32
                ? GemmTensorCoreKernels.Run<TLeft, TRight, TStored, CoreTF32>
                : GemmTensorCoreKernels.Run<TLeft, TRight, TStored, CoreBF16>;
            const int Side = GemmTensorCoreKernels.Side;
            Launch(
                rounded, new Index3D((g.M + Side - 1) / Side, (g.N + Side - 1) / Side, GridZ(g.Matrices)),
                new Index3D(GemmTensorCoreKernels.Threads, 1, 1), g);
            return;
        }

        bool small = way == GemmWay.SmallTile;
        int side = small ? GemmSmallTileKernels.Side : GemmTileKernels.Side;
        int threads = small ? GemmSmallTileKernels.Threads : GemmTileKernels.Threads;
        Action<GemmArguments> kernel = small
            ? GemmSmallTileKernels.Run<TLeft, TRight, TStored>
            : GemmTileKernels.Run<TLeft, TRight, TStored>;
        GemmTarget product = g.C;
        GpuBlock? sums = ShareChains(ref g, Tiles(g, side) * g.Matrices);

        // Rows first: groups that run at the same time share columns of B, which is the large one.
        Launch(
            kernel, new Index3D((g.M + side - 1) / side, (g.N + side - 1) / side, GridZ(g.Matrices * g.Parts)),
            new Index3D(threads, 1, 1), g);
        if (sums is null) return;
        passing.Add(sums);
        Launch(GemmPlainKernels.AddChains, Groups((long)g.Matrices * g.M * g.N), Group, new ChainArguments(
            g.C.Data, product, g.Matrices, g.Chains, g.M, g.N, g.Accumulate));
    }

    /// <summary>
    /// Where there are few tiles, lets several groups share each; they leave the sums of their chains in a block of memory.
    /// </summary>
    private GpuBlock? ShareChains(ref GemmArguments g, long groups)
    {
        long perMatrix = (long)g.M * g.N, count = g.Matrices * g.Chains * perMatrix;
        if (groups * 2 > ManyGroups || g.Chains < 2 || count > MostChainSums) return null;
        int parts = (int)Math.Min(g.Chains, ManyGroups / groups);
        g.ChainsPerPart = (g.Chains + parts - 1) / parts;
        g.Parts = (g.Chains + g.ChainsPerPart - 1) / g.ChainsPerPart;
        GpuBlock block = pool.Rent(count * sizeof(float));
        g.ChainStride = perMatrix;
        g.C = new GemmTarget(block.Bytes.SubView(0, count * sizeof(float)).Cast<float>(), g.N, g.Chains * perMatrix);
        return block;
    }

    private static long Tiles(in GemmArguments g, int side) => (long)((g.M + side - 1) / side) * ((g.N + side - 1) / side);

    private static int GridZ(int count) => Math.Min(count, 65535);
}
