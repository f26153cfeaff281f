using System.Collections.Immutable;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing;

/// <summary>
/// A model with edits, as a value: the base model, which nothing ever changes, the same with some weights replaced, and what sits in
/// its openings. An editor makes one from edits (<see cref="IEditor.Apply"/>); to undo edits is to make another from fewer. Whatever
/// measures, explains or generates takes this and no method's own type.
/// </summary>
/// <param name="Base">The model that was edited.</param>
public sealed record EditedModel(CausalLm Base)
{
    /// <summary><see cref="Base"/> with changed weights; the very same where no method has changed any.</summary>
    public CausalLm Model { get; init; } = Base;

    /// <summary>The tokenizer of its tokens, for edits that read text; null where nobody has named it.</summary>
    public Tokenizer? Tokenizer { get; init; }

    /// <summary>What sits beside blocks, in the order in which it was put there.</summary>
    public IReadOnlyList<IEditMemory> Memories { get; init; } = [];

    /// <summary>
    /// What a method must know of the edits so far to add more of them, by the method's name: a value, like all of this. Weights and
    /// memories do not tell the keys of earlier edits, which AlphaEdit's next ones shall leave alone.
    /// </summary>
    internal ImmutableDictionary<string, object> Carried { get; init; } = ImmutableDictionary<string, object>.Empty;

    /// <summary>Whether weights are changed. Edits that do so never say where they answer.</summary>
    public bool ChangesWeights => !ReferenceEquals(Base, Model);

    /// <summary>The memories as openings of <see cref="Model"/>.</summary>
    public IReadOnlyList<Opening> Openings => OpeningsWatchedBy(_ => { });

    /// <summary>The same, which also tell what fires each time the model passes by.</summary>
    /// <param name="watch">Called with what a memory makes of the rows it sees.</param>
    public IReadOnlyList<Opening> OpeningsWatchedBy(Action<IReadOnlyList<Firing>> watch)
    {
        ArgumentNullException.ThrowIfNull(watch);
        return [.. Memories.Select(memory => OpeningOf(memory, watch))];
    }

    /// <summary>
    /// The first block in which anything differs from the base model: all below it need to be computed only once for both. As many as
    /// there are blocks where only what comes behind them differs; null where nothing does.
    /// </summary>
    public int? FirstTouched
    {
        get
        {
            if (!ReferenceEquals(Base.TokenTable, Model.TokenTable) || !ReferenceEquals(Base.PositionTable, Model.PositionTable)) return 0;
            int blocks = Base.Blocks.Count;
            int weights = Enumerable.Range(0, blocks).FirstOrDefault(l => !ReferenceEquals(Base.Blocks[l], Model.Blocks[l]), blocks);
            int first = Memories.Select(memory => memory.Block).Append(weights).Min();
            bool isSameBehind = ReferenceEquals(Base.FinalNorm, Model.FinalNorm) && ReferenceEquals(Base.Head, Model.Head)
                && ReferenceEquals(Base.HeadBias, Model.HeadBias);
            return first < blocks || !isSameBehind ? first : null;
        }
    }

    /// <summary>
    /// Whether the edited model is the base model with one memory, or none, that reads the MLP's input and adds to the block's output:
    /// then a trace of the base model holds all that an evaluation needs of it.
    /// </summary>
    internal bool IsTraceable => ReferenceEquals(Base, Model)
        && Memories is [] or [{ Reads: Site.MlpInput, Writes: Site.BlockOutput }];

    /// <summary>A memory as an opening: where none of its edits adds anything, what passes is left alone.</summary>
    internal static Opening OpeningOf(IEditMemory memory, Action<IReadOnlyList<Firing>> watch) =>
        new(memory.Block, memory.Reads, memory.Writes, Reach.Last, (read, passing, tokens) =>
        {
            Firing[] firings = memory.Fire(read.Value, tokens);
            watch(firings);
            return Array.Exists(firings, firing => firing.Adds) ? memory.Apply(passing, firings) : null;
        });
}
