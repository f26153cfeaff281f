using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>
/// The knowledge neurons beside one block's MLP. For the MLP's input x it standardises x̂, activates every neuron,
/// s = f(x̂·k - b) with the MLP's own activation f, and lets the strongest one answer: α·s·v (Eq. 12, max-pooling). A withdrawn
/// neuron still competes but answers nothing. Not all compete everywhere, see <see cref="Turns"/> and <see cref="Locks"/>; one that can be
/// locked adds nothing at all unless it is above its threshold. An adaptor is a value:
/// <see cref="With(IEnumerable{Edit})"/> makes another.
/// </summary>
public sealed class KeyValueAdaptor : IEditMemory
{
    private const int MarginsAtOnce = 1 << 22; // bounds the memory of whoever asks about all rows and all neurons

    private readonly Device device;
    private readonly NeuronState[] neurons;
    private readonly NeuronRows rows;
    private readonly TokensToText? toText;
    private readonly Lazy<Turns> turns;
    private readonly Locks locks;

    /// <summary>An adaptor without neurons.</summary>
    /// <param name="device">Where it computes.</param>
    /// <param name="layer">The block it sits beside, 0-based.</param>
    /// <param name="nEmbd">C: width of keys and values.</param>
    /// <param name="activation">f: the model's own.</param>
    public KeyValueAdaptor(Device device, int layer, int nEmbd, Activation activation)
        : this(device, layer, nEmbd, activation, [], NeuronRows.Empty(device, nEmbd), selectsBeforeActivation: false, toText: null)
    {
    }

    private KeyValueAdaptor(
        Device device, int layer, int nEmbd, Activation activation, NeuronState[] neurons, NeuronRows rows, bool selectsBeforeActivation,
        TokensToText? toText)
    {
        (this.device, Layer, NEmbd, Activation) = (device, layer, nEmbd, activation);
        (this.neurons, this.rows, SelectsBeforeActivation) = (neurons, rows, selectsBeforeActivation);
        this.toText = toText;
        turns = new Lazy<Turns>(() => new Turns(device, neurons));
        locks = new Locks(device, neurons, toText);
    }

