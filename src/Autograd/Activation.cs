namespace Sharpformer.Autograd;

/// <summary>The function between the two linear maps of an MLP, under the name that checkpoints give it.</summary>
public enum Activation
{
    /// <summary><c>gelu_new</c> or <c>gelu_pytorch_tanh</c>: x·½(1 + tanh(√(2/π)(x + 0.044715x³))), GPT-2's own.</summary>
    GeluTanh,

    /// <summary><c>gelu</c>: x·Φ(x) = x·½(1 + erf(x/√2)) (Hendrycks &amp; Gimpel 2016).</summary>
    Gelu,

    /// <summary><c>relu</c>: max(x, 0).</summary>
    Relu,

    /// <summary><c>silu</c>, also called <c>swish</c>: x·σ(x).</summary>
    Silu,

    /// <summary><c>quick_gelu</c>: x·σ(1.702x).</summary>
    QuickGelu,
}
