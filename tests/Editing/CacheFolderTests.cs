using Sharpformer.Editing;

namespace Sharpformer.Tests.Editing;

public sealed class CacheFolderTests
{
    [Fact]
    public void The_environment_says_where_it_is_or_that_there_is_none()
    {
        string home = Path.GetFullPath("/home/ada"), cache = Path.GetFullPath("/var/cache/ada"), own = Path.GetFullPath("/elsewhere");
        Assert.Equal(Path.Combine(home, ".cache", "sharpformer"), Of(("HOME", home)));
        Assert.Equal(Path.Combine(cache, "sharpformer"), Of(("HOME", home), ("XDG_CACHE_HOME", cache)));
        Assert.Equal(Path.Combine(home, ".cache", "sharpformer"), Of(("HOME", home), ("XDG_CACHE_HOME", "not/rooted")));
        Assert.Equal(own, Of(("HOME", home), ("XDG_CACHE_HOME", cache), (CacheFolder.Variable, own)));
        Assert.Null(Of(("HOME", home), (CacheFolder.Variable, CacheFolder.Off)));
        Assert.Null(Of(("HOME", home), (CacheFolder.Variable, "OFF")));
        Assert.Null(Of());
        Assert.Null(Of(("HOME", "")));
    }

    private static string? Of(params (string Name, string Value)[] variables) => CacheFolder.Of(
        name => variables.FirstOrDefault(variable => variable.Name == name).Value, isWindows: false);
}
