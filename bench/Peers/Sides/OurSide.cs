using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Peers.Sides;

/// <summary>The engine.</summary>
internal sealed class OurSide : ISide
{
    private readonly CpuDevice device;
    private readonly CausalLm model;
    private BufferScope? promptScope, nextScope;
    private DecodeSession? prompt, next;
    private int sequences, room;

    /// <param name="folder">The model.</param>
    /// <param name="threads">How many threads it computes with.</param>
    public OurSide(string folder, int threads)
    {
        device = new CpuDevice(threads);
        model = CausalLm.Load(folder, device);
    }

    /// <inheritdoc/>
    public string Name => "ours";

    /// <summary>The model's architecture.</summary>
    public ModelConfig Config => model.Config;

    /// <inheritdoc/>
    public void Read(int[][] prompts, Span<float> logits = default)
    {
        using BufferScope scope = device.Scope();
        Tell(new DecodeSession(model, prompts.Length, prompts[0].Length).Advance(new TokenBatch(prompts)), logits);
    }

    /// <inheritdoc/>
    public void Begin(int[][] prompts, int room)
    {
        End();
        (sequences, this.room) = (prompts.Length, room);
        promptScope = device.Scope();
        prompt = new DecodeSession(model, sequences, prompts[0].Length + room);
        using (device.Scope()) prompt.Advance(new TokenBatch(prompts));
        next = prompt;
    }

    /// <inheritdoc/>
    public void Rewind()
    {
        nextScope?.Dispose();
        nextScope = device.Scope();
        next = DecodeSession.GoOn([.. Enumerable.Range(0, sequences).Select(s => (prompt!, s))], room);
    }

    /// <inheritdoc/>
    public void Next(int[] tokens, Span<float> logits = default)
    {
        using BufferScope scope = device.Scope();
        Tell(next!.Advance(new TokenBatch(Array.ConvertAll(tokens, token => (int[])[token]))), logits);
    }

    public void Dispose()
    {
        End();
        device.Dispose();
    }

    private void End()
    {
        nextScope?.Dispose();
        promptScope?.Dispose();
        (nextScope, promptScope) = (null, null);
    }

    private void Tell(Tensor result, Span<float> logits)
    {
        if (!logits.IsEmpty) device.Download(result, logits);
    }
}
