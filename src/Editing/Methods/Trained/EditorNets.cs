using Sharpformer.Editing.Methods.KnowledgeEditor;
using Sharpformer.Editing.Methods.Malmen;
using Sharpformer.Editing.Methods.Mend;
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
    public static IEditorNet New(TrainedSettings settings, CausalLm model, ulong seed) => settings switch
    {
        MendSettings mend => new MendNet(mend, model, seed),
        KeSettings ke => new KeNet(ke, model, seed),
        MalmenSettings malmen => new MalmenNet(malmen, model, seed),
        _ => throw new ArgumentException($"Method {settings.Method} has no network.", nameof(settings)),
    };

    /// <summary>How a network is trained where nothing else is said: as published, its step size scaled to the model.</summary>
    public static TrainingPlan Plan(TrainedSettings settings, ModelConfig config)
    {
        (double rate, double clip, int edits) = settings switch
        {
            MendSettings mend => (MendNet.LearningRate(mend, config), 100.0, 10),
            KeSettings => (KeNet.LearningRate(config), 100.0, 10),
            MalmenSettings malmen => (MalmenNet.LearningRate(malmen, config), 1.0, 64),
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
