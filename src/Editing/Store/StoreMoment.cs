namespace Sharpformer.Editing.Store;

/// <summary>A point in a store's history: an event or a time.</summary>
public readonly record struct StoreMoment
{
    private readonly long seq;
    private readonly DateTimeOffset? time;

    private StoreMoment(long seq, DateTimeOffset? time) => (this.seq, this.time) = (seq, time);

    /// <summary>An event by its <see cref="EditEvent.Seq"/>.</summary>
    public static StoreMoment Event(long seq) => new(seq, null);

    /// <summary>A time.</summary>
    public static StoreMoment Time(DateTimeOffset time) => new(0, time);

    /// <summary>The event's number; null where a time is meant.</summary>
    internal long? Seq => time is null ? seq : null;

    /// <summary>Whether an event happened at this moment or before.</summary>
    internal bool IsReached(EditEvent line) => time is { } limit ? line.At <= limit : line.Seq <= seq;

    /// <summary>Whether an event happened at this moment or after.</summary>
    internal bool IsFrom(EditEvent line) => time is { } limit ? line.At >= limit : line.Seq >= seq;

    /// <inheritdoc/>
    public override string ToString() => time is { } limit ? EditRow.Time(limit) : $"event {seq}";
}
