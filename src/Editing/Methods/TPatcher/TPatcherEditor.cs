using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.TPatcher;

/// <summary>
/// T-Patcher: a neuron in the last MLP for each target token that the model gets wrong, trained to speak at that token and to be silent at
/// other texts.
/// </summary>
public sealed class TPatcherEditor : IEditor
{
    /// <inheritdoc/>
    public string Name => TPatcherSettings.Name;

    /// <inheritdoc/>
    public string Description => "Adds trained neurons to the last block's MLP, one for each target token that the model gets wrong.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.TermDropped;

    /// <inheritdoc/>
    public bool KeepsShapes => false;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(TPatcherSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) =>
        TPatcherSettings.For(config, variant ?? TPatcherSettings.Name);

    /// <summary>One by one: each edit is made on the model with those before it.</summary>
    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return requests.Select(request => (TokenizedRequest[])[request]);
    }

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        var how = (TPatcherSettings)settings;
        var model = new ModelCosts(config);
        double C = config.NEmbd, written = PatchMemory.Tokens(how.Memory), stored = 0, most = 0;
        double flops = written * ((2.0 * config.NLayer * model.Block) + model.Head);
        foreach (TokenizedRequest request in requests)
        {
            int tokens = request.Tokens.Target.Length, neurons = Math.Min(how.Neurons, tokens);
            flops += (request.Tokens.Input.Length * config.NLayer * model.Block)
                + (how.Epochs * (model.ThereAndBack(0, 0, tokens) + (4 * how.Memory * C * neurons)));
            stored += (neurons * ((2 * C) + 1)) + (tokens * C) + how.Epochs;
            most = Math.Max(most, tokens);
        }

        return new EditorCosts(requests.Count, flops, (int)most)
        {
            // The states, and two more MLPs of the last block's size while it is made wider.
            Memory = model.Tape(0, 0, most) + (sizeof(float) * ((how.Memory * (C + (4.0 * how.Neurons))) + (4 * C * config.NInner))),
            Stored = stored,
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
        var how = (TPatcherSettings)settings;
        if (how.Neurons < 1) throw new InputException($"T-Patcher: an edit may have {how.Neurons} neurons, expected at least 1.");
        if (how.CheckEvery < 1) throw new InputException($"T-Patcher: checkEvery is {how.CheckEvery}, expected at least 1.");
        if (how.Memory < 1 || how.Strongest < 1)
            throw new InputException($"T-Patcher: memory is {how.Memory} and strongest {how.Strongest}, expected at least 1 of both.");
        var edits = new List<Edit>();
        foreach (TokenizedRequest request in requests)
        {
            edits.Add(Teach(request, soFar, how, context));
            soFar = Apply(soFar, [edits[^1]]);
        }

        return edits;
    }

    /// <summary>Puts the neurons of every active edit behind those that the last MLP has.</summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        Edit[] active = [.. edits.Where(edit => edit.Status == EditStatus.Active)];
        if (active.Length == 0) return soFar;
        Patch[] patches = [.. active.SelectMany(PatchParts.Patches)];
        return soFar with
        {
            Model = patches.Length == 0 ? soFar.Model : WiderMlp.With(soFar.Model, patches),
            Carried = soFar.Carried.SetItem(Name, StatesSoFar(soFar).AddRange(active.Select(PatchParts.States))),
        };
    }

    private ImmutableList<float[]> StatesSoFar(EditedModel soFar) =>
        (ImmutableList<float[]>?)soFar.Carried.GetValueOrDefault(Name) ?? [];

    private Edit Teach(TokenizedRequest request, EditedModel soFar, TPatcherSettings how, TeachingContext context)
    {
        PatchMemory memory = context.Once(() => PatchMemory.Make(soFar.Base, how.Memory, how.Seed, context));
        (CausalLm model, EditTokens edit) = (soFar.Model, request.Tokens);
        Device device = model.Device;
        using BufferScope scope = device.Scope();
        var trace = Trace.Run(model, [edit.Input], [edit.First], model.Blocks.Count - 1, context.Cancellation);
        int[] said = device.ArgMax(trace.BaseLogits());
        int[] wrong = [.. Enumerable.Range(0, edit.Target.Length).Where(i => said[i] != edit.Target[i]).Take(how.Neurons)];
        IReadOnlyList<Patch> patches = [];
        IReadOnlyList<float> losses = [];
        if (wrong.Length > 0)
        {
            float[] past = [.. StatesSoFar(soFar).SelectMany(states => states)];
            Tensor[] elsewhere = past.Length == 0
                ? [memory.States]
                : [memory.States, device.From(past, past.Length / model.Config.NEmbd, model.Config.NEmbd)];
            var loss = new PatchLoss(model, how, trace.X, trace.Hidden, edit.Target, wrong, elsewhere);
            Rng rng = new Rng(how.Seed).Fork($"{string.Join(' ', edit.Prompt)}\n{string.Join(' ', edit.Target)}");
            PatchParameters trained = PatchTraining.Begin(trace.X, wrong, how, rng);
            losses = new PatchTraining(loss, how).Train(trained, context.Cancellation);
            patches = Patches(trained);
        }

        var made = new Edit
        {
            Request = request.Request,
            PromptTokens = edit.Prompt,
            TargetTokens = edit.Target,
            Settings = how,
            Parts =
            [
                .. PatchParts.Of(patches, trace.X.ToArray(), model.Config.NEmbd),
                .. losses.Count == 0 ? Array.Empty<EditPart>() : [new EditPart(EditPart.Losses, [losses.Count], [.. losses])],
            ],
        };
        CausalLm patched = Apply(soFar, [made]).Model;
        return made with { FinalLoss = AnswerTexts.Losses(patched, patched.Blocks.Count - 1, [edit])[0] };
    }

    private static Patch[] Patches(PatchParameters trained)
    {
        (float[] keys, float[] biases) = (trained.K.Value.ToArray(), trained.B.Value.ToArray());
        float[] values = Ops.Multiply(trained.U.Value, trained.A.Value).Value.ToArray();
        int C = trained.K.Value.Columns;
        return [.. biases.Select((bias, j) => new Patch(keys[(j * C)..((j + 1) * C)], bias, values[(j * C)..((j + 1) * C)]))];
    }
}
