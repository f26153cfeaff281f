using System.Diagnostics;
using System.Globalization;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Tests.Tensors.Gpu;

/// <summary>What a child may answer when it asks a driver, and all that can become of it. The shell plays the child.</summary>
public sealed class DriverProbeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly AcceleratorInfo
        Card = new("cuda", "Card “A”", "CUDA 12.4", IsGpu: true, 80L << 30, 132),
        Old = new("cuda", "Old", "CUDA 9.0", IsGpu: true, 4L << 30, 8, "too old");

    [Fact]
    public void The_answer_is_found_among_what_a_driver_prints()
    {
        AcceleratorInfo[] cards = [Card, Old];
        Assert.Equal(cards, Ask($"printf 'driver 1.0\\nno line end'; {Says(cards)}; echo bye; echo warning >&2"));
        Assert.Empty(Ask(Says()));
    }

    [Fact]
    public void A_child_reads_none_of_the_input_of_its_parent() => Assert.Equal([Card], Ask($"cat; {Says(Card)}"));

    [Theory]
    [InlineData("kill -SEGV $$", 139)]
    [InlineData("kill -ABRT $$", 134)]
    [InlineData("exit 3", 3)]
    [InlineData("echo hello", 0)]
    public void A_driver_that_ends_its_child_is_unusable(string driver, int code)
    {
        AcceleratorInfo info = Assert.Single(Ask(driver));
        Assert.Equal(("cuda", "driver", $"crashes when it is asked for devices, exit code {code}"), (info.Kind, info.Name, info.Unusable));
    }

    [Fact]
    public void A_driver_that_crashes_after_its_answer_is_unusable() =>
        Assert.Contains("exit code 139", Assert.Single(Ask($"{Says(Card)}; kill -SEGV $$")).Unusable, StringComparison.Ordinal);

    [Fact]
    public void A_driver_that_hangs_is_ended()
    {
        string pid = Path.GetTempFileName();
        AcceleratorInfo info = Assert.Single(Ask($"echo chatter; echo $$ > {pid}; exec sleep 3000", limit: 3));
        Assert.Equal("does not answer within 3 s", info.Unusable);
        Assert.True(HasEnded(int.Parse(File.ReadAllText(pid), CultureInfo.InvariantCulture)));
        File.Delete(pid);
    }

    [Fact]
    public void A_driver_that_hangs_after_its_answer_is_unusable() =>
        Assert.Equal("does not answer within 1 s", Assert.Single(Ask($"{Says(Card)}; exec sleep 3000", limit: 1)).Unusable);

    [Fact]
    public void An_answer_that_is_none_and_a_child_that_does_not_start_are_told()
    {
        Assert.StartsWith("cannot be asked: ", Assert.Single(Ask("echo 'accelerators: [{'")).Unusable, StringComparison.Ordinal);
        var nowhere = new ProcessStartInfo("/nowhere/program");
        AcceleratorInfo info = Assert.Single(DriverProbe.List(["opencl"], _ => nowhere, Patience));
        Assert.StartsWith("cannot be asked: ", info.Unusable, StringComparison.Ordinal);
    }

    [Fact]
    public void One_broken_driver_hides_no_other()
    {
        IReadOnlyList<AcceleratorInfo> found = DriverProbe.List(
            ["cuda", "opencl"], kind => Shell(kind == "cuda" ? "kill -SEGV $$" : Says(Card with { Kind = kind })), Patience);
        Assert.Equal(["driver", Card.Name], found.Select(a => a.Name));
        Assert.Equal(found[1], Accelerators.Choose(Accelerators.Auto, found).Accelerator);
        Assert.Empty(DriverProbe.List([], _ => throw new InvalidOperationException("nobody is to be asked"), Patience));
    }

    [Fact]
    public void No_driver_answers_for_a_kind_that_is_none()
    {
        using var output = new StringWriter();
        DriverProbe.Answer("abacus", output);
        Assert.Equal("\naccelerators: []\n", output.ToString());
    }

    private static IReadOnlyList<AcceleratorInfo> Ask(string script, double limit = 60) =>
        DriverProbe.List(["cuda"], _ => Shell(script), TimeSpan.FromSeconds(limit));

    private static ProcessStartInfo Shell(string script) => new("/bin/sh", ["-c", script]);

    /// <summary>What prints this answer.</summary>
    private static string Says(params AcceleratorInfo[] found)
    {
        using var answer = new StringWriter();
        DriverProbe.Write(found, answer);
        return $"cat <<'END'\n{answer}END\n:";
    }

    private static bool HasEnded(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return process.WaitForExit(60_000);
        }
        catch (ArgumentException)
        {
            return true; // nobody has this number any more
        }
    }
}
