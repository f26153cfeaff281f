using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tests.Tensors;

/// <summary>Counts what each thread of a team allocates, the caller's and its helpers', and nothing of the rest of the process.</summary>
internal sealed class TeamAllocations(WorkSharing work)
{
    private readonly long[] bytes = new long[work.Threads]; // the caller's first
    private int arrived, helpers;

    /// <summary>
    /// A call must leave nothing to the collector once it has been made a few times. Threads first need what they wait with
    /// and blocks of the pool at no set time, so three quiet rounds in a row are enough.
    /// </summary>
    public static void AssertNone(WorkSharing work, Action call)
    {
        var team = new TeamAllocations(work);
        for (int warmUp = 0; warmUp < 3; warmUp++)
        {
            call();
            team.Count();
        }

        int quiet = 0;
        for (int round = 0; round < 50 && quiet < 3; round++)
        {
            (long Caller, long Helpers) before = team.Count();
            for (int i = 0; i < 20; i++) call();
            quiet = team.Count() == before ? quiet + 1 : 0;
        }

        Assert.Equal(3, quiet);
    }

    /// <summary>Bytes that the caller and its helpers have allocated up to now; but for starting the helpers, counting adds none.</summary>
    public (long Caller, long Helpers) Count()
    {
        (arrived, helpers) = (0, 0);
        work.Run(bytes.Length, new Counting(this, Environment.CurrentManagedThreadId));
        long others = 0;
        foreach (long ofOne in bytes.AsSpan(1)) others += ofOne;
        return (bytes[0], others);
    }

    /// <summary>A piece for each thread: none is done with its own before all have begun one.</summary>
    private readonly struct Counting(TeamAllocations team, int caller) : IRangeTask
    {
        public void Run(long start, long end)
        {
            int place = Environment.CurrentManagedThreadId == caller ? 0 : Interlocked.Increment(ref team.helpers);
            team.bytes[place] = GC.GetAllocatedBytesForCurrentThread();
            Interlocked.Increment(ref team.arrived);
            var spin = default(SpinWait);
            while (Volatile.Read(ref team.arrived) < team.bytes.Length) spin.SpinOnce(sleep1Threshold: -1);
        }
    }
}
