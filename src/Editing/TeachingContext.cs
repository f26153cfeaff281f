using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing;

/// <summary>What a method finds around it while it teaches.</summary>
public sealed class TeachingContext
{
    private readonly Dictionary<Type, object> kept = [];

    /// <summary>The model's tokenizer; null where only tokens are at hand.</summary>
    public Tokenizer? Tokenizer { get; init; }

    /// <summary>The token that a text begins with.</summary>
    public required int BosId { get; init; }

    /// <summary>The token that ends a text.</summary>
    public required int EosId { get; init; }

    /// <summary>The prompts of all edits at hand, in a fixed order: what an edit must not answer is sampled from them.</summary>
    public IReadOnlyList<int[]> Prompts { get; init; } = [];

    /// <summary>
    /// The same facts as texts, in the same order, for methods that compare wordings; empty where only tokens are at hand.
    /// </summary>
    public IReadOnlyList<EditRequest> Facts { get; init; } = [];

    /// <summary>Where traces are kept; null keeps none.</summary>
    public TraceFolder? Traces { get; init; }

    /// <summary>Where statistics of the model are kept that take long to collect; null where nobody has said.</summary>
    public string? StatisticsFolder { get; init; }

    /// <summary>The file of the trained network that a method makes edits with; null where none was named.</summary>
    public string? NetFile { get; init; }

    /// <summary>Tells the model from any other; null where nothing is kept.</summary>
    public ModelFingerprint? Model { get; init; }

    /// <summary>Whether to follow the method literally, one edit after the other, where there is a faster way to the same edits.</summary>
    public bool IsSequential { get; init; }

    /// <summary>Ends the run.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>The model's tokenizer, for a method that cannot do without.</summary>
    /// <param name="soFar">The model, which may know it where this does not.</param>
    /// <param name="method">The method's name.</param>
    /// <exception cref="InvalidOperationException">Nobody has named it.</exception>
    internal Tokenizer TokenizerFor(EditedModel soFar, string method) =>
        Tokenizer ?? soFar.Tokenizer ?? throw new InvalidOperationException($"{method} needs the model's tokenizer.");

    /// <summary>What a method makes once for a run of many portions, for example samples of text.</summary>
    /// <param name="make">Makes it, when it is first asked for.</param>
    public T Once<T>(Func<T> make) where T : class
    {
        ArgumentNullException.ThrowIfNull(make);
        if (!kept.TryGetValue(typeof(T), out object? made)) kept.Add(typeof(T), made = make());
        return (T)made;
    }
}
