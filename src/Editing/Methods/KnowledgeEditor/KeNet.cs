using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Editing.Methods.KnowledgeEditor;

/// <summary>
/// The network of KnowledgeEditor, in the form for GPT: an LSTM reads the edit's prompt and target in both directions, its last states
/// become the condition c, and of c each matrix's own small network makes vectors α_row, α_col, β_row, β_col and a number e. The change is
/// σ(e)·(∇W ⊙ softmax(α_row)·α_colᵀ + softmax(β_row)·β_colᵀ), which is as low in rank as the gradient ∇W = Σ_t x_t·δ_tᵀ, but for one: a
/// mask of rank one scales x by rows and δ by columns.
/// </summary>
internal sealed class KeNet : IEditorNet
{
    private const string Embeddings = "embedding", Condition = "condition";

    private readonly Device device;
    private readonly ModelConfig config;
    private readonly Dictionary<string, int> places;
    private readonly LongShortTermMemory forwards, backwards;
    private readonly KeSettings settings;

    /// <summary>A network that has learnt nothing.</summary>
    /// <param name="settings">Its widths, and which matrices it edits.</param>
    /// <param name="model">The model, with whose token embeddings it begins to read.</param>
    /// <param name="seed">Decides what is drawn.</param>
    public KeNet(KeSettings settings, CausalLm model, ulong seed)
    {
        (this.settings, device, config) = (settings, model.Device, model.Config);
        (forwards, backwards) = (new("lstm.forward", settings.Hidden), new("lstm.backward", settings.Hidden));
        var rng = new Rng(seed);
        double bound = 1 / Math.Sqrt(2 * settings.Hidden);
        Weights =
        [
            new(Embeddings, model.TokenTable.Value.Float32Copy(outlivesScopes: true)),
            .. forwards.Begin(device, config.NEmbd, rng), .. backwards.Begin(device, config.NEmbd, rng),
            new($"{Condition}.weight", NewTensor.Uniform(device, rng.Fork("condition"), bound, settings.Condition, 2 * settings.Hidden)),
            new($"{Condition}.bias", NewTensor.Uniform(device, rng.Fork("condition bias"), bound, settings.Condition)),
            .. settings.Matrices.SelectMany(matrix => (TrainedWeight[])
            [
                .. First(matrix).Begin(device, settings.Condition, settings.Hidden, rng),
                .. Second(matrix).Begin(device, settings.Hidden, (2 * (config.NEmbd + config.NInner)) + 1, rng),
            ]),
        ];
        places = Weights.Select((weight, i) => (weight.Name, i)).ToDictionary();
    }

    /// <summary>
    /// 1e-5 as published for GPT-2 XL, and 1e-3 as found by trying at a width of 256: between them the power of the width that goes
    /// through both. Wider models keep the published one.
    /// </summary>
    public static double LearningRate(ModelConfig config)
    {
        const double Published = 1e-5, PublishedWidth = 1600, Narrow = 1e-3, NarrowWidth = 256;
        double power = Math.Log(Narrow / Published) / Math.Log(PublishedWidth / NarrowWidth);
        return Math.Max(Published, Published * Math.Pow(PublishedWidth / config.NEmbd, power));
    }

    /// <inheritdoc/>
    public TrainedSettings Settings => settings;

