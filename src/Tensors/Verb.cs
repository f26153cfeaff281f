namespace Sharpformer.Tensors;

/// <summary>What a functor's verbs are called in messages, written once.</summary>
internal static class Verb<TOp>
{
    public static readonly string Map = $"Map {typeof(TOp).Name}", Rows = $"Rows {typeof(TOp).Name}";
}
