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
}
