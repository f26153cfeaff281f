namespace Sharpformer.Transformer.Adapters;

/// <summary>The two matrices of one module, whose product is added to its weight.</summary>
/// <param name="Module">The module as PEFT knows it, as in <c>transformer.h.0.attn.c_attn</c>.</param>
/// <param name="Weight">The weight in the names that families ask for, as in <c>h.0.attn.c_attn.weight</c>.</param>
/// <param name="A">Name of the tensor <c>A [r,in]</c>.</param>
/// <param name="B">Name of the tensor <c>B [out,r]</c>.</param>
/// <param name="IsEmbedding">Whether the module is a table, whose rows are the inputs.</param>
/// <param name="Scale">What the product is multiplied with.</param>
internal sealed record LoraPair(string Module, string Weight, string A, string B, bool IsEmbedding, float Scale);
