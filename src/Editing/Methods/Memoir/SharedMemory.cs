using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.Memoir;

/// <summary>
/// W_m <c>[m,C]</c>, to which each edit adds in the order of the edits. It is computed when it is first asked for, from that of fewer
/// edits where that is there, so that teaching many edits one after the other does not add up all of them each time.
/// </summary>
internal sealed class SharedMemory
{
    private readonly Device device;
    private readonly int rows, columns;
    private readonly Edit[] edits; // what is to be added to the base
    private readonly object gate = new();
    private Tensor? before; // nobody writes to it
    private Tensor? sum;

    /// <summary>A memory with nothing in it.</summary>
    public SharedMemory(Device device, int rows, int columns)
        : this(device, rows, columns, before: null, [])
    {
    }

    private SharedMemory(Device device, int rows, int columns, Tensor? before, Edit[] edits) =>
        (this.device, this.rows, this.columns, this.before, this.edits) = (device, rows, columns, before, edits);

    /// <summary>The same with more edits.</summary>
    public SharedMemory With(IReadOnlyList<Edit> more)
    {
        lock (gate)
        {
            return sum is null
                ? new SharedMemory(device, rows, columns, before, [.. edits, .. more])
                : new SharedMemory(device, rows, columns, sum, [.. more]);
        }
    }

    /// <summary>W_m; it lasts as long as this does.</summary>
    public Tensor Sum()
    {
        lock (gate)
        {
            if (sum is not null) return sum;
            Tensor all = device.AllocateUnscoped(new Shape(rows, columns));
            if (before is null) device.Fill(all, 0);
            else device.Copy(before, all);
            foreach (Edit edit in edits) MemoirParts.Write(edit, all);
            before = null; // it may be garbage now
            return sum = all;
        }
    }
}
