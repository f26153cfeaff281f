namespace Sharpformer.Tests;

/// <summary>A test of minutes: scripts/slow-tests.sh runs it.</summary>
internal sealed class SlowFactAttribute : FactAttribute
{
    private const string Variable = "SHARPFORMER_SLOW_TESTS";

    public SlowFactAttribute(string why) =>
        Skip = Environment.GetEnvironmentVariable(Variable) == "1" ? null : $"{why} scripts/slow-tests.sh runs it.";
}
