using Sharpformer.Autograd;
using Sharpformer.Editing.Adaptor;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Metrics;

/// <summary>
/// The edited model at traced positions. Eq. 7 gives the adaptor to the last token alone, so each position is the last of
/// a sequence of its own: what stands before it looks unedited, just as the trace has it.
/// </summary>
internal static class EditedTail
{
    /// <summary>The tail once more, with what the adaptor adds to the edited block's output.</summary>
    /// <param name="trace">The base model's trace at the adaptor's block.</param>
    /// <param name="rows">Indices into the trace's positions.</param>
    /// <param name="adaptor">The edits.</param>
    /// <param name="response">What it answers at these rows.</param>
    /// <returns>Logits, <c>[rows,V]</c>.</returns>
    public static Variable Logits(Trace trace, int[] rows, KeyValueAdaptor adaptor, AdaptorResponse response)
    {
        Device device = trace.Hidden.Device;
        Tensor hidden = device.Allocate(rows.Length, adaptor.NEmbd);
        device.Gather(trace.Hidden, rows, hidden);
        return trace.TailOf(rows)(Ops.Add(hidden, adaptor.Output(response)));
    }
}
