using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Trained;

/// <summary>Networks for tests that need one, whatever it makes of edits: a few numbers wide, and learnt nothing but noise.</summary>
internal static class TinyNet
{
    private static readonly Lazy<ModelFingerprint> Known = new(() => ModelFingerprinter.Compute(TestFiles.Model));

    /// <summary>The bundled model's.</summary>
    public static ModelFingerprint Bundled => Known.Value;

    /// <summary>Writes one.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="settings">Its method and size.</param>
    /// <param name="model">The bundled model.</param>
    /// <param name="fingerprint">Whose it says to be; null for the bundled model's.</param>
    /// <returns>What edits are made with.</returns>
    public static TrainedSettings Write(string path, TrainedSettings settings, CausalLm model, ModelFingerprint? fingerprint = null)
    {
        var net = (IEditorNet)EditorNets.New(settings, model, seed: 3);
        var rng = new Rng(4);
        foreach ((_, Tensor value, _) in net.Weights)
        {
            value.Device.Upload(
                [.. value.ToArray().Select(x => (float)(x * (1 + 0.01 * rng.NextNormal()) + 1e-3 * rng.NextNormal()))], value);
        }

        foreach ((_, Tensor value, _) in net.State) // of two rows that were 0 and 1e-3
        {
            value.Device.Upload(
                [.. Enumerable.Range(0, 3).SelectMany(part => Enumerable.Repeat(part == 0 ? 2 : 5e-4f, value.Columns))], value);
        }
        TrainedNetFile.Write(path, net, fingerprint ?? Bundled, new Dictionary<string, string>());
        return (TrainedSettings)TrainedNetFile.Open(path, settings.Method, fingerprint ?? Bundled).Settings;
    }
}