    /// <summary>An adaptor without neurons for a model.</summary>
    public static KeyValueAdaptor For(CausalLm model, int layer)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new KeyValueAdaptor(model.Device, layer, model.Config.NEmbd, model.Config.Activation);
    }

    /// <summary>The block it sits beside, 0-based.</summary>
    public int Layer { get; }

    /// <summary>C: width of keys and values.</summary>
    public int NEmbd { get; }

    /// <summary>f: how a neuron answers to its margin.</summary>
    public Activation Activation { get; }

    /// <summary>n: number of neurons.</summary>
    public int Count => neurons.Length;

    /// <summary>
    /// Whether the winner is picked by x̂·k - b before the activation, as Eq. 12 prints it, instead of after it, as the released
    /// program does. They differ only where no neuron fires: there the activation is flat or falls.
    /// </summary>
    public bool SelectsBeforeActivation { get; }

    /// <summary>What is known of neuron <paramref name="index"/> beside its vectors.</summary>
    public NeuronState this[int index] => neurons[index];

    /// <inheritdoc/>
    int IEditMemory.Block => Layer;

    /// <inheritdoc/>
    Site IEditMemory.Reads => Site.MlpInput;

    /// <inheritdoc/>
    Site IEditMemory.Writes => Site.BlockOutput;

    /// <inheritdoc/>
    public bool Holds(long edit) => Array.Exists(neurons, neuron => neuron.Edit == edit);

    /// <inheritdoc/>
    public bool IsLocked(long edit, int[] tokens) =>
        Array.Find(neurons, neuron => neuron.Edit == edit) is { Lock: { } named } && !named.IsOpen(toText!(tokens));

    /// <summary>The same without its neurons.</summary>
    public KeyValueAdaptor Emptied() => new(device, Layer, NEmbd, Activation);

    /// <summary>The same with the neurons of edits behind all others, silent if their edit is withdrawn.</summary>
    /// <param name="edits">The edits.</param>
    /// <exception cref="InvalidOperationException">Some look for names, and nothing is known of what tokens say.</exception>
    public KeyValueAdaptor With(IEnumerable<Edit> edits) => With(edits, toText: null);

    /// <inheritdoc cref="With(IEnumerable{Edit})"/>
    /// <param name="edits">The edits.</param>
    /// <param name="toText">Reads tokens for edits that look for names; null is as it was.</param>
    internal KeyValueAdaptor With(IEnumerable<Edit> edits, TokensToText? toText)
    {
        ArgumentNullException.ThrowIfNull(edits);
        var states = new List<NeuronState>(neurons);
        var more = new List<Neuron>();
        foreach (Edit edit in edits)
        {
            IReadOnlyList<Neuron> own = IReVaParts.Neurons(edit);
            var made = (INeuronSettings)edit.Settings;
            SubjectLock? named = made.LockOf(edit.Request);
            if (named is not null && (toText ??= this.toText) is null)
            {
                throw new InvalidOperationException(
                    $"KeyValueAdaptor: edit {edit.Id} looks for a name in texts; set EditedModel.Tokenizer.");
            }

            bool isWithdrawn = edit.Status == EditStatus.Withdrawn;
            states.AddRange(own.Select((n, i) => new NeuronState(edit.Id, i, n.TargetToken, n.Threshold, made.Alpha, isWithdrawn)
            {
                Prompt = edit.PromptTokens,
                TakesTurns = !made.AsPublished && own.Count > 1,
                Earlier = made.AsPublished ? [] : edit.TargetTokens[..i],
                Lock = named,
            }));
            more.AddRange(own);
        }

        return With([.. states], more, toText);
    }

    /// <summary>The same with neurons of one edit behind all others.</summary>
    /// <param name="more">Keys, values and thresholds.</param>
    /// <param name="alpha">α of their edit.</param>
    /// <param name="edit">Id of the edit they belong to.</param>
    public KeyValueAdaptor With(IReadOnlyList<Neuron> more, float alpha, long edit)
    {
        ArgumentNullException.ThrowIfNull(more);
        return With(
            [.. neurons, .. more.Select((n, i) => new NeuronState(edit, i, n.TargetToken, n.Threshold, alpha, Withdrawn: false))],
            more, toText);
    }

    /// <summary>The same with an edit's neurons silenced, or answering again. They compete either way.</summary>
    public KeyValueAdaptor WithWithdrawn(long edit, bool withdrawn) => new(
        device, Layer, NEmbd, Activation,
        [.. neurons.Select(n => n.Edit == edit ? n with { Withdrawn = withdrawn } : n)], rows, SelectsBeforeActivation, toText);

    /// <summary>The same with the winner picked otherwise; see <see cref="SelectsBeforeActivation"/>.</summary>
    public KeyValueAdaptor Selecting(bool beforeActivation) =>
        new(device, Layer, NEmbd, Activation, neurons, rows, beforeActivation, toText);

    /// <summary>x̂ = (x - mean) / sqrt(var + 1e-8) with the unbiased variance: the form in which keys see x, <c>[R,C]</c>.</summary>
    public static Tensor Standardize(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        Tensor y = x.Device.Allocate(x.Shape);
        x.Device.Rows<StandardizeRow>(x.Rows, [], 1e-8f, x, y);
        return y;
    }

    /// <summary>x̂·k - b of every neuron: how far each is above its threshold, <c>[R,n]</c>.</summary>
    /// <param name="standardized">x̂, <c>[R,C]</c>.</param>
    public Tensor Margins(Tensor standardized)
    {
        ArgumentNullException.ThrowIfNull(standardized);
        Variable scores = Ops.MatMul(standardized, rows.Keys.Slice(0, Count), transposeY: true);
        return Ops.Subtract(scores, rows.Thresholds.Slice(0, Count).Reshape(Count)).Value;
    }

    /// <inheritdoc/>
    public Firing[] Fire(Tensor read, RowTokens tokens, IReadOnlyList<long?>? withdrawn = null)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(tokens);
        if (Count == 0) return new Firing[read.Rows];

        using BufferScope scope = device.Scope();
        (Tensor margins, Tensor activations, int[] winners) = Compete(read, tokens);
        (float[] margin, float[] s) = (Picked(margins), Picked(activations));
        return [.. winners.Select((j, r) => FiringOf(
            j, margin[r], s[r], isWithdrawn: withdrawn?[r] is { } edit && edit == neurons[j].Edit,
            isLocked: float.IsNegativeInfinity(s[r])))]; // where all that come near are

        float[] Picked(Tensor of)
        {
            Tensor picked = device.Allocate(read.Rows, 1);
            device.Rows<PickRow>(read.Rows, winners, 0, of, picked);
            return picked.ToArray();
        }
    }

    /// <summary>Those whose turn it is, and those that would have it if the text named what they are about.</summary>
    /// <inheritdoc/>
    public IReadOnlyList<Firing> Nearest(Tensor read, RowTokens tokens, int count)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(tokens);
        if (Count == 0) return [];
        using BufferScope scope = device.Scope();
        (Tensor margins, Tensor activations, int[] winners) = Compete(read, tokens);
        (float[] margin, float[] s, int winner) = (margins.ToArray(), activations.ToArray(), winners[0]);
        Locks.Reading text = locks.Read(tokens, 0);
        return [.. Enumerable.Range(0, Count)
            .Where(j => !float.IsNegativeInfinity(SelectsBeforeActivation ? margin[j] : s[j]) || IsLocked(j))
            .OrderByDescending(j => j == winner && !IsLocked(j))
            .ThenBy(IsLocked)
            .ThenByDescending(j => margin[j])
            .Take(count)
            .Select(j => FiringOf(j, margin[j], s[j], isWithdrawn: false, IsLocked(j)))];

        bool IsLocked(int j) => !text.Opens(neurons[j].Lock);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Firing>[] Claims(Tensor read, RowTokens tokens)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(tokens);
        var claims = new IReadOnlyList<Firing>[read.Rows];
        int block = Math.Max(1, MarginsAtOnce / Math.Max(1, Count));
        for (int first = 0; first < claims.Length; first += block)
        {
            using BufferScope scope = device.Scope();
            int count = Math.Min(block, claims.Length - first);
            (Tensor margins, Tensor activations) = Count == 0 ? default : Scores(read.Slice(first, count), tokens.From(first));
            float[] margin = margins?.ToArray() ?? [], s = activations?.ToArray() ?? [];
            for (int r = 0; r < count; r++)
            {
                var claiming = new List<int>(); // by their place in margin and s
                for (int i = r * Count; i < (r + 1) * Count; i++)
                    if (margin[i] > 0 && !float.IsNegativeInfinity(s[i])) claiming.Add(i);
                claims[first + r] = [.. claiming.OrderByDescending(i => s[i])
                    .Select(i => FiringOf(i - (r * Count), margin[i], s[i], isWithdrawn: false, isLocked: false))];
            }
        }

        return claims;
    }

    /// <summary>Adds what the winners say, α·s·v of each row.</summary>
    /// <inheritdoc/>
    public Variable Apply(Variable passing, IReadOnlyList<Firing> firings) => Ops.Add(passing, Output(firings));

    /// <summary>What is added beside the MLP: α·s·v of each row's winner, <c>[R,C]</c>.</summary>
    public Tensor Output(IReadOnlyList<Firing> firings)
    {
        ArgumentNullException.ThrowIfNull(firings);
        Tensor winning = device.Allocate(firings.Count, NEmbd);
        device.Gather(rows.Values, [.. firings.Select(f => f.Index)], winning);
        return Ops.ScaleRows(winning, device.From([.. firings.Select(f => f.Strength)], firings.Count, 1)).Value;
    }

    /// <summary>
    /// Adds Σ α·s·v over all neurons that may answer, without max-pooling: the constant that earlier neurons contribute
    /// while a new one trains (section 4.3). The terms are added in the order of birth and those of silent neurons not at
    /// all, so it makes no difference whether the neurons sit in one adaptor or, one after the other, in several.
    /// </summary>
    /// <param name="standardized">x̂, <c>[R,C]</c>.</param>
    /// <param name="sum">What is added to, <c>[R,C]</c>.</param>
    public void AddAll(Tensor standardized, Tensor sum)
    {
        ArgumentNullException.ThrowIfNull(standardized);
        if (Count == 0) return;
        using BufferScope scope = device.Scope();
        AddFirst(Contributions(standardized), [.. Enumerable.Repeat(Count, standardized.Rows)], sum);
    }

    /// <summary>α·s of every neuron, 0 where it is withdrawn, <c>[R,n]</c>.</summary>
    internal Tensor Contributions(Tensor standardized)
    {
        Tensor alphas = device.From([.. neurons.Select(n => n.Withdrawn ? 0 : n.Alpha)], Count);
        return Ops.Multiply(Ops.Activate(Margins(standardized), Activation), alphas).Value;
    }

    /// <summary>The same as <see cref="AddAll"/> for the first neurons only, their number given per row.</summary>
    internal void AddFirst(Tensor contributions, ReadOnlySpan<int> counts, Tensor sum)
    {
        Tensor values = rows.Values.Slice(0, Count);
        device.Rows<AddContributionsRow>(sum.Rows, counts, 0, contributions, values.Reshape(checked((int)values.Count)), sum);
    }

    /// <summary>Margin and activation of every neuron at each row of x <c>[R,C]</c>, both <c>[R,n]</c>, and who wins there.</summary>
    private (Tensor Margins, Tensor Activations, int[] Winners) Compete(Tensor x, RowTokens tokens)
    {
        (Tensor margins, Tensor activations) = Scores(x, tokens);
        return (margins, activations, device.ArgMax(SelectsBeforeActivation ? margins : activations));
    }

    /// <summary>
    /// Margin and activation of every neuron at each row of x <c>[R,C]</c>, both <c>[R,n]</c>. What a neuron competes with is -infinity
    /// where it is not its turn.
    /// </summary>
    private (Tensor Margins, Tensor Activations) Scores(Tensor x, RowTokens tokens)
    {
        Tensor margins = Margins(Standardize(x)), activations = Ops.Activate(margins, Activation).Value;
        Tensor scores = SelectsBeforeActivation ? margins : activations;
        turns.Value.Bar(scores, tokens);
        locks.Bar(margins, scores, tokens);
        return (margins, activations);
    }

    private KeyValueAdaptor With(NeuronState[] states, IReadOnlyList<Neuron> more, TokensToText? toText) => more.Count == 0 ? this
        : new(device, Layer, NEmbd, Activation, states, rows.With(Count, more), SelectsBeforeActivation, toText ?? this.toText);

    private Firing FiringOf(int j, float margin, float activation, bool isWithdrawn, bool isLocked)
    {
        NeuronState n = neurons[j];
        bool isSilent = isWithdrawn || n.Withdrawn, adds = !isSilent && !isLocked && (n.Lock is null || margin > 0);
        return new Firing(j, n.Edit, n.Place, n.TargetToken, margin, n.Threshold, adds ? n.Alpha * activation : 0, isSilent)
        {
            IsLocked = isLocked,
        };
    }
}
