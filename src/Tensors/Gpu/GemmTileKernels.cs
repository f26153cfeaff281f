using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// Large products: a group of 256 threads takes 128 × 128 elements of C, a thread 8 × 8 of them in registers. Tiles of A and B go through
/// shared memory; while the threads work on one, the next is under way.
/// </summary>
internal static class GemmTileKernels
{
    /// <summary>Rows and columns of C that a group takes.</summary>
    public const int Side = 128;

    /// <summary>Threads of a group, 16 × 16.</summary>
    public const int Threads = 256;

    private const int Width = Side / 4 + 1, Tile = GemmTile.Depth * Width, Half = Side / 8;

    [Kernel]
    public static void Run<TLeft, TRight, TStored>(GemmArguments g)
        where TLeft : struct, IGemmLayout
        where TRight : struct, IGemmLayout
        where TStored : struct, IStored
    {
        ArrayView<Four> left = SharedMemory.Allocate<Four>(2 * Tile), right = SharedMemory.Allocate<Four>(2 * Tile);
        // Counted in vectors; the other half of a thread's rows and columns lies 64 further on.
        int thread = Group.IdxX, row = thread / 16, column = thread % 16;
        int firstRow = Grid.IdxX * Side, firstColumn = Grid.IdxY * Side;
        for (int part = Grid.IdxZ; part < g.Matrices * g.Parts; part += Grid.DimZ)
        {
            int matrix = part / g.Parts, firstK = part % g.Parts * g.ChainsPerPart * GemmArguments.Chain;
            int endK = Math.Min(g.K, firstK + g.ChainsPerPart * GemmArguments.Chain);
            long a = g.A.Starts[matrix], b = g.B.Starts[matrix], c = g.C.Starts[matrix];
            Block8 sums = default;
            int tile = Tile;

            // The first round only fetches.
            for (int k = firstK - GemmTile.Depth; k < endK; k += GemmTile.Depth)
            {
                int next = k + GemmTile.Depth;
                GemmShare ofLeft = GemmShare.Fetch<TLeft, StoredF32>(g.A, a, next, firstRow, thread, Side);
                GemmShare ofRight = GemmShare.Fetch<TRight, TStored>(g.B, b, next, firstColumn, thread, Side);
                if (k >= firstK)
                {
                    int x = tile + row, y = tile + column;
                    for (int i = 0; i < GemmTile.Depth; i += 4, x += 4 * Width, y += 4 * Width)
                    {
                        sums = sums.Plus(left[x], left[x + Half], right[y], right[y + Half]);
                        sums = sums.Plus(left[x + Width], left[x + Width + Half], right[y + Width], right[y + Width + Half]);
                        sums = sums.Plus(
                            left[x + 2 * Width], left[x + 2 * Width + Half], right[y + 2 * Width], right[y + 2 * Width + Half]);
                        sums = sums.Plus(
                            left[x + 3 * Width], left[x + 3 * Width + Half], right[y + 3 * Width], right[y + 3 * Width + Half]);
                    }

                    if (next % GemmArguments.Chain == 0 || next >= endK)
                    {
                        long start = c + k / GemmArguments.Chain * g.ChainStride;
                        bool add = g.ChainStride == 0 && (g.Accumulate != 0 || k >= GemmArguments.Chain);
                        int upper = firstRow + row * 4, leftmost = firstColumn + column * 4;
                        GemmTile.Put(g, start, add, upper, leftmost, sums.UpperLeft);
                        GemmTile.Put(g, start, add, upper, leftmost + Side / 2, sums.UpperRight);
                        GemmTile.Put(g, start, add, upper + Side / 2, leftmost, sums.LowerLeft);
                        GemmTile.Put(g, start, add, upper + Side / 2, leftmost + Side / 2, sums.LowerRight);
                        sums = default;
                    }
                }

                tile = Tile - tile;
                ofLeft.Keep<TLeft>(left, tile, thread, Side);
                ofRight.Keep<TRight>(right, tile, thread, Side);
                Group.Barrier();
            }
        }
    }
}
