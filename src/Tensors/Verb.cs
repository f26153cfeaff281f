namespace Sharpformer.Tensors;

/// <summary>What a functor's verbs are called in messages, written once.</summary>
internal static class Verb<TOp>
{
    public static readonly string Map = $"Map {Functor.NameOf(typeof(TOp))}", Rows = $"Rows {Functor.NameOf(typeof(TOp))}";
}
