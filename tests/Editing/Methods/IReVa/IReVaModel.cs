using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.IReVa;

/// <summary>A model that is taught step by step, its neurons kept or silenced as a test wants it.</summary>
internal sealed class IReVaModel(CausalLm model, KeyValueAdaptor adaptor)
{
    public IReVaModel(CausalLm model, int layer)
        : this(model, KeyValueAdaptor.For(model, layer))
    {
    }

    public CausalLm Model => model;

    public KeyValueAdaptor Adaptor { get; private set; } = adaptor;

    public EditedModel Edited => Of(model, Adaptor);

    public static EditedModel Of(CausalLm model, KeyValueAdaptor adaptor) => new(model) { Memories = [adaptor] };

    public void Keep(Edit edit) => Adaptor = Adaptor.With([edit]);

    public void SetWithdrawn(long edit, bool withdrawn) => Adaptor = Adaptor.WithWithdrawn(edit, withdrawn);

    public Edit Teach(
        TokenizedRequest request, IReVaSettings settings, OutOfScope? outOfScope = null, CancellationToken cancellation = default) =>
        new IReVaTeaching(model, Adaptor, settings).Teach(request, outOfScope, cancellation);

    /// <summary>Lazily: each chunk has to be kept before the next one is asked for.</summary>
    public IEnumerable<IReadOnlyList<Edit>> TeachAll(
        IReadOnlyList<TokenizedRequest> requests, IReVaSettings settings, OutOfScopeSampler? sampler = null,
        CancellationToken cancellation = default)
    {
        _ = new IReVaTeaching(model, Adaptor, settings); // says at once whether they go together
        return IReVaTeaching.Chunks(requests)
            .Select(chunk => new IReVaTeaching(model, Adaptor, settings).TeachTogether(chunk, sampler, cancellation));
    }
}
