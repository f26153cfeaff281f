using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>
/// What the blocks above an edited one attend to in one traced sequence; index 0 is the first of these blocks.
/// </summary>
/// <param name="Keys">Keys per block, <c>[T,C]</c> each.</param>
/// <param name="Values">Values per block, <c>[T,C]</c> each.</param>
/// <param name="Tokens">The sequence itself, T tokens.</param>
internal sealed record SequenceContext(IReadOnlyList<MatrixView> Keys, IReadOnlyList<MatrixView> Values, ReadOnlyMemory<int> Tokens);
