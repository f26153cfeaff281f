using Sharpformer.Editing.Statistics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Methods.Locating;

/// <summary>
/// Teaches a batch of edits to some blocks in a row: a new value for each edit is searched at the last of them, then each block from below
/// takes its share of what is still missing, on the model with the blocks below changed.
/// </summary>
/// <param name="Method">The method as messages call it.</param>
/// <param name="Duals">What stands in for a block's keys in the solution, see <see cref="EditColumn.Dual"/>.</param>
internal sealed record BatchTeaching(string Method, Func<int, IReadOnlyList<float[]>, CpuDevice, float[][]> Duals)
{
    private static readonly string[] Words = ["The", "Therefore", "Because", "I", "You"];

    /// <summary>The columns at a block of earlier edits, whose answers the batch leaves alone.</summary>
    public Func<int, IReadOnlyList<EditColumn>> Earlier { get; init; } = _ => [];

    /// <summary>Refuses columns that have no good solution; null takes all.</summary>
    public Action<IReadOnlyList<EditColumn>, CpuDevice>? Check { get; init; }

    /// <summary>Teaching by least squares over C, the second moment of a block's keys: C⁻¹·k stands in for k.</summary>
    /// <param name="method">The method as messages call it.</param>
    /// <param name="context">Names the folder of C.</param>
    public static BatchTeaching LeastSquares(string method, TeachingContext context) =>
        new(method, (layer, keys, host) => KeyCovariance.Load(method, layer, context).Solve(keys, host));

    /// <summary>The batches, once it is known that all of them can be taught.</summary>
    /// <exception cref="InputException">A request has no subject, statistics are missing, or the model has not the blocks.</exception>
    public static IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        string method, IReadOnlyList<TokenizedRequest> requests, BatchSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(settings);
        LayerChange.CheckBlocks(method, settings.Layer, settings.Layers);
        foreach (TokenizedRequest request in requests) SubjectPrompts.SubjectOf(method, request.Request);
        if (requests.Count == 0) return [];
        foreach (int layer in settings.AllLayers)
        {
            (string folder, ModelFingerprint model) = KeyCovariance.Place(method, layer, context);
            MlpStatistics.Load(folder, model, layer, context.Cancellation); // searching takes hours, and must not be in vain
        }

