using System.Collections.Immutable;
using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing;

/// <summary>
/// A model with edits, as a value: the base model, which nothing ever changes, the same with some weights replaced, what sits in its
/// openings, and what decides by a prompt how it is read. An editor makes one from edits (<see cref="IEditor.Apply"/>); to undo edits is
/// to make another from fewer. Whatever measures, explains or generates takes this and no method's own type.
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

    /// <summary>What decides by the prompt, in order: the first that answers one takes it.</summary>
    public IReadOnlyList<IPromptRouter> Routers { get; init; } = [];

    /// <summary>
    /// What a method must know of the edits so far to add more of them, by the method's name: a value, like all of this. Weights and
    /// memories do not tell the keys of earlier edits, which AlphaEdit's next ones shall leave alone.
    /// </summary>
    internal ImmutableDictionary<string, object> Carried { get; init; } = ImmutableDictionary<string, object>.Empty;

    /// <summary>Whether weights are changed. Edits that do so never say where they answer.</summary>
    public bool ChangesWeights => !ReferenceEquals(Base, Model);

    /// <summary>
    /// The memories as openings of <see cref="Model"/>; where none of their edits adds anything, what passes is left alone.
    /// </summary>
    public IReadOnlyList<Opening> Openings => OpeningsWatchedBy(watch: null);

    /// <summary>All that says where it answers: routers, then memories.</summary>
    public IEnumerable<IKeyedEdits> Keyed => [.. Routers, .. Memories];

    /// <summary>
    /// The first block in which anything differs from the base model: all below it need to be computed only once for both. As many as
    /// there are blocks where only what comes behind them differs; null where nothing does.
    /// </summary>
    public int? FirstTouched
    {
        get
        {
            if (Routers.Count > 0) return 0; // what is put before a prompt is read by all blocks
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
    /// then a trace of the base model holds all that an evaluation needs of it, where no router answers.
    /// </summary>
    internal bool IsTraceable => ReferenceEquals(Base, Model)
        && Memories is [] or [{ Reads: Site.MlpInput, Writes: Site.BlockOutput }];

    /// <summary>How the edited model reads a prompt: with which weights, what sits in their openings and what is put before it.</summary>
    /// <param name="prompt">The prompt's tokens.</param>
    /// <param name="watch">Called with what routers and memories make of what they see, each time; null for nobody.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="InputException">With what is put before it, the prompt has more tokens than the model has positions.</exception>
    public PromptReading Reading(int[] prompt, Action<IReadOnlyList<Firing>>? watch = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        Firing firing = Decide(prompt, cancellation);
        if (firing.Adds) watch?.Invoke([firing]);
        Route route = RouteOf(firing);
        return new PromptReading(route.Model, route.Tokens(prompt), [.. route.Openings([prompt.Length]), .. OpeningsWatchedBy(watch)]);
    }

    /// <summary>The edit that takes a prompt, of the first router that answers; none where none does.</summary>
    private Firing Decide(int[] prompt, CancellationToken cancellation)
    {
        if (Routers.Count == 0) return default;
        using BufferScope scope = Base.Device.Scope();
        return Routers
            .Select(router => router.Fire(router.Read(Base, [prompt], cancellation), RowTokens.AtEnds(prompt))[0])
            .FirstOrDefault(firing => firing.Adds);
    }

    /// <summary>How prompts are read that an edit answers; one that no router holds changes nothing about that.</summary>
    internal Route RouteOf(Firing firing)
    {
        var plain = new Route(Model);
        IPromptRouter? router = firing.Adds ? Routers.FirstOrDefault(one => one.Holds(firing.Edit)) : null;
        return router?.Take(plain, firing) ?? plain;
    }

    /// <summary>A memory as an opening.</summary>
    internal static Opening OpeningOf(IEditMemory memory, Action<IReadOnlyList<Firing>>? watch) =>
        new(memory.Block, memory.Reads, memory.Writes, Reach.Last, (read, passing, tokens) =>
        {
            Firing[] firings = memory.Fire(read.Value, tokens);
            watch?.Invoke(firings);
            return Array.Exists(firings, firing => firing.Adds) ? memory.Apply(passing, firings) : null;
        });

    private IReadOnlyList<Opening> OpeningsWatchedBy(Action<IReadOnlyList<Firing>>? watch) =>
        [.. Memories.Select(memory => OpeningOf(memory, watch))];
}

/// <summary>How an edited model reads a prompt, see <see cref="EditedModel.Reading"/>.</summary>
/// <param name="Model">The weights.</param>
/// <param name="Tokens">The prompt, and what is put before it.</param>
/// <param name="Openings">What sits in the blocks' openings.</param>
public sealed record PromptReading(CausalLm Model, int[] Tokens, IReadOnlyList<Opening> Openings);
