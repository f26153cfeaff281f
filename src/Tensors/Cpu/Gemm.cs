namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// The blocked matrix product after Goto and van de Geijn ("Anatomy of high-performance matrix multiplication",
/// 2008): a panel of B stays in the first-level cache, a block of A in the second, and the micro-kernel streams over both.
/// The summed dimension is cut every <see cref="DepthBlock"/> steps counted from 0, whatever the other extents and the
/// number of threads; that and the single chain per block inside the micro-kernel fix every element's bits.
/// </summary>
internal static unsafe class Gemm<TKernel> where TKernel : struct, IMicroKernel
{
    /// <summary>KC: steps of the summed dimension that are packed together.</summary>
    private const int DepthBlock = 256;

    /// <summary>MC: rows of A that are packed together; with KC about 100 KB.</summary>
    private const int RowBlock = 96;

    /// <summary>NC: columns of B that are packed together; with KC 2 MB.</summary>
    private const int ColumnBlock = 2048;

    /// <summary>Columns of B that a thread packs at once for itself; with KC 256 KB, half of a second-level cache.</summary>
    private const int RunColumns = 256;

    /// <summary>Floats of A that a thread packs for itself.</summary>
    private const int PackedA = RowBlock * DepthBlock;

    /// <summary>Rows of a tile.</summary>
    private const int TileRows = 6;

    /// <summary>With more rows than this, packing B again each time costs less than reading a kept form that is larger.</summary>
    private const int KeepRows = RowBlock;

    /// <summary>Multiplications that pay for waking a thread, some microseconds' worth.</summary>
    private const long Grain = 200_000;

    /// <summary>Packing an element of B costs about as much as multiplying it with so many rows of A; reading a packed one, less.</summary>
    private const long PackingRows = 8, ReadingRows = 2;

    [ThreadStatic]
    private static HostBlock? scratch;

    /// <summary>Computes every product of the batch.</summary>
    /// <param name="batch">The products.</param>
    /// <param name="weights">Where packed forms of B are kept if it is stored weights; null otherwise.</param>
    /// <param name="work">Threads.</param>
    /// <param name="pool">Memory.</param>
    public static void Run(in GemmBatch batch, PackedWeights? weights, WorkSharing work, BufferPool pool)
    {
        if (batch.Count == 0) return;
        if (batch.Count > 1 && batch.Work < 16 * Grain)
        {
            GemmBatch products = batch;
            work.Split(batch.Count, Grain / (batch.Work + 1) + 1, (start, end) =>
            {
                for (long i = start; i < end; i++) Share(products[i], 0, Panels(products[i].N));
            });
            return;
        }

        for (long i = 0; i < batch.Count; i++)
        {
            GemmProblem product = batch[i];
            if (weights is not null && product.M <= KeepRows && !InPlace(product)) product.PackedB = Kept(product, weights, work);
            if (product.M <= RowBlock) FewRows(product, work, pool);
            else ManyRows(product, work, pool);
        }
    }

    /// <summary>All of B packed, made now or at an earlier product; null where there is no room to keep it.</summary>
    private static float* Kept(GemmProblem product, PackedWeights weights, WorkSharing work)
    {
        int panels = Panels(product.N);
        var view = new WeightView((nint)product.B, product.K, product.N, product.BRow, product.BColumn);
        long bytes = ((long)product.K * panels * TKernel.Columns + 8) * sizeof(float); // a panel may spill 7 numbers
        HostBlock? block = weights.Of(view, bytes, made => work.Split(panels, Grain / (PackingRows * product.K * TKernel.Columns + 1) + 1, (first, end) =>
        {
            for (int k0 = 0; k0 < product.K; k0 += DepthBlock)
            {
                int depth = Math.Min(DepthBlock, product.K - k0);
                float* scratch = Scratch();
                for (int p = (int)first; p < end; p++)
                {
                    PackB(product, p, p + 1, k0, depth, scratch); // not in place: threads would spill into each other's panels
                    new ReadOnlySpan<float>(scratch, depth * TKernel.Columns).CopyTo(new Span<float>(KeptPanel((float*)made.Pointer, panels, p, k0, depth), depth * TKernel.Columns));
                }
            }
        }));
        return block is null ? null : (float*)block.Pointer;
    }

    private static float* KeptPanel(float* packed, int panels, int panel, int k0, int depth) =>
        packed + ((long)k0 * panels + (long)panel * depth) * TKernel.Columns;