        return Portions.Of(requests, settings.BatchSize);
    }

    /// <summary>What teaching takes; by default with least squares, whose C is factored anew for each batch.</summary>
    /// <param name="requests">All requests.</param>
    /// <param name="config">The model.</param>
    /// <param name="settings">How they are taught.</param>
    /// <param name="duals">Operations of what stands in for so many keys, at one block; null for least squares.</param>
    public static EditorCosts Costs(
        IReadOnlyList<TokenizedRequest> requests, ModelConfig config, BatchSettings settings, Func<double, double>? duals = null)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        double m = config.NInner, C = config.NEmbd;
        (int size, double batches) = Portions.Of(requests.Count, settings.BatchSize);
        var costs = new LocatingCosts(
            config, settings.Search, [0, .. Enumerable.Repeat(settings.TemplateLength, settings.Templates)]);
        double tokens = requests.Average(costs.Tokens) * size, atOnce = Math.Min(tokens, TokenBatch.TokensAtOnce);
        return new EditorCosts((int)batches, requests.Sum(costs.Flops) + requests.Sum(Keys), (int)atOnce)
        {
            HostFlops = batches * settings.Layers
                * (LayerChange.Flops(size, m, C) + (duals?.Invoke(size) ?? LocatingCosts.Solving(m, size))),
            Memory = costs.Memory(requests, atOnce) + (2 * sizeof(double) * m * m) + (3 * sizeof(float) * m * C)
                + (size * m * (2 * sizeof(float) + sizeof(double))),
            Stored = requests.Count * (settings.Layers * ((2 * m) + C)),
            IsAtMost = true,
            Statistics = [.. settings.AllLayers],
        };

        double Keys(TokenizedRequest request) => settings.AllLayers.Sum(layer => costs.Reading(request, layer));
    }

    /// <summary>Makes the edits of one batch.</summary>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, BatchSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(context);
        if (requests.Count == 0) return [];
        CausalLm model = soFar.Model;
        Tokenizer tokenizer = context.Tokenizer
            ?? throw new InvalidOperationException($"{Method} puts texts before a prompt: it needs the tokenizer.");
        PromptTemplates templates = context.Once(() => Templates(soFar.Base, tokenizer, settings, context));
        SubjectPrompts[] prompts = [.. requests.Select(request =>
            SubjectPrompts.Of(Method, tokenizer, request, templates.Texts, model.Config.NPositions))];
        FoundValue[] values = [.. PromptBatch.Chunks(prompts).SelectMany(chunk => Values(model, settings, chunk, context.Cancellation))];
        List<EditPart>[] parts = [.. prompts.Select((_, e) => new List<EditPart> { new(BatchParts.Place, [1], [e]) })];
        foreach (int layer in settings.AllLayers)
        {
            SubjectKeys now = SubjectKeys.Of(model, layer, settings, prompts, context.Cancellation);
            model = HostDevice.Run(model.Device, host =>
            {
                float[][] duals = Duals(layer, now.Keys, host);
                double share = settings.Share(settings.Layer - layer + 1);
                EditColumn[] columns = [.. values.Select((value, e) =>
                    new EditColumn(now.Keys[e], duals[e], Missing(value.Value, now.Current[e], share)))];
                for (int e = 0; e < parts.Length; e++) parts[e].AddRange(BatchParts.Of(layer, columns[e]));
                Check?.Invoke(columns, host);
                var change = new LayerChange(model, layer, host);
                change.Add(Earlier(layer), [columns], [settings.Ridge]);
                return change.Model;
            });
        }

        return [.. requests.Select((request, e) => new Edit
        {
            Request = request.Request,
            PromptTokens = request.Tokens.Prompt,
            TargetTokens = request.Tokens.Target,
            Settings = settings,
            Parts = parts[e],
            FinalLoss = values[e].Loss,
        })];
    }

    /// <summary>The model with batches of edits each of which is a solution of its own.</summary>
    public static EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(edits);
        IReadOnlyList<Edit>[] batches = [.. BatchParts.Batches(edits)];
        int[] layers = [.. batches.SelectMany(batch => ((BatchSettings)batch[0].Settings).AllLayers).Distinct().Order()];
        return layers.Length == 0 ? soFar : soFar with
        {
            Model = HostDevice.Run(soFar.Model.Device, host => layers.Aggregate(soFar.Model, (model, layer) =>
            {
                var change = new LayerChange(model, layer, host);
                foreach (IReadOnlyList<Edit> batch in batches)
                {
                    var settings = (BatchSettings)batch[0].Settings;
                    if (!settings.AllLayers.Contains(layer)) continue;
                    change.Add([.. batch.Select(edit => BatchParts.Column(edit, layer))], settings.Ridge);
                }

                return change.Model;
            })),
        };
    }

    /// <summary>The texts that prompts are put behind.</summary>
    internal static PromptTemplates Templates(CausalLm model, Tokenizer tokenizer, BatchSettings settings, TeachingContext context)
    {
        string[] words = [.. Enumerable.Range(0, settings.Templates).Select(i => Words[i % Words.Length])];
        return PromptTemplates.Sample(model, tokenizer, words, settings.TemplateLength, new Rng(settings.Seed).Fork("templates"), context);
    }

    /// <summary>The new values of some edits.</summary>
    internal static FoundValue[] Values(CausalLm model, BatchSettings settings, PromptBatch prompts, CancellationToken cancellation)
    {
        using BufferScope scope = model.Device.Scope();
        SubjectStates states = SubjectStates.Of(model, settings.Layer, prompts);
        float[][] origins = [.. states.Edits.Select(edit => settings.Target == Site.MlpOutput ? edit.Output : edit.Stream)];
        var problem = new ValueProblem(prompts, states.Below, origins);
        if (settings.SearchesAttention)
        {
            AttentionStates attention = AttentionStates.Of(model, settings.Layer, prompts);
            problem = problem with { Origins = [.. origins, .. attention.Outputs], Middle = attention.Middle };
        }

        return ValueSearch.Find(model, settings.Search, problem, cancellation);
    }

    private static float[] Missing(float[] wanted, float[] now, double share) =>
        [.. wanted.Zip(now, (value, there) => (float)((value - (double)there) / share))];
}
