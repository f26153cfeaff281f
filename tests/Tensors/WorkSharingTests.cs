using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tests.Tensors;

public sealed class WorkSharingTests
{
    [Theory]
    [InlineData(1, 10)]
    [InlineData(2, 1)]
    [InlineData(2, 1000)]
    [InlineData(3, 2)]
    [InlineData(8, 5)]
    public void Every_task_runs_once_however_often_the_team_is_called(int threads, int tasks)
    {
        using var work = new WorkSharing(threads);
        int[] runs = new int[tasks];
        for (int call = 1; call <= 200; call++)
        {
            work.Run(tasks, t => Interlocked.Increment(ref runs[t]));
            Assert.All(runs, count => Assert.Equal(call, count));
        }
    }

    [Fact]
    public void Helpers_that_fell_asleep_wake_up_again()
    {
        using var work = new WorkSharing(2);
        for (int call = 0; call < 5; call++)
        {
            // Two tasks that wait for each other: only two threads can finish them.
            using var both = new Barrier(2);
            work.Run(2, _ => Assert.True(both.SignalAndWait(TimeSpan.FromSeconds(30))));
            Thread.Sleep(20);
        }
    }

    [Fact]
    public void Parts_cover_the_range_without_overlap()
    {
        using var work = new WorkSharing(2);
        foreach (long count in (long[])[0, 1, 99, 100, 199, 200, 201, 12345])
        {
            int[] covered = new int[count];
            work.Split(count, 100, (start, end) =>
            {
                for (long i = start; i < end; i++) Interlocked.Increment(ref covered[i]);
            });
            Assert.All(covered, c => Assert.Equal(1, c));
        }
    }

    [Fact]
    public void A_failing_task_is_the_callers_exception_and_the_team_goes_on()
    {
        using var work = new WorkSharing(2);
        for (int call = 0; call < 3; call++)
        {
            var e = Assert.Throws<InvalidOperationException>(() => work.Run(100, t =>
            {
                if (t == 37) throw new InvalidOperationException("task 37");
            }));
            Assert.Equal("task 37", e.Message);
            int sum = 0;
            work.Run(10, t => Interlocked.Add(ref sum, t));
            Assert.Equal(45, sum);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void A_task_on_the_stack_is_seen_by_no_helper_after_its_call(int threads)
    {
        // Every call has another task at the same place of the stack: a helper that came late, or stayed too long,
        // would add to the sum of a later one.
        using var work = new WorkSharing(threads);
        long[] sum = new long[1];
        for (int call = 0; call < 100_000; call++)
        {
            sum[0] = 0;
            int pieces = 2 + call % 7;
            work.Run(pieces, new Adding(sum, call));
            Assert.Equal((long)call * pieces, sum[0]);
        }
    }

    [Fact]
    public void A_call_allocates_nothing()
    {
        using var work = new WorkSharing(3);
        long[] sum = new long[1];
        TeamAllocations.AssertNone(work, () =>
        {
            work.Run(20, new Adding(sum, 1));
            work.Split(1000, 10, new Adding(sum, 1));
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void What_any_thread_of_the_team_allocates_is_counted(int threads)
    {
        using var work = new WorkSharing(threads);
        var allocations = new TeamAllocations(work);
        byte[][] blocks = new byte[threads][];
        using var together = new Barrier(threads); // so each of them allocates
        AllocateOnEach();
        (long caller, long helpers) = allocations.Count();
        AllocateOnEach();
        (long callerAfter, long helpersAfter) = allocations.Count();
        Assert.InRange(callerAfter - caller, 10_000, 11_000);
        Assert.InRange(helpersAfter - helpers, (threads - 1) * 10_000, (threads - 1) * 11_000);

        void AllocateOnEach() => work.Run(threads, t =>
        {
            blocks[t] = new byte[10_000];
            together.SignalAndWait();
        });
    }

    [Fact]
    public void A_task_may_share_out_work_itself()
    {
        using var work = new WorkSharing(2);
        for (int call = 0; call < 200; call++)
        {
            int sum = 0;
            work.Run(7, outer => work.Split(100, 10, (start, end) => Interlocked.Add(ref sum, (int)(end - start) * outer)));
            Assert.Equal(2100, sum);
        }
    }

    [Fact]
    public void Two_callers_at_once_both_get_their_work_done()
    {
        using var work = new WorkSharing(3);
        Parallel.For(0, 4, _ =>
        {
            for (int call = 0; call < 2000; call++)
            {
                int sum = 0;
                work.Run(9, t => Interlocked.Add(ref sum, t));
                Assert.Equal(36, sum);
            }
        });
    }

    [Fact]
    public void One_of_many_failures_is_reported_and_no_later_call_sees_it()
    {
        using var work = new WorkSharing(4);
        for (int call = 0; call < 500; call++)
        {
            Assert.StartsWith(
                "task ",
                Assert.Throws<InvalidOperationException>(() => work.Run(8, t => throw new InvalidOperationException($"task {t}"))).Message,
                StringComparison.Ordinal);
            work.Run(8, _ => { });
        }
    }

    private readonly struct Adding(long[] sum, long number) : IRangeTask
    {
        public void Run(long start, long end) => Interlocked.Add(ref sum[0], number * (end - start));
    }
}
