using Microsoft.ML.Tokenizers;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>
/// Leaves a text whole, so merges may run over all of it. Written out because the library takes "no pre-tokenizer" to
/// mean cutting at white space and dropping it.
/// </summary>
internal sealed class WholeTextPreTokenizer : PreTokenizer
{
    /// <inheritdoc/>
    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) => PreTokenize(text.AsSpan());

    /// <inheritdoc/>
    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) =>
        text.Length == 0 ? [] : [(0, text.Length)];
}
