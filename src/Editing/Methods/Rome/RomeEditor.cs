using System.Diagnostics.CodeAnalysis;
using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Methods.Rome;

/// <summary>
/// ROME (Meng et al. 2022, "Locating and Editing Factual Associations in GPT"): the MLP's second matrix is taken for a memory of keys
/// (its inputs) and values (its outputs), and gets one association more by W += u·rᵀ. R-ROME (Gupta et al. 2024) is a variant.
/// </summary>
public sealed class RomeEditor : IEditor
{
    /// <summary>The method as messages call it.</summary>
    internal const string Title = "ROME";

    /// <inheritdoc/>
    public string Name => RomeSettings.Name;

    /// <inheritdoc/>
    public string Description => "A rank-one change of one MLP's second matrix per edit, at the subject's last token.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.TermDropped;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(RomeSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) =>
        RomeSettings.For(config, variant ?? RomeSettings.Name);

    /// <summary>One by one: each edit is made on the model with those before it.</summary>
    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var how = (RomeSettings)settings;
        foreach (TokenizedRequest request in requests) SubjectPrompts.SubjectOf(Title, request.Request); // before anything is taught
        if (requests.Count > 0 && how.Covariance) KeySolver(how, context); // whose statistics may be missing
        return requests.Select(request => (TokenizedRequest[])[request]);
    }

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        var how = (RomeSettings)settings;
        double m = config.NInner, C = config.NEmbd;
        var costs = new LocatingCosts(config, how.Search, [0, .. Lengths(how)]);
        return new EditorCosts(requests.Count, requests.Sum(costs.Flops), (int)requests.Average(costs.Tokens))
        {
            HostFlops = how.Covariance ? LocatingCosts.Solving(m, requests.Count) : 0,
            Memory = requests.Max(request => costs.Memory([request], double.MaxValue)) + (2 * sizeof(float) * m * C)
                + (how.Covariance ? 2 * sizeof(double) * m * m : 0),
            Stored = requests.Count * (m + C),
            IsAtMost = true,
            Statistics = how.Covariance ? [how.Layer] : [],
        };
    }

    /// <inheritdoc/>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(context);
        var edits = new List<Edit>();
        foreach (TokenizedRequest request in requests)
        {
            edits.Add(Teach(request, soFar, (RomeSettings)settings, context));
            soFar = Apply(soFar, [edits[^1]]);
        }

        return edits;
    }

    /// <summary>Adds u·rᵀ for every active edit, one after the other.</summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        CausalLm model = soFar.Model;
        Device device = model.Device;
        IEnumerable<Edit> active = edits.Where(edit => edit.Status == EditStatus.Active);
        foreach (IGrouping<int, Edit> at in active.GroupBy(edit => ((RomeSettings)edit.Settings).Layer))
        {
            Block block = model.Blocks[at.Key];
            LinearWeights down = block.Mlp.Down;
            Tensor weight = down.Matrices.Single().Value.Float32Copy(outlivesScopes: true);
            foreach (Edit edit in at)
            {
                using BufferScope scope = device.Scope();
                float[] u = Part(edit, Left((RomeSettings)edit.Settings)), r = Part(edit, Right((RomeSettings)edit.Settings));
                (float[] rows, float[] columns) = down.IsOutIn ? (r, u) : (u, r);
                device.Gemm(device.From(rows, rows.Length, 1), device.From(columns, 1, columns.Length), weight, accumulate: true);
            }

            model = model.WithBlock(at.Key, block with { Mlp = block.Mlp with { Down = down with { Matrices = [weight] } } });
        }

        return soFar with { Model = model };
    }

    /// <summary>The name of the part u <c>[m]</c>, m being the MLP's inner channels.</summary>
    public static string Left(RomeSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return $"{settings.Layer}.u";
    }

    /// <summary>The name of the part r <c>[C]</c>.</summary>
    public static string Right(RomeSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return $"{settings.Layer}.r";
    }

    private static Edit Teach(TokenizedRequest request, EditedModel soFar, RomeSettings settings, TeachingContext context)
    {
        CausalLm model = soFar.Model;
        using BufferScope scope = model.Device.Scope();
        Tokenizer tokenizer = context.Tokenizer
            ?? throw new InvalidOperationException("ROME puts texts before a prompt: it needs the tokenizer.");
        PromptTemplates templates = context.Once(() => Templates(soFar.Base, tokenizer, settings, context));
        var prompts = new PromptBatch(SubjectPrompts.Of(Title, tokenizer, request, templates.Texts, model.Config.NPositions));
        SubjectStates read = SubjectStates.Of(model, settings.Layer, prompts);
        SubjectState states = read.Edits[0];

        float[] u = settings.Covariance ? KeySolver(settings, context).Solve(states.MeanKey, model.Device) : [.. states.MeanKey];
        double norm = Math.Sqrt(u.Sum(x => (double)x * x));
        for (int i = 0; i < u.Length; i++) u[i] = (float)(u[i] / norm);

        var problem = new ValueProblem(prompts, read.Below, [states.Output]);
        FoundValue value = ValueSearch.Find(model, settings.Search, problem, context.Cancellation)[0];
        (float[] key, float[] output) = settings.MeanKey ? (states.MeanKey, states.MeanOutput) : (states.Key, states.Output);
        double along = key.Zip(u, (k, x) => (double)k * x).Sum();
        float[] r = [.. value.Value.Zip(output, (wanted, now) => (float)((wanted - (double)now) / along))];
        return new Edit
        {
            Request = request.Request,
            PromptTokens = request.Tokens.Prompt,
            TargetTokens = request.Tokens.Target,
            Settings = settings,
            Parts = [new EditPart(Left(settings), [u.Length], u), new EditPart(Right(settings), [r.Length], r)],
            FinalLoss = value.Loss,
        };
    }

    /// <summary>The texts that prompts are put behind.</summary>
    internal static PromptTemplates Templates(CausalLm model, Tokenizer tokenizer, RomeSettings settings, TeachingContext context)
    {
        return PromptTemplates.Sample(model, tokenizer, Lengths(settings), new Rng(settings.Seed).Fork("rome templates"), context);
    }

    private static int[] Lengths(RomeSettings settings) =>
    [
        .. Enumerable.Repeat(settings.ShortLength, settings.ShortTemplates),
        .. Enumerable.Repeat(settings.LongLength, settings.LongTemplates),
    ];

    private static KeyCovariance KeySolver(RomeSettings settings, TeachingContext context) =>
        context.Once(() => KeyCovariance.Load(Title, settings.Layer, context, "or do without by --no-covariance"));

    private static float[] Part(Edit edit, string name) =>
        (edit.Part(name) ?? throw new ArgumentException($"ROME: edit {edit.Id} has no part '{name}'.")).Values;
}
