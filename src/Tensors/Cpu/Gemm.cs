using System.Runtime.Intrinsics;

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

    /// <inheritdoc cref="GemmPacking.RowBlock"/>
    private const int RowBlock = GemmPacking.RowBlock;

    /// <summary>NC: columns of B that are packed together; with KC 256 KB.</summary>
    private const int RunColumns = 256;

    /// <summary>Floats of A that are packed together, over the whole depth: 16 MB.</summary>
    private const int MostOfA = 4 << 20;

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
    /// <param name="batch">The products, at least one.</param>
    /// <param name="weights">Where packed forms of B are kept if it is stored weights; null otherwise.</param>
    /// <param name="work">Threads.</param>
    /// <param name="pool">Memory.</param>
    public static void Run(in GemmBatch batch, PackedWeights? weights, WorkSharing work, BufferPool<HostBlock> pool)
    {
        if (batch[0].M == 0 || batch[0].N == 0) return;
        if (batch.Count > 1 && batch.Work < 16 * Grain)
        {
            // Few rows wait for memory, not for arithmetic.
            long grain = batch[0].M <= GemmTransposed.MaxRows ? Grain / 16 : Grain;
            work.Split(batch.Count, grain / (batch.Work + 1) + 1, new WholeProducts(batch));
            return;
        }

        for (long i = 0; i < batch.Count; i++)
        {
            GemmProblem product = batch[i];
            if (weights is not null && product.M <= KeepRows && !product.ReadsInPlace) product.PackedB = Kept(product, weights, work);
            if (!product.ReadsInPlace)
            {
                Blocked(product, work, pool);
                continue;
            }

            // Two parts per thread at most: the longer the rows that one reads, the better for memory.
            long grain = Grain / ((product.M + PackingRows) * product.K * TKernel.Columns + 1) + 1;
            long panels = Math.Max(grain, Panels(product.N) / (2 * work.Threads));
            if (work.Threads > 1 && LeavesShortRows(product, panels)) ByDepth(product, work, pool);
            else work.Split(Panels(product.N), panels, new SomeColumns(product));
        }
    }

    /// <summary>Whether parts of so many panels leave rows of B that lie contiguous in shorter pieces than can be read together.</summary>
    private static bool LeavesShortRows(in GemmProblem product, long panels) =>
        GemmStreaming.Suits(product) && product.K > DepthBlock && 2 * panels <= Panels(product.N)
            && panels * TKernel.Columns < GemmStreaming.LongestRun(product);

    /// <summary>
    /// Threads take depth blocks, that is B's rows in their whole length, where columns alone would leave each with short pieces of
    /// them; only blocks that are too few for all threads are shared by columns. Sums of later blocks are kept apart and added to the
    /// first in order.
    /// </summary>
    private static void ByDepth(in GemmProblem product, WorkSharing work, BufferPool<HostBlock> pool)
    {
        int blocks = (product.K + DepthBlock - 1) / DepthBlock;
        int whole = blocks - blocks % work.Threads, across = Math.Min(work.Threads, Panels(product.N));
        HostBlock sums = pool.Rent((blocks - 1L) * product.M * product.N * sizeof(float));
        work.Run(whole + (blocks - whole) * across, new DepthBlocks(product, (float*)sums.Pointer, whole, across));
        for (int block = 1; block < blocks; block++)
        {
            GemmProblem part = BlockOf(product, block, (float*)sums.Pointer);
            for (int row = 0; row < part.M; row++) GemmStreaming.Add(part.C + row * part.CRow, part.N, product.C + row * product.CRow);
        }

        pool.Return(sums);
    }

    /// <summary>A depth block as a product of its own: the first goes to C, later ones to their own sums.</summary>
    private static GemmProblem BlockOf(in GemmProblem product, int block, float* sums)
    {
        int k0 = block * DepthBlock;
        GemmProblem part = product.Depth(k0, Math.Min(DepthBlock, product.K - k0));
        if (block == 0) return part;
        part.C = sums + (block - 1L) * product.M * product.N;
        (part.CRow, part.Accumulate) = (product.N, false);
        return part;
    }

    /// <summary>All of B packed, made now or at an earlier product; null where there is no room to keep it.</summary>
    private static float* Kept(GemmProblem product, PackedWeights weights, WorkSharing work)
    {
        int panels = Panels(product.N);
        var view = new WeightView((nint)product.B, product.K, product.N, product.BRow, product.BColumn);
        HostBlock? block = weights.Of(view, (long)product.K * panels * TKernel.Columns * sizeof(float), out bool made);
        if (made)
            work.Split(
                panels, Grain / (PackingRows * product.K * TKernel.Columns + 1) + 1,
                new KeptColumns(product, (float*)block!.Pointer));
        return block is null ? null : (float*)block.Pointer;
    }

    private static float* KeptPanel(float* packed, int panels, int panel, int k0, int depth) =>
        packed + ((long)k0 * panels + (long)panel * depth) * TKernel.Columns;

    /// <summary>
    /// As many rows of A at once as there is room for. Where even few would be too long, the depth is cut instead, between two of its
    /// blocks: otherwise B, which is as long, would be packed again for every few rows.
    /// </summary>
    private static void Blocked(GemmProblem product, WorkSharing work, BufferPool<HostBlock> pool)
    {
        int padded = Padded(product.M), rows = Math.Max(RowBlock, MostOfA / Math.Max(1, product.K) / TileRows * TileRows), cut = product.K;
        if (rows >= padded) rows = padded;
        else if (product.K > product.M) (rows, cut) = (padded, Math.Max(1, MostOfA / padded / DepthBlock) * DepthBlock);
        HostBlock block = pool.Rent((long)rows * Math.Min(cut, product.K) * sizeof(float));
        for (int k0 = 0; k0 == 0 || k0 < product.K; k0 += Math.Max(1, cut))
        {
            GemmProblem part = product.Depth(k0, Math.Min(cut, product.K - k0));
            part.Accumulate |= k0 > 0;
            for (int row = 0; row < product.M; row += rows)
                Blocked(part, row, Math.Min(rows, product.M - row), work, (float*)block.Pointer);
        }

        pool.Return(block);
    }

    /// <summary>
    /// Threads pack rows of A together. Then each takes columns of C and packs what it needs of B for itself: no two need the
    /// same, and they meet again only at the end.
    /// </summary>
    private static void Blocked(in GemmProblem product, int row, int rows, WorkSharing work, float* packedA)
    {
        work.Split(Padded(rows) / TileRows, Grain / (TileRows * (long)product.K + 1) + 1, new StripsOfA(product, row, rows, packedA));

        // Few columns are shared out with parts of the rows; their panels are then packed more than once.
        long perPanel = (rows + (product.PackedB is null ? PackingRows : ReadingRows)) * product.K * TKernel.Columns;
        int panels = Panels(product.N), parts = work.Threads == 1 || perPanel * panels < 2 * Grain ? 1 : 4 * work.Threads;
        int across = (int)Math.Clamp(perPanel * panels / Grain, 1, Math.Min(panels, parts));
        int down = Math.Clamp(parts / across, 1, (rows + RowBlock - 1) / RowBlock);
        int length = Padded((rows + down - 1) / down);
        work.Run(across * down, new BlockedColumns(product, row, rows, packedA, across, length));
    }

    /// <summary>Computes the columns of some panels on one thread.</summary>
    private static void Share(in GemmProblem product, int firstPanel, int endPanel)
    {
        if (product.ReadsInPlace)
        {
            // Whole panels only; what is left of B's width goes the common way.
            int start = firstPanel * TKernel.Columns;
            firstPanel = Math.Max(firstPanel, Math.Min(endPanel, product.N / TKernel.Columns));
            int end = firstPanel * TKernel.Columns;
            bool wide = TKernel.Columns == 2 * Register512.Count;
            if (product.BColumn != 1) GemmTransposed.Columns(product, start, end, DepthBlock, wide, Scratch());
            else if (wide) GemmStreaming.Columns<Register512, Vector512<float>>(product, start, end, DepthBlock, Scratch());
            else GemmStreaming.Columns<Register256, Vector256<float>>(product, start, end, DepthBlock, Scratch());
        }

        if (firstPanel == endPanel) return;
        int block = Math.Clamp(RowBlock * DepthBlock / Math.Max(1, product.K) / TileRows * TileRows, TileRows, Padded(product.M));
        for (int row = 0; row < product.M; row += block)
        {
            int rows = Math.Min(block, product.M - row);
            float* packedA = Scratch((long)Padded(rows) * product.K);
            PackA(product, row, rows, 0, rows, packedA);
            Columns(product, row, rows, 0, rows, packedA, firstPanel, endPanel);
        }
    }

    /// <summary>
    /// Multiplies rows <paramref name="from"/> … <paramref name="to"/> of packed ones with panels
    /// <paramref name="firstPanel"/> … of B on one thread.
    /// </summary>
    /// <param name="product">The product.</param>
    /// <param name="row">First packed row.</param>
    /// <param name="rows">Packed rows.</param>
    /// <param name="from">First row to multiply, relative to the packed ones.</param>
    /// <param name="to">Row after the last.</param>
    /// <param name="packedA">Depth block after depth block.</param>
    /// <param name="firstPanel">First panel.</param>
    /// <param name="endPanel">Panel after the last.</param>
    private static void Columns(in GemmProblem product, int row, int rows, int from, int to, float* packedA, int firstPanel, int endPanel)
    {
        float* packedB = Scratch();

        // Panels are packed several at once, as far as they stay in the second-level cache. But those that do not lie side
        // by side gain nothing from it, and single ones stay in the first-level cache.
        int runs = product.BColumn == 1 || to - from > RowBlock
            ? (endPanel - firstPanel + RunColumns / TKernel.Columns - 1) / (RunColumns / TKernel.Columns)
            : endPanel - firstPanel;
        for (int run = 0; run < runs; run++)
        {
            int first = firstPanel + (int)((long)(endPanel - firstPanel) * run / runs);
            int end = firstPanel + (int)((long)(endPanel - firstPanel) * (run + 1) / runs);

            // At least once, so that a product over nothing still becomes zero.
            for (int k0 = 0; k0 == 0 || k0 < product.K; k0 += DepthBlock)
            {
                int depth = Math.Min(DepthBlock, product.K - k0);
                float* panels = packedB, a = packedA + (long)Padded(rows) * k0;
                if (product.PackedB is null) PackB(product, first, end, k0, depth, packedB);
                else panels = KeptPanel(product.PackedB, Panels(product.N), first, k0, depth);
                for (int top = from; top < to; top += RowBlock)
                {
                    float* panel = panels;
                    for (int p = first; p < end; p++, panel += depth * TKernel.Columns)
                        Tiles(product, a + (long)top * depth, row + top, Math.Min(RowBlock, to - top), panel, p, k0, depth);
                }
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

    /// <summary>
    /// Packs rows <paramref name="from"/> … <paramref name="to"/>, of <paramref name="rows"/> from
    /// <paramref name="row"/> on, over the whole depth.
    /// </summary>
    private static void PackA(in GemmProblem product, int row, int rows, int from, int to, float* packed)
    {
        for (int k0 = 0; k0 < product.K; k0 += DepthBlock, packed += (long)Padded(rows) * DepthBlock)
        {
            int depth = Math.Min(DepthBlock, product.K - k0), whole = product.ARow == 1 ? (to - from) / TileRows * TileRows : 0;
            float* source = product.A + (row + from) * product.ARow + k0 * product.AColumn, strips = packed + (long)from * depth;
            GemmPacking.Strips(source, product.AColumn, whole / TileRows, depth, strips);
            GemmPacking.Panels(
                (byte*)(source + whole * product.ARow), DType.F32, product.ARow, product.AColumn, to - from - whole, depth, TileRows,
                strips + (long)whole * depth);
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
            scratch = new HostBlock((PackedB + Math.Max(RowBlock * DepthBlock, floatsOfA) + 16) * sizeof(float));
        return (float*)scratch.Pointer + (floatsOfA > 0 ? PackedB : 0);
    }

    /// <summary>Products of a batch.</summary>
    private readonly struct WholeProducts(GemmBatch batch) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (long i = start; i < end; i++) Share(batch[i], 0, Panels(batch[i].N));
        }
    }

    /// <summary>Panels of columns with B read in place.</summary>
    private readonly struct SomeColumns(GemmProblem product) : IRangeTask
    {
        public void Run(long start, long end) => Share(product, (int)start, (int)end);
    }

    /// <summary>
    /// Depth blocks: the first <paramref name="whole"/> each as one, the others in <paramref name="across"/> parts of the columns.
    /// </summary>
    private readonly struct DepthBlocks(GemmProblem product, float* sums, int whole, int across) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (long task = start; task < end; task++)
            {
                int shared = (int)task - whole;
                if (shared < 0) Some((int)task, 0, 1);
                else Some(whole + shared / across, shared % across, across);
            }
        }

        /// <summary>A part of a block's columns.</summary>
        private void Some(int block, int part, int parts)
        {
            long panels = Panels(product.N);
            Share(BlockOf(product, block, sums), (int)(panels * part / parts), (int)(panels * (part + 1) / parts));
        }
    }

    /// <summary>Panels of weights to be kept.</summary>
    private readonly struct KeptColumns(GemmProblem product, float* packed) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (int k0 = 0; k0 < product.K; k0 += DepthBlock)
            {
                int depth = Math.Min(DepthBlock, product.K - k0);
                PackB(product, (int)start, (int)end, k0, depth, KeptPanel(packed, Panels(product.N), (int)start, k0, depth));
            }
        }
    }

    /// <summary>Packs tiles' worth of rows of A.</summary>
    private readonly struct StripsOfA(GemmProblem product, int row, int rows, float* packed) : IRangeTask
    {
        public void Run(long start, long end) =>
            PackA(product, row, rows, (int)start * TileRows, Math.Min(rows, (int)end * TileRows), packed);
    }

    /// <summary>One of <paramref name="across"/> parts of the columns with <paramref name="length"/> of the packed rows.</summary>
    private readonly struct BlockedColumns(GemmProblem product, int row, int rows, float* packedA, int across, int length) : IRangeTask
    {
        public void Run(long start, long end)
        {
            long panels = Panels(product.N);
            for (int task = (int)start; task < end; task++)
            {
                int part = task % across, from = task / across * length;
                if (from < rows)
                    Columns(
                        product, row, rows, from, Math.Min(rows, from + length), packedA,
                        (int)(panels * part / across), (int)(panels * (part + 1) / across));
            }
        }
    }
}
