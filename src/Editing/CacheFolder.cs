namespace Sharpformer.Editing;

/// <summary>Where the program keeps what it can make anew, for this user.</summary>
public static class CacheFolder
{
    /// <summary>Names another folder; with <see cref="Off"/> nothing is kept.</summary>
    public const string Variable = "SHARPFORMER_CACHE";

    /// <summary>The variable's value that switches it off.</summary>
    public const string Off = "off";

    /// <summary>The folder, which need not exist; null where nothing is to be kept, or the user has no place for it.</summary>
    public static string? Path => Of(Environment.GetEnvironmentVariable, OperatingSystem.IsWindows());

    /// <summary>The same from any environment.</summary>
    internal static string? Of(Func<string, string?> variable, bool isWindows)
    {
        if (variable(Variable) is { Length: > 0 } named)
            return named.Equals(Off, StringComparison.OrdinalIgnoreCase) ? null : System.IO.Path.GetFullPath(named);
        string? user = isWindows ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : variable("XDG_CACHE_HOME") is { Length: > 0 } cache && System.IO.Path.IsPathRooted(cache) ? cache
            : variable("HOME") is { Length: > 0 } home && System.IO.Path.IsPathRooted(home) ? System.IO.Path.Combine(home, ".cache")
            : null;
        return string.IsNullOrEmpty(user) ? null : System.IO.Path.Combine(user, "sharpformer");
    }
}
