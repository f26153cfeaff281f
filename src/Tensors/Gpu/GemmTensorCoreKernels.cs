using System.Runtime.CompilerServices;
using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// Large products on NVIDIA's tensor cores (sm_80 and newer), with factors rounded to fewer bits: faster, but no longer the numbers of
/// the other kernels, so a device does this only when told to. A group of 256 threads takes 128 × 128 elements of C, each of its
/// 8 warps 64 × 32 of them; tiles come as in <see cref="GemmTileKernels"/>. Sums stay in registers to the end, in one chain.
/// </summary>
internal static class GemmTensorCoreKernels
{
    /// <summary>Rows and columns of C that a group takes.</summary>
    public const int Side = 128;

    /// <summary>Threads of a group.</summary>
    public const int Threads = 256;

    private const int Width = Side / 4 + 1, Row = 4 * Width, Tile = GemmTile.Depth * Width;

    [Kernel]
    public static void Run<TLeft, TRight, TStored, TCore>(GemmArguments g)
        where TLeft : struct, IGemmLayout
        where TRight : struct, IGemmLayout
        where TStored : struct, IStored
        where TCore : struct, ITensorCore
    {
        ArrayView<Four> left = SharedMemory.Allocate<Four>(2 * Tile), right = SharedMemory.Allocate<Four>(2 * Tile);
        ArrayView<float> leftElements = left.Cast<float>(), rightElements = right.Cast<float>();
        TensorCoreRegisters.Declare();
        int thread = Group.IdxX, warp = thread / 32, lane = thread % 32;
        int row = warp / 4 * 64 + lane / 4, column = warp % 4 * 32 + lane / 4; // of the first fragments
        int firstRow = Grid.IdxX * Side, firstColumn = Grid.IdxY * Side;
        for (int matrix = Grid.IdxZ; matrix < g.Matrices; matrix += Grid.DimZ)
        {
            long a = g.A.Starts[matrix], b = g.B.Starts[matrix], c = g.C.Starts[matrix];
            TensorCoreRegisters.Clear();
            int tile = Tile;

            // The first round only fetches.
            for (int k = -GemmTile.Depth; k < g.K; k += GemmTile.Depth)
            {
                int next = k + GemmTile.Depth;
                GemmShare ofLeft = GemmShare.Fetch<TLeft, StoredF32>(g.A, a, next, firstRow, thread, Side);
                GemmShare ofRight = GemmShare.Fetch<TRight, TStored>(g.B, b, next, firstColumn, thread, Side);
                if (k >= 0)
                {
                    for (int i = 0; i < GemmTile.Depth; i += TCore.Depth)
                    {
                        int x = 4 * tile + i * Row + row, y = 4 * tile + i * Row + column;
                        TCore.Right(0, rightElements, y, Row, lane);
                        TCore.Right(1, rightElements, y + 8, Row, lane);
                        TCore.Right(2, rightElements, y + 16, Row, lane);
                        TCore.Right(3, rightElements, y + 24, Row, lane);
                        Multiply<TCore>(leftElements, x, lane, 0);
                        Multiply<TCore>(leftElements, x + 16, lane, 4);
                        Multiply<TCore>(leftElements, x + 32, lane, 8);
                        Multiply<TCore>(leftElements, x + 48, lane, 12);
                    }
                }

                tile = Tile - tile;
                ofLeft.Keep<TLeft>(left, tile, thread, Side);
                ofRight.Keep<TRight>(right, tile, thread, Side);
                Group.Barrier();
            }

            for (int block = 0; block < 16; block++)
            {
                int targetRow = firstRow + row + block / 4 * 16, targetColumn = firstColumn + warp % 4 * 32 + block % 4 * 8 + lane % 4 * 2;
                Four sums = TensorCoreRegisters.Take();
                Put(g, c, targetRow, targetColumn, sums.X);
                Put(g, c, targetRow, targetColumn + 1, sums.Y);
                Put(g, c, targetRow + 8, targetColumn, sums.Z);
                Put(g, c, targetRow + 8, targetColumn + 1, sums.W);
            }
        }
    }

    /// <summary>16 rows of A times four times 8 columns of B.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply<TCore>(ArrayView<float> tile, int at, int lane, int block) where TCore : struct, ITensorCore
    {
        TCore.Left(tile, at, Row, lane);
        TCore.Multiply(block);
        TCore.Multiply(block + 1);
        TCore.Multiply(block + 2);
        TCore.Multiply(block + 3);
    }

    private static void Put(GemmArguments g, long start, int row, int column, float sum)
    {
        if (row >= g.M || column >= g.N) return;
        ref float target = ref g.C.Data[start + row * (long)g.C.RowStride + column];
        target = g.Accumulate != 0 ? target + sum : sum;
    }
}
