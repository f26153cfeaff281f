using System.Globalization;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>
/// The clock of edit stores. SOURCE_DATE_EPOCH, seconds since 1970 by the convention of reproducible builds, stops it,
/// so that the same commands write the same bytes.
/// </summary>
internal static class Clock
{
    private const string Variable = "SOURCE_DATE_EPOCH";

    /// <summary>The system's clock, or the one the environment asks for.</summary>
    /// <exception cref="InputException">The variable holds no time.</exception>
    public static TimeProvider FromEnvironment()
    {
        string? text = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(text)) return TimeProvider.System;
        long last = DateTimeOffset.MaxValue.ToUnixTimeSeconds();
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) && seconds <= last)
            return new Stopped(DateTimeOffset.FromUnixTimeSeconds(seconds));
        throw new InputException($"{Variable} is '{text}', expected whole seconds since 1970, at most {last}.");
    }

    private sealed class Stopped(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
