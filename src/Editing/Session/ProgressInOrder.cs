namespace Sharpformer;

/// <summary>Tells of progress at once and in order, which <see cref="Progress{T}"/> does not promise.</summary>
/// <param name="tell">Told of each step, by the thread that takes it.</param>
public sealed class ProgressInOrder<T>(Action<T> tell) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => tell(value);
}
