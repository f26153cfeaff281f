namespace Sharpformer.Tests.Transformer.Training;

/// <summary>A clock on which a second passes whenever somebody looks.</summary>
internal sealed class TickingClock : TimeProvider
{
    private long seconds;

    public override long TimestampFrequency => 1;

    public override long GetTimestamp() => seconds++;
}
