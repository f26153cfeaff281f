using System.Diagnostics.CodeAnalysis;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.SideMemory;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Memoir;

/// <summary>
/// MEMOIR (Wang et al. 2025): all edits write into one memory beside an MLP matrix, each into its own rows, and a prompt opens the rows of
/// the edit that it resembles.
/// </summary>
public sealed class MemoirEditor : IEditor
{
    /// <inheritdoc/>
    public string Name => MemoirSettings.Name;

    /// <inheritdoc/>
    public string Description => "Writes each edit into its own rows of a memory beside one MLP matrix; a prompt like its own opens them.";

    /// <summary>
    /// Once withdrawn, an edit's mask leaves the table and what it wrote leaves the memory; later edits keep what they learnt beside it.
    /// </summary>
    public Reversal Reversal => Reversal.TermDropped;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(MemoirSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) =>
        MemoirSettings.For(config, variant ?? MemoirSettings.Name);

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return Portions.Of(requests, size: 1);
    }

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        var how = (MemoirSettings)settings;
        var model = new ModelCosts(config);
        int blocks = config.NLayer - how.Layer;
        double memory = (double)config.NInner * config.NEmbd, rows = how.Contexts + 1, flops = 0, most = 0, tape = 0;
        flops += 2 * UnrelatedTexts.Flops(config, how.UnrelatedTexts); // written, and read once more
        foreach (TokenizedRequest request in requests)
        {
            double tokens = rows * (request.Tokens.Input.Length + (how.Contexts > 0 ? WrittenContexts.Longest : 0));
            double targets = rows * request.Tokens.Target.Length;
            flops += ((tokens + request.Tokens.Prompt.Length) * (how.Layer + 1) * model.Block)
                + (how.Steps * (model.ThereAndBack(tokens, blocks, targets) + (4 * tokens * memory)));
            (most, tape) = (Math.Max(most, tokens), Math.Max(tape, model.Tape(tokens, blocks, targets)));
        }

        return new EditorCosts(requests.Count, flops, (int)most)
        {
            Memory = tape + (6 * sizeof(float) * memory), // W_m before and after, Δ, their sum, its gradient and step
            Stored = requests.Count * (MemoirParts.Count(how, config.NInner, config.NEmbd) + how.Steps),
            IsAtMost = true,
        };
    }

    /// <inheritdoc/>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(context);
        if (requests.Count == 0) return [];
        var how = (MemoirSettings)settings;
        var contexts = WrittenContexts.Of("MEMOIR", soFar.Base, how.Contexts, how.Seed, context);
        MemoirRouter router = soFar.Routers.OfType<MemoirRouter>().LastOrDefault(one => one.Fits(how))
            ?? MemoirRouter.Empty(soFar.Base, context.Once(() => MemoirFeature.Make(soFar.Base, how, context)), how);
        var edits = new List<Edit>();
        foreach (TokenizedRequest request in requests)
        {
            edits.Add(Taught(request, soFar.Base, router, how, contexts, context));
            if (edits.Count < requests.Count) router = router.With([edits[^1]]);
        }

        return edits;
    }

    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(edits);
        var routers = soFar.Routers.ToList();
        Edit[] active = [.. edits.Where(edit => edit.Status == EditStatus.Active)];
        for (int first = 0, end; first < active.Length; first = end)
        {
            int at = routers.FindLastIndex(router => router is MemoirRouter memoir && IsAmong(active[first], memoir));
            if (at < 0)
            {
                at = routers.Count;
                var how = (MemoirSettings)active[first].Settings;
                routers.Add(MemoirRouter.Empty(soFar.Base, new MemoirFeature(how.Layer, MemoirParts.MeanOf(active[first])), how));
            }

            var router = (MemoirRouter)routers[at];
            end = first + 1;
            while (end < active.Length && IsAmong(active[end], router)) end++;
            routers[at] = router.With(active[first..end]);
        }

        return active.Length == 0 ? soFar : soFar with { Routers = routers };
    }

    private static bool IsAmong(Edit edit, MemoirRouter router)
    {
        var how = (MemoirSettings)edit.Settings;
        return router.Fits(how) && router.Feature.IsSame(new MemoirFeature(how.Layer, MemoirParts.MeanOf(edit)));
    }

    private static Edit Taught(
        TokenizedRequest request, CausalLm model, MemoirRouter router, MemoirSettings how, WrittenContexts contexts,
        TeachingContext context)
    {
        using BufferScope scope = model.Device.Scope();
        int[] rows = router.MaskOf(model, request.Tokens.Prompt, first: how.AsPublished ? 1 : 0);
        Tensor written = router.Memory.Sum();
        var texts = new AnswerTexts(model, how.Layer, contexts.Rows(request, context.Tokenizer, model.Config.NPositions));
        var training = new MemoirTraining(model, how, rows, written);
        training.Train(texts, context.Cancellation);
        var edit = new Edit
        {
            Request = request.Request,
            PromptTokens = request.Tokens.Prompt,
            TargetTokens = request.Tokens.Target,
            Settings = how,
            Parts =
            [
                .. MemoirParts.Of(rows, training.Delta, how.Rank, training.Kept, router.Feature.Mean),
                new EditPart(EditPart.Losses, [training.Losses.Count], [.. training.Losses]),
            ],
        };
        Tensor after = model.Device.Allocate(written.Shape);
        model.Device.Copy(written, after);
        MemoirParts.Write(edit, after); // the loss of what is stored, not of what was trained
        return edit with
        {
            FinalLoss = texts.LossPerEdit(model, [MemoirRouter.OpeningOf(how.Layer, after.Rows, rows, () => after)]).Average(),
        };
    }
}
