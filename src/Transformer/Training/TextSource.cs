using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>Where text comes from.</summary>
/// <param name="Name">What messages and the model card call it.</param>
/// <param name="Open">Opens it from its beginning.</param>
public sealed record TextSource(string Name, Func<Stream> Open)
{
    /// <summary>A file of text.</summary>
    public static TextSource File(string path) => new(path, () =>
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1); // what reads it has a buffer of its own
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            string reason = Directory.Exists(path) ? "it is a folder, expected a file of text" : FileErrors.Reason(e);
            throw new InputException($"{path}: cannot be read: {reason}.", null, e);
        }
    });
}
