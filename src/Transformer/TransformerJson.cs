using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Transformer;

/// <summary>
/// How this library's own types become JSON, written at compile time: a program compiled ahead of time cannot look types up, and one that
/// need not starts sooner.
/// </summary>
[JsonSerializable(typeof(ModelConfig))]
[JsonSerializable(typeof(RunState))]
[JsonSerializable(typeof(TrainingLogLine))]
internal sealed partial class TransformerJson : JsonSerializerContext;

/// <summary>What such a context knows of a type, under options that name the context.</summary>
internal static class JsonInfo
{
    /// <summary>How a type is read and written under these options.</summary>
    public static JsonTypeInfo<T> InfoOf<T>(this JsonSerializerOptions options) => (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));
}
