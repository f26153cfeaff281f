using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods;

/// <summary>Texts that a model writes from nothing, of many lengths: what edits have nothing to do with.</summary>
internal static class WrittenTexts
{
    /// <summary>Tokens of the shortest and the longest where a method has no reason for others.</summary>
    public const int Shortest = 4, Longest = 16;

    /// <summary>Their tokens, on average.</summary>
    public const double Length = (Shortest + Longest) / 2.0;

    /// <summary>Lets the model write them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">How many.</param>
    /// <param name="shortest">Tokens of the shortest that is asked for; one that comes to an end is shorter.</param>
    /// <param name="longest">Tokens of the longest; less where the model's positions are fewer.</param>
    /// <param name="rngOf">Where the draws of each text come from.</param>
    /// <param name="bosId">The token that begins a text; prompts do not begin with it, so it is left out.</param>
    /// <param name="eosId">The token that ends one.</param>
    /// <param name="cancellation">Checked before each token.</param>
    public static int[][] FromNothing(
        CausalLm model, int count, int shortest, int longest, Func<int, Rng> rngOf, int bosId, int eosId, CancellationToken cancellation)
    {
        using BufferScope scope = model.Device.Scope();
        int most = model.Config.NPositions - 1;
        TextStart[] starts = [.. Enumerable.Range(0, count).Select(i =>
            new TextStart([bosId], Math.Min(most, shortest + (i % (longest - shortest + 1))), rngOf(i)))];
        Tensor ends = model.Device.Allocate(count, model.Config.NEmbd); // of states, which nobody asks for
        int[][] written = new SampledTexts(model, layer: 0, eosId).Write(starts, ends, cancellation);
        return [.. written.Select(text => text.Length > 1 ? text[1..] : text)];
    }
}