    /// <summary>A is packed once for all threads; each panel of B is read once, packed where it is used and never shared.</summary>
    private static void FewRows(GemmProblem product, WorkSharing work, BufferPool pool)
    {
        long perPanel = (product.M + (product.PackedB is null ? PackingRows : ReadingRows)) * product.K * TKernel.Columns;
        long grain = Grain / (perPanel + 1) + 1;
        if (InPlace(product))
        {
            work.Split(Panels(product.N), grain, (start, end) => Share(product, (int)start, (int)end));
            return;
        }

        HostBlock block = pool.Rent(((long)Padded(product.M) * product.K + 8) * sizeof(float));
        float* packedA = (float*)block.Pointer;
        for (int k0 = 0; k0 < product.K; k0 += DepthBlock)
            PackA(product, 0, product.M, k0, Math.Min(DepthBlock, product.K - k0), packedA + (long)Padded(product.M) * k0);
        work.Split(Panels(product.N), grain, (start, end) => Columns(product, 0, product.M, packedA, (int)start, (int)end));
        pool.Return(block);
    }

    /// <summary>Threads pack a block of B together and then share out the blocks of A.</summary>
    private static void ManyRows(GemmProblem product, WorkSharing work, BufferPool pool)
    {
        int blocks = (product.M + RowBlock - 1) / RowBlock;
        int blockRows = Math.Min(RowBlock, ((product.M + blocks - 1) / blocks + TileRows - 1) / TileRows * TileRows);
        int widest = Panels(Math.Min(product.N, ColumnBlock)) * TKernel.Columns;
        int allPanels = Panels(product.N);
        HostBlock? packedB = product.PackedB is null ? pool.Rent((long)Math.Min(product.K, DepthBlock) * widest * sizeof(float)) : null;
        for (int n0 = 0; n0 < product.N; n0 += ColumnBlock)
        {
            int panels = Panels(Math.Min(ColumnBlock, product.N - n0));
            int firstPanel = n0 / TKernel.Columns;

            // Enough tasks that threads finish together, but not so many that packing A again costs more than it gains.
            int splits = Math.Clamp((8 * work.Threads + blocks - 1) / blocks, 1, (panels + 7) / 8);
            for (int k0 = 0; k0 < product.K; k0 += DepthBlock)
            {
                int start = k0, depth = Math.Min(DepthBlock, product.K - k0);
                long panelSize = (long)depth * TKernel.Columns;
                float* block = packedB is null ? KeptPanel(product.PackedB, allPanels, firstPanel, start, depth) : (float*)packedB.Pointer;
                if (packedB is not null)
                {
                    work.Split(panels, 8, (first, end) =>
                    {
                        PackB(product, firstPanel + (int)first, firstPanel + (int)end, start, depth, block + first * panelSize);
                    });
                }

                work.Run(blocks * splits, task =>
                {
                    int row = task / splits * blockRows, rows = Math.Min(blockRows, product.M - row), split = task % splits;
                    if (rows <= 0) return;
                    float* packedA = Scratch((long)Padded(rows) * depth);
                    PackA(product, row, rows, start, depth, packedA);
                    for (int p = (int)((long)panels * split / splits); p < (int)((long)panels * (split + 1) / splits); p++)
                        Tiles(product, packedA, row, rows, block + p * panelSize, firstPanel + p, start, depth);
                });
            }
        }

        if (packedB is not null) pool.Return(packedB);
    }

    /// <summary>Whether B is best read where it lies.</summary>
    private static bool InPlace(in GemmProblem product) => GemmStreaming.Suits(product) || GemmTransposed.Suits(product);

    /// <summary>Computes the columns of some panels on one thread.</summary>
    private static void Share(in GemmProblem product, int firstPanel, int endPanel)
    {
        if (InPlace(product))
        {
            // Whole panels only; what is left of B's width goes the common way.
            int start = firstPanel * TKernel.Columns;
            firstPanel = Math.Max(firstPanel, Math.Min(endPanel, product.N / TKernel.Columns));
            int end = firstPanel * TKernel.Columns;
            if (product.BColumn == 1) GemmStreaming.Columns(product, start, end, DepthBlock, Scratch());
            else GemmTransposed.Columns(product, start, end, DepthBlock);
        }

        if (firstPanel == endPanel) return;
        int block = Math.Clamp(PackedA / Math.Max(1, product.K) / TileRows * TileRows, TileRows, Padded(product.M));
        for (int row = 0; row < product.M; row += block)
        {
            int rows = Math.Min(block, product.M - row);
            float* packedA = Scratch((long)Padded(rows) * product.K);
            for (int k0 = 0; k0 < product.K; k0 += DepthBlock)
                PackA(product, row, rows, k0, Math.Min(DepthBlock, product.K - k0), packedA + (long)Padded(rows) * k0);
            Columns(product, row, rows, packedA, firstPanel, endPanel);
        }
    }

