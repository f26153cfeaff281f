using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

/// <summary>
/// What a tape that releases does about memory. Operations are played from the last to the first, so once one is played nobody will
/// ask again for its result, nor for that result's gradient. But memory may be shared: an operation may work in place, and a
/// gradient may be handed on as it is. So a value goes with the first operation that recorded its memory, and a gradient made on the
/// way with the last variable that holds it. Parameters are nobody's result: theirs are held to the end.
/// </summary>
internal sealed class TapeMemory
{
    private readonly Dictionary<Storage, Tape.Entry> recorded = [];
    private readonly Dictionary<Storage, int> holders = [];

    /// <summary>Notes whose result lies where.</summary>
    public void Record(Tape.Entry entry) => recorded.TryAdd(entry.Output.Value.Storage, entry);

    /// <summary>Leaves the result that the pass starts from; its gradient is the caller's in any case.</summary>
    public void Keep(Tensor result) => recorded.Remove(result.Storage);

    /// <summary>Plays an operation and releases what it was the last to need.</summary>
    public void Play(Tape.Entry entry)
    {
        if (entry.Output.Gradient is { } dY)
        {
            Variable[] inputs = [.. entry.Inputs.Distinct()];
            Tensor?[] before = Array.ConvertAll(inputs, input => input.Gradient);
            using (BufferScope scope = dY.Device.Scope())
            {
                entry.Play();
                for (int i = 0; i < inputs.Length; i++)
                    if (inputs[i].Gradient is { } after && after != before[i]) Replace(before[i], after, scope);
            }

            Drop(dY);
        }

        Storage value = entry.Output.Value.Storage;
        if (!recorded.TryGetValue(value, out Tape.Entry? first) || first != entry) return;
        recorded.Remove(value);
        value.Release();
    }

    /// <summary>A variable's gradient is another one now.</summary>
    private void Replace(Tensor? before, Tensor after, BufferScope scope)
    {
        // Neither made by the operation nor handed on by it: a gradient that is not ours to release, say a constant factor itself.
        if (scope.Owns(after) || holders.ContainsKey(after.Storage)) holders[after.Storage] = holders.GetValueOrDefault(after.Storage) + 1;
        scope.Keep(after);
        if (before is not null) Drop(before);
    }

    private void Drop(Tensor gradient)
    {
        Storage storage = gradient.Storage;
        if (!holders.TryGetValue(storage, out int others)) return;
        if (others > 1)
        {
            holders[storage] = others - 1;
            return;
        }

        holders.Remove(storage);
        storage.Release();
    }
}
