using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tests.Tensors;

public sealed class BufferTests
{
    [Fact]
    public void A_tensor_dies_with_its_scope_unless_kept()
    {
        using var device = new CpuDevice();
        Tensor lost, kept, returned;
        using (BufferScope outer = device.Scope())
        {
            using (BufferScope inner = device.Scope())
            {
                lost = device.Zeros(new Shape(3));
                kept = inner.Keep(device.Zeros(new Shape(3)));
                returned = outer.Keep(inner.Keep(device.From([7], 1)));
            }

            Assert.Equal([0f, 0, 0], kept.ToArray());
            Fails.With<ObjectDisposedException>("after its scope ended", () => lost.ToArray());
        }

        Assert.Throws<ObjectDisposedException>(() => device.Fill(kept, 1));
        Assert.Equal(7, returned.ToScalar());
    }

    [Fact]
    public void What_inner_scopes_keep_ends_with_the_outer_one()
    {
        using var device = new CpuDevice();
        var kept = new List<Tensor>();
        using (device.Scope())
        {
            for (int block = 0; block < 4; block++)
            {
                using BufferScope inner = device.Scope();
                Tensor before = device.Zeros(new Shape(10));
                kept.Add(inner.Keep(device.Zeros(new Shape(10))));
                using (BufferScope innermost = device.Scope())
                {
                    innermost.Keep(before); // not its own: nothing changes
                    kept.Add(device.Zeros(new Shape(10)));
                    kept.Add(device.Zeros(new Shape(10)));
                    innermost.KeepAll();
                }

                inner.KeepAll();
                Tensor after = device.Zeros(new Shape(10));
                inner.Dispose();
                Assert.True(!before.Storage.Released && IsReleased(after));
            }

            Assert.DoesNotContain(kept, IsReleased);
            kept[0].Storage.Release(); // by hand, and not again when the scope ends
            Assert.Equal(2 * 256, device.Pool.IdleBytes); // with the last of the tensors that nobody kept
        }

        Assert.All(kept, t => Assert.True(IsReleased(t)));
        Assert.Equal((4 * 4 + 1) * 256, device.Pool.IdleBytes);

        static bool IsReleased(Tensor tensor) => Record.Exception(() => tensor.Storage) is ObjectDisposedException;
    }

    [Fact]
    public void Scopes_end_innermost_first()
    {
        using var device = new CpuDevice();
        BufferScope outer = device.Scope();
        BufferScope inner = device.Scope();
        Assert.Throws<InvalidOperationException>(outer.Dispose);
        inner.Dispose();
    }

    [Fact]
    public void Released_memory_serves_the_next_tensor_of_its_size()
    {
        using var device = new CpuDevice();
        for (int step = 0; step < 3; step++)
        {
            using BufferScope scope = device.Scope();
            device.Allocate(1000, 10);
            Assert.Equal(0, device.Pool.IdleBytes);
        }

        Assert.Equal(SizeClass.Of(40_000), device.Pool.IdleBytes);
    }

    [Fact]
    public void The_pool_keeps_no_more_than_its_bound()
    {
        var pool = new BufferPool<HostBlock>(3000, bytes => new HostBlock(bytes));
        HostBlock[] blocks = [pool.Rent(1024), pool.Rent(1024), pool.Rent(1024)];
        foreach (HostBlock block in blocks) pool.Return(block);
        Assert.Equal(2048, pool.IdleBytes);
        Assert.Equal(0, blocks[2].Address); // freed at once
        Assert.Same(blocks[1], pool.Rent(1000));
        Assert.Equal(1024, pool.IdleBytes);
        pool.Clear();
        Assert.Equal(0, pool.IdleBytes);
        Assert.Equal(0, blocks[0].Address);
        Assert.NotEqual(0, blocks[1].Address); // in use
    }

    [Fact]
    public void Where_there_is_no_room_what_nobody_uses_is_freed_first()
    {
        WeakReference forgotten = Forgotten();
        const long TooMuch = 1L << 62;
        var pool = new BufferPool<HostBlock>(1 << 20, bytes => new HostBlock(forgotten.IsAlive ? TooMuch : bytes));
        var idle = new HostBlock(1024);
        pool.Return(idle);
        Assert.Equal(2048, pool.Rent(2048).ByteLength);
        Assert.Equal(0, idle.Address);
        Assert.Equal(0, pool.IdleBytes);
        Fails.With<InsufficientMemoryException>($"no room for {TooMuch:N0} bytes", () => pool.Allocate(TooMuch));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Forgotten() => new(new HostBlock(256));
    }

    [Fact]
    public void Size_classes_waste_at_most_a_quarter()
    {
        for (long bytes = 0; bytes < 5000; bytes++) Assert.InRange(SizeClass.Of(bytes), bytes, Math.Max(256, bytes * 5 / 4));
        Assert.Equal(5L << 40, SizeClass.Of((5L << 40) - 1));
    }

    [Fact]
    public void Blocks_start_on_a_cache_line()
    {
        var pool = new BufferPool<HostBlock>(0, bytes => new HostBlock(bytes));
        for (int bytes = 1; bytes < 100_000; bytes = bytes * 3 + 1) Assert.Equal(0, pool.Rent(bytes).Address % 64);
    }

    [Theory]
    [InlineData(MemoryAdvice.HugePage - 1, 64)]
    [InlineData(MemoryAdvice.HugePage, MemoryAdvice.HugePage)]
    [InlineData((5 * MemoryAdvice.HugePage / 2) - 1, MemoryAdvice.HugePage)] // the rest in small pages
    [InlineData((5 * MemoryAdvice.HugePage / 2) + 1, MemoryAdvice.HugePage)] // the rest in one more
    public void Long_blocks_start_on_a_huge_page_and_have_room_to_their_ends(long bytes, uint alignment)
    {
        using var block = new HostBlock(bytes);
        Assert.Equal(bytes, block.ByteLength);
        Assert.Equal(0, block.Address % alignment);
        byte[] written = new byte[bytes], read = new byte[bytes];
        new Random(1).NextBytes(written);
        Marshal.Copy(written, 0, block.Address, written.Length);
        Marshal.Copy(block.Address, read, 0, read.Length);
        Assert.Equal(written, read);
    }

    [Fact]
    public void The_pool_serves_many_threads()
    {
        var pool = new BufferPool<HostBlock>(1 << 20, bytes => new HostBlock(bytes));
        Parallel.For(0, 2000, i =>
        {
            HostBlock block = pool.Rent(256 * (i % 5));
            pool.Return(block);
        });
        Assert.InRange(pool.IdleBytes, 256, 1 << 20);
    }

    [Fact]
    public void Memory_nobody_releases_is_collected()
    {
        using var device = new CpuDevice();
        WeakReference storage = Forget(device);
        for (int i = 0; i < 5 && storage.IsAlive; i++) GC.Collect();
        Assert.False(storage.IsAlive);
    }

    [Fact]
    public void Refuses_a_negative_number_of_threads() => Assert.Throws<ArgumentOutOfRangeException>(() => new CpuDevice(-1));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Forget(Device device) => new(device.Zeros(new Shape(1000)).Storage);
}