    /// <summary>Multiplies rows of A, packed over the whole depth, with panels <paramref name="firstPanel"/> … of B on one thread.</summary>
    private static void Columns(in GemmProblem product, int row, int rows, float* packedA, int firstPanel, int endPanel)
    {
        float* packedB = Scratch();

        // Panels that lie side by side are packed many at once; others one by one, so that they are still in the first-level cache.
        int together = product.BColumn == 1 && product.PackedB is null ? RunColumns / TKernel.Columns : 1;
        for (int first = firstPanel; first < endPanel; first += together)
        {
            int end = Math.Min(endPanel, first + together);

            // At least once, so that a product over nothing still becomes zero.
            for (int k0 = 0; k0 == 0 || k0 < product.K; k0 += DepthBlock)
            {
                int depth = Math.Min(DepthBlock, product.K - k0);
                float* panel = packedB;
                if (product.PackedB is null) PackB(product, first, end, k0, depth, packedB);
                else panel = KeptPanel(product.PackedB, Panels(product.N), first, k0, depth);
                for (int p = first; p < end; p++, panel += depth * TKernel.Columns)
                    Tiles(product, packedA + (long)Padded(rows) * k0, row, rows, panel, p, k0, depth);
            }
        }
    }

    /// <summary>Multiplies a packed block of A with one packed panel of B.</summary>
    private static void Tiles(in GemmProblem product, float* packedA, int firstRow, int rows, float* packedB, int panel, int k0, int depth)
    {
        int column = panel * TKernel.Columns, columns = Math.Min(TKernel.Columns, product.N - column);
        bool add = product.Accumulate || k0 > 0;
        float* tile = stackalloc float[TileRows * TKernel.Columns];
        for (int row = 0; row < rows; row += TileRows)
        {
            int tileRows = Math.Min(TileRows, rows - row);
            float* c = product.C + (firstRow + row) * product.CRow + column * product.CColumn;
            float* a = packedA + (long)row * depth;
            bool whole = columns == TKernel.Columns && product.CColumn == 1;
            if (whole && tileRows == TileRows)
            {
                TKernel.Six(a, packedB, depth, c, product.CRow, add);
            }
            else if (whole && tileRows == 1)
            {
                TKernel.One(a, packedB, depth, c, add);
            }
            else
            {
                if (tileRows == 1) TKernel.One(a, packedB, depth, tile, false);
                else TKernel.Six(a, packedB, depth, tile, TKernel.Columns, false);
                StorePart(tile, tileRows, columns, c, product.CRow, product.CColumn, add);
            }
        }
    }

    /// <summary>The part of a tile that lies within C.</summary>
    private static void StorePart(float* tile, int rows, int columns, float* c, long cRow, long cColumn, bool add)
    {
        for (int r = 0; r < rows; r++, tile += TKernel.Columns, c += cRow)
        {
            if (add)
            {
                for (int j = 0; j < columns; j++) c[j * cColumn] += tile[j];
            }
            else
            {
                for (int j = 0; j < columns; j++) c[j * cColumn] = tile[j];
            }
        }
    }

    private static void PackA(in GemmProblem product, int firstRow, int rows, int k0, int depth, float* packed)
    {
        for (int row = 0; row < rows; row += TileRows)
        {
            byte* source = (byte*)(product.A + (firstRow + row) * product.ARow + k0 * product.AColumn);
            GemmPacking.Panels(source, DType.F32, product.ARow, product.AColumn, Math.Min(TileRows, rows - row), depth, TileRows, packed + (long)row * depth);
        }
    }

    private static void PackB(in GemmProblem product, int firstPanel, int endPanel, int k0, int depth, float* packed)
    {
        int column = firstPanel * TKernel.Columns, columns = Math.Min(endPanel * TKernel.Columns, product.N) - column;
        byte* source = product.B + (column * product.BColumn + k0 * product.BRow) * product.BType.Size();
        GemmPacking.Panels(source, product.BType, product.BColumn, product.BRow, columns, depth, TKernel.Columns, packed);
    }

    private static int Panels(int columns) => (columns + TKernel.Columns - 1) / TKernel.Columns;

    /// <summary>Rows rounded up to whole tiles.</summary>
    private static int Padded(int rows) => (rows + TileRows - 1) / TileRows * TileRows;

    /// <summary>This thread's room for packed panels of B, followed by that for a packed block of A.</summary>
    private static float* Scratch(long floatsOfA = 0)
    {
        const long PackedB = RunColumns * DepthBlock + 16;
        if (scratch is null || scratch.ByteLength < (PackedB + floatsOfA + 16) * sizeof(float))
            scratch = new HostBlock((PackedB + Math.Max(PackedA, floatsOfA) + 16) * sizeof(float));
        return (float*)scratch.Pointer + (floatsOfA > 0 ? PackedB : 0);
    }
}
