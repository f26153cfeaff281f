namespace Sharpformer.Editing.Methods;

/// <summary>Requests in portions of a size that settings name; 0 there is all of them.</summary>
internal static class Portions
{
    /// <summary>The portions, the last of which may be smaller.</summary>
    public static IEnumerable<IReadOnlyList<TokenizedRequest>> Of(IReadOnlyList<TokenizedRequest> requests, int size) =>
        requests.Chunk(Math.Max(1, size > 0 ? size : requests.Count));

    /// <summary>How many requests are taught together at most, and how many portions there are.</summary>
    /// <param name="requests">How many there are, at least one.</param>
    /// <param name="size">As settings have it.</param>
    public static (int Size, double Count) Of(int requests, int size)
    {
        int together = size > 0 ? Math.Min(size, requests) : requests;
        return (together, Math.Ceiling((double)requests / together));
    }
}
