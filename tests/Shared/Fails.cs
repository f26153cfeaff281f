namespace Sharpformer.Tests;

/// <summary>What must fail, and what its error must say.</summary>
internal static class Fails
{
    /// <summary>The code must throw this very type, with <paramref name="said"/> somewhere in its message.</summary>
    public static void With<TException>(string said, Action code) where TException : Exception =>
        Assert.Contains(said, Assert.Throws<TException>(code).Message, StringComparison.Ordinal);

    /// <summary>The same for code that has a value.</summary>
    public static void With<TException>(string said, Func<object?> code) where TException : Exception =>
        Assert.Contains(said, Assert.Throws<TException>(code).Message, StringComparison.Ordinal);
}