    /// <inheritdoc/>
    public IReadOnlyList<TrainedWeight> Weights { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TrainedWeight> State => [];

    /// <inheritdoc/>
    public void Count(IReadOnlyList<EditGradient> gradients)
    {
        // It looks at gradients as they are.
    }

    /// <inheritdoc/>
    public IReadOnlyList<RankTerms> Change(IReadOnlyList<Variable> weights, EditGradient gradient)
    {
        Variable condition = ConditionOf(weights, gradient.Edits.Single());
        return [.. gradient.Rows.Select(rows => Masked(rows, MasksOf(weights, condition, rows.Matrix)))];
    }

    /// <summary>c of an edit, <c>[1,Condition]</c>.</summary>
    private Variable ConditionOf(IReadOnlyList<Variable> weights, EditTokens edit)
    {
        int[] tokens = [.. edit.Prompt, .. edit.Target];
        Variable text = Embedding(weights[places[Embeddings]], tokens);
        IEnumerable<int> order = Enumerable.Range(0, tokens.Length);
        Variable ends = SideBySide(forwards.Read(text, order, Find(weights)), backwards.Read(text, order.Reverse(), Find(weights)));
        return Ops.Tanh(Linear(
            ends, [weights[places[$"{Condition}.weight"]]], weights[places[$"{Condition}.bias"]], transposeWeights: true));
    }

    /// <summary>What the condition says of a matrix.</summary>
    internal KeMasks MasksOf(IReadOnlyList<Variable> weights, Variable condition, MlpMatrix matrix)
    {
        (int inputs, int outputs) = matrix.IsUp ? (config.NEmbd, config.NInner) : (config.NInner, config.NEmbd);
        Variable all = Second(matrix).Forward(Ops.Tanh(First(matrix).Forward(condition, Find(weights))), Find(weights));
        int at = 0;
        Variable alphaColumn = Next(outputs), alphaRow = Next(inputs), betaColumn = Next(outputs), betaRow = Next(inputs), e = Next(1);
        return new KeMasks(Softmax(alphaRow), alphaColumn, Softmax(betaRow), betaColumn, Scale(Sigmoid(e), settings.MaxScale));

        Variable Next(int count) => Columns(all, (at += count) - count, count);
    }

    /// <summary>scale·(Σ_t (x_t ⊙ α_row)·(δ_t ⊙ α_col)ᵀ + β_row·β_colᵀ).</summary>
    internal RankTerms Masked(MatrixRows rows, KeMasks masks)
    {
        Variable left = Terms(rows.Inputs, masks.AlphaRow, masks.BetaRow);
        Variable right = Terms(rows.Gradients, masks.AlphaColumn, masks.BetaColumn);
        return new RankTerms(rows.Matrix, Multiply(left, masks.Scale), right);

        // The gradient's rows under the mask, and behind them the row that is added.
        Variable Terms(float[][] values, Variable mask, Variable last)
        {
            int columns = mask.Value.Columns;
            float[] padded = [.. values.SelectMany(row => row), .. new float[columns]];
            return PutRows(Multiply(device.From(padded, values.Length + 1, columns), mask), last, [values.Length]);
        }
    }

    private Func<string, Variable> Find(IReadOnlyList<Variable> weights) => name => weights[places[name]];

    private static NormedLinear First(MlpMatrix matrix) => new($"{matrix.Name}.first");

    private static NormedLinear Second(MlpMatrix matrix) => new($"{matrix.Name}.second");

    /// <summary>Two rows as one.</summary>
    private static Variable SideBySide(Variable x, Variable y)
    {
        int columns = x.Value.Columns;
        Tensor both = x.Device.Allocate(1, columns + y.Value.Columns);
        x.Device.Copy(x.Value, MatrixView.Of(both) with { Columns = columns });
        x.Device.Copy(y.Value, MatrixView.Of(both) with { Offset = columns, Columns = y.Value.Columns });
        return Tape.Record(both, [x, y], dBoth =>
        {
            x.AddGradient(Columns(dBoth, 0, columns).Value);
            y.AddGradient(Columns(dBoth, columns, y.Value.Columns).Value);
        });
    }
}

/// <summary>What a matrix's gradient is scaled with, and what is added to it.</summary>
/// <param name="AlphaRow">softmax(α_row), <c>[1,in]</c>.</param>
/// <param name="AlphaColumn">α_col, <c>[1,out]</c>.</param>
/// <param name="BetaRow">softmax(β_row), <c>[1,in]</c>.</param>
/// <param name="BetaColumn">β_col, <c>[1,out]</c>.</param>
/// <param name="Scale">MaxScale·σ(e), <c>[1,1]</c>.</param>
internal sealed record KeMasks(Variable AlphaRow, Variable AlphaColumn, Variable BetaRow, Variable BetaColumn, Variable Scale);
