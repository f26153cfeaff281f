using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Adaptor;

/// <summary>
/// The knowledge neurons beside one block's MLP. For the MLP's input x it standardises x̂, activates every neuron,
/// s = f(x̂·k - b) with the MLP's own activation f, and lets the strongest one answer: α·s·v (Eq. 12, max-pooling). A withdrawn
/// neuron still competes but answers nothing.
/// </summary>
public sealed class KeyValueAdaptor
{
    private readonly Device device;
    private readonly List<NeuronState> neurons = [];
    private Tensor keys, values, thresholds; // rows beyond Count are spare capacity

    /// <summary>An adaptor without neurons.</summary>
    /// <param name="device">Where it computes.</param>
    /// <param name="layer">The block it sits beside, 0-based.</param>
    /// <param name="nEmbd">C: width of keys and values.</param>
    /// <param name="activation">f: the model's own.</param>
    public KeyValueAdaptor(Device device, int layer, int nEmbd, Activation activation)
    {
        ArgumentNullException.ThrowIfNull(device);
        (this.device, Layer, NEmbd, Activation) = (device, layer, nEmbd, activation);
        (keys, values, thresholds) = (Empty(nEmbd), Empty(nEmbd), Empty(1));

        Tensor Empty(int columns) => device.AllocateUnscoped(new Shape(0, columns));
    }

    /// <summary>An adaptor with the neurons of stored edits, in order of birth.</summary>
    public static KeyValueAdaptor Of(Device device, int layer, int nEmbd, Activation activation, IEnumerable<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(edits);
        var adaptor = new KeyValueAdaptor(device, layer, nEmbd, activation);
        foreach (Edit edit in edits) adaptor.Add(edit);
        return adaptor;
    }

    /// <summary>The block it sits beside, 0-based.</summary>
    public int Layer { get; }

    /// <summary>C: width of keys and values.</summary>
    public int NEmbd { get; }

    /// <summary>f: how a neuron answers to its margin.</summary>
    public Activation Activation { get; }

    /// <summary>n: number of neurons.</summary>
    public int Count => neurons.Count;

    /// <summary>
    /// Picks the winner by x̂·k - b before the activation, as Eq. 12 prints it, instead of after it, as the released
    /// program does. They differ only where no neuron fires: there the activation is flat or falls.
    /// </summary>
    public bool SelectBeforeActivation { get; set; }

    /// <summary>The adaptor as it sits in the model: it reads the MLP's input and adds to the block's output, at last positions (Eq. 7).</summary>
    public IReadOnlyList<Opening> Openings => WatchedOpenings(_ => { });

    /// <summary>The same, which also tells who answers each time the model passes by.</summary>
    /// <param name="watch">Called with each response.</param>
    public IReadOnlyList<Opening> WatchedOpenings(Action<AdaptorResponse> watch)
    {
        ArgumentNullException.ThrowIfNull(watch);
        return [new Opening(Layer, Site.MlpInput, Site.BlockOutput, Reach.Last, (x, output) =>
        {
            AdaptorResponse response = Respond(x.Value);
            watch(response);
            return response.Fires ? Ops.Add(output, Output(response)) : null;
        })];
    }

    /// <summary>Adds an edit's neurons behind all others, silent if it is withdrawn.</summary>
    public void Add(Edit edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        float alpha = IReVaSettings.Of(edit).Alpha;
        foreach (Neuron neuron in IReVaParts.Neurons(edit)) Add(neuron, alpha, edit.Id, edit.Status == EditStatus.Withdrawn);
    }

    /// <summary>Adds a neuron behind all others.</summary>
    /// <param name="neuron">Key, value and threshold.</param>
    /// <param name="alpha">α of its edit.</param>
    /// <param name="edit">Id of the edit it belongs to.</param>
    /// <param name="withdrawn">Whether it competes but stays silent.</param>
    public void Add(Neuron neuron, float alpha, long edit, bool withdrawn = false)
    {
        ArgumentNullException.ThrowIfNull(neuron);
        if (Count == keys.Rows) Grow();
        device.Upload(neuron.Key, keys.Slice(Count, 1));
        device.Upload(neuron.Value, values.Slice(Count, 1));
        device.Upload([neuron.Threshold], thresholds.Slice(Count, 1));
        neurons.Add(new NeuronState(edit, neuron.TargetToken, neuron.Threshold, alpha, withdrawn));
    }

    /// <summary>Silences an edit's neurons, or lets them answer again. They compete either way.</summary>
    public void SetWithdrawn(long edit, bool withdrawn)
    {
        for (int j = 0; j < neurons.Count; j++)
            if (neurons[j].Edit == edit) neurons[j] = neurons[j] with { Withdrawn = withdrawn };
    }

    /// <summary>What is known of neuron <paramref name="index"/> beside its vectors.</summary>
    public NeuronState this[int index] => neurons[index];

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
        Variable scores = Ops.MatMul(standardized, keys.Slice(0, Count), transposeY: true);
        return Ops.Subtract(scores, thresholds.Slice(0, Count).Reshape(Count)).Value;
    }

    /// <summary>Which neuron wins at each row of x <c>[R,C]</c>, and how strongly it answers.</summary>
    /// <param name="x">The MLP's input.</param>
    public AdaptorResponse Respond(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (Count == 0) return new AdaptorResponse(new int[x.Rows], new float[x.Rows]);

        using BufferScope scope = device.Scope();
        Tensor margins = Margins(Standardize(x));
        Tensor activations = Ops.Activate(margins, Activation).Value;
        int[] winners = device.ArgMax(SelectBeforeActivation ? margins : activations);
        Tensor strongest = device.Allocate(x.Rows, 1);
        device.Rows<PickRow>(x.Rows, winners, 0, activations, strongest);
        float[] strengths = strongest.ToArray();
        for (int r = 0; r < strengths.Length; r++)
        {
            NeuronState winner = neurons[winners[r]];
            strengths[r] = winner.Withdrawn ? 0 : winner.Alpha * strengths[r];
        }

        return new AdaptorResponse(winners, strengths);
    }

    /// <summary>The edit that answers at a row; null where none does.</summary>
    public long? AnsweringEdit(AdaptorResponse response, int row)
    {
        ArgumentNullException.ThrowIfNull(response);
        return response.Strengths[row] == 0 ? null : neurons[response.Winners[row]].Edit;
    }

    /// <summary>What a response adds beside the MLP: α·s·v of each row's winner, <c>[R,C]</c>.</summary>
    public Tensor Output(AdaptorResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        int rows = response.Winners.Length;
        Tensor winning = device.Allocate(rows, NEmbd);
        device.Gather(values, response.Winners, winning);
        return Ops.ScaleRows(winning, device.From(response.Strengths, rows, 1)).Value;
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
    internal void AddFirst(Tensor contributions, ReadOnlySpan<int> counts, Tensor sum) =>
        device.Rows<AddContributionsRow>(sum.Rows, counts, 0, contributions, values.Reshape(checked((int)values.Count)), sum);

    private void Grow()
    {
        int capacity = Math.Max(16, 2 * Count);
        (keys, values, thresholds) = (Grown(keys), Grown(values), Grown(thresholds));

        Tensor Grown(Tensor old)
        {
            Tensor grown = device.AllocateUnscoped(new Shape(capacity, old.Columns));
            if (Count > 0) device.Copy(old.Slice(0, Count), grown.Slice(0, Count));
            old.Storage.Release(); // no scope ends it
            return grown;
        }
    }
}
