using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// Products with few rows or columns, or many small ones (attention heads): a group of 64 threads takes 32 × 32 elements of C, a thread
/// 4 × 4. Otherwise as <see cref="GemmTileKernels"/>.
/// </summary>
internal static class GemmSmallTileKernels
{
    /// <summary>Rows and columns of C that a group takes.</summary>
    public const int Side = 32;

    /// <summary>Threads of a group, 8 × 8.</summary>
    public const int Threads = 64;

    private const int Width = Side / 4 + 1, Tile = GemmTile.Depth * Width;

    [Kernel]
    public static void Run<TLeft, TRight, TStored>(GemmArguments g)
        where TLeft : struct, IGemmLayout
        where TRight : struct, IGemmLayout
        where TStored : struct, IStored
    {
        ArrayView<Four> left = SharedMemory.Allocate<Four>(2 * Tile), right = SharedMemory.Allocate<Four>(2 * Tile);
        int thread = Group.IdxX, row = thread / 8, column = thread % 8; // in vectors
        int firstRow = Grid.IdxX * Side, firstColumn = Grid.IdxY * Side;
        for (int part = Grid.IdxZ; part < g.Matrices * g.Parts; part += Grid.DimZ)
        {
            int matrix = part / g.Parts, firstK = part % g.Parts * g.ChainsPerPart * GemmArguments.Chain;
            int endK = Math.Min(g.K, firstK + g.ChainsPerPart * GemmArguments.Chain);
            long a = g.A.Starts[matrix], b = g.B.Starts[matrix], c = g.C.Starts[matrix];
            Block4 sums = default;
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
                        sums = sums.Plus(left[x], right[y]);
                        sums = sums.Plus(left[x + Width], right[y + Width]);
                        sums = sums.Plus(left[x + 2 * Width], right[y + 2 * Width]);
                        sums = sums.Plus(left[x + 3 * Width], right[y + 3 * Width]);
                    }

                    if (next % GemmArguments.Chain == 0 || next >= endK)
                    {
                        bool add = g.ChainStride == 0 && (g.Accumulate != 0 || k >= GemmArguments.Chain);
                        GemmTile.Put(
                            g, c + k / GemmArguments.Chain * g.ChainStride, add, firstRow + row * 4, firstColumn + column * 4, sums);
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
