using System.Text.Json.Nodes;

namespace Sharpformer.Transformer.Families;

/// <summary>
/// A key of <c>config.json</c>, both ways. What every family states is here under its name in <see cref="ModelConfig"/>; the file may
/// call it otherwise.
/// </summary>
/// <param name="Name">The key.</param>
/// <param name="Write">What a model states under it.</param>
/// <param name="Read">
/// Takes it from a file, after the keys that stand before it; null where that would say what another key has said.
/// </param>
internal sealed record ConfigKey(string Name, Func<ModelConfig, JsonNode?> Write, Func<ModelConfig, JsonPart, ModelConfig>? Read)
{
    public static ConfigKey NEmbd(string name) => new(name, c => c.NEmbd, (c, file) => c with { NEmbd = file.Size(name) });

    public static ConfigKey NLayer(string name) => new(name, c => c.NLayer, (c, file) => c with { NLayer = file.Size(name, 4096) });

    public static ConfigKey NHead(string name) => new(name, c => c.NHead, (c, file) => c with { NHead = file.Size(name) });

    public static ConfigKey NPositions(string name) => new(name, c => c.NPositions, (c, file) => c with { NPositions = file.Size(name) });

    public static ConfigKey VocabSize(string name) => new(name, c => c.VocabSize, (c, file) => c with { VocabSize = file.Size(name) });

    public static ConfigKey NInner(string name) =>
        new(name, c => c.NInner, (c, file) => c with { NInner = file.OptionalSize(name) ?? 4 * c.NEmbd });

    public static ConfigKey LayerNormEpsilon(string name) =>
        new(name, c => c.LayerNormEpsilon, (c, file) => c with { LayerNormEpsilon = file.Epsilon(name) });

    public static ConfigKey Activation(string name) =>
        new(name, c => c.Activation.Name(), (c, file) => c with { Activation = file.ActivationOf(name) });

    public static ConfigKey TiesHead(string name, bool otherwise) =>
        new(name, c => c.TiesHead, (c, file) => c with
        {
            TiesHead = file.Flag(name, otherwise),
            LeavesTieUnsaid = file.Find(name) is null,
        });
}
