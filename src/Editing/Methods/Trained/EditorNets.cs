using Sharpformer.Editing.Methods.KnowledgeEditor;
using Sharpformer.Editing.Methods.Malmen;
using Sharpformer.Editing.Methods.Mend;
using Sharpformer.Editing.Methods.Serac;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>The networks that make edits; each is a line here and a folder under <c>Methods/</c>.</summary>
internal static class EditorNets
{
    /// <summary>A network that has learnt nothing.</summary>
    /// <param name="settings">Its method and size.</param>
    /// <param name="model">The model that it edits.</param>
    /// <param name="seed">Decides what is drawn.</param>
    public static ITrainedNet New(NetSettings settings, CausalLm model, ulong seed) => settings switch
    {
        MendSettings mend => new MendNet(mend, model, seed),
        KeSettings ke => new KeNet(ke, model, seed),
        MalmenSettings malmen => new MalmenNet(malmen, model, seed),
        SeracSettings serac => new ScopeNet(serac, model),
        _ => throw new ArgumentException($"Method {settings.Method} has no network.", nameof(settings)),
    };

    /// <summary>What trains a network.</summary>
    /// <param name="net">The network; changed in place.</param>
    /// <param name="model">The base model.</param>
    /// <param name="settings">How.</param>
    /// <param name="counts">What the sides of the loss count.</param>
    /// <param name="examples">At least one.</param>
    public static INetTrainer Trainer(
        ITrainedNet net, CausalLm model, TrainingSettings settings, MetaWeights counts, IReadOnlyList<MetaExample> examples) => net switch
        {
            IEditorNet editor => new EditorTrainer(model, editor, settings, counts, examples),
            ScopeNet scope => new ScopeTrainer(model, scope, settings, counts, examples),
            _ => throw new ArgumentException($"Method {net.Settings.Method} has no trainer.", nameof(net)),
        };

    /// <summary>What the sides of its loss count where nothing else is said.</summary>
    public static MetaWeights Counts(string method) => method == SeracSettings.Name ? new MetaWeights(1, 1) : new MetaWeights();

    /// <summary>How a network is trained where nothing else is said: as published, its step size scaled to the model.</summary>
    public static TrainingPlan Plan(NetSettings settings, ModelConfig config)
    {
        (double rate, double clip, int edits) = settings switch
        {
            MendSettings mend => (MendNet.LearningRate(mend, config), 100.0, 10),
            KeSettings => (KeNet.LearningRate(config), 100.0, 10),
            MalmenSettings malmen => (MalmenNet.LearningRate(malmen, config), 1.0, 64),
            SeracSettings => (ScopeNet.LearningRate, 100.0, 100),
            _ => throw new ArgumentException($"Method {settings.Method} has no network.", nameof(settings)),
        };
        return new TrainingPlan
        {
            Settings = new TrainingSettings
            {
                LearningRate = rate,
                WarmupSteps = 0,
                FinalRate = 1,
                Beta2 = 0.999,
                WeightDecay = 0,
                ClipNorm = clip,
            },
            Accumulate = edits,
            EvaluateEvery = 100,
            KeepBest = true,
        };
    }
}
