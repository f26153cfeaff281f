using Sharpformer.Editing.Methods.Gradients;

namespace Sharpformer.Editing.Methods.Malmen;

/// <summary>
/// What an edit has beside its <see cref="RidgeParts"/>: <c>ridges</c> <c>[blocks]</c>, the ridge of each edited block from below, which
/// the network has learnt.
/// </summary>
internal static class MalmenParts
{
    private const string Ridges = "ridges";

    /// <summary>The ridges as a part.</summary>
    public static EditPart Of(float[] ridges) => new(Ridges, [ridges.Length], ridges);

    /// <summary>The ridge of a block.</summary>
    public static double Ridge(Edit edit, int layer)
    {
        var settings = (MalmenSettings)edit.Settings;
        EditPart part = edit.Part(Ridges) ?? throw new ArgumentException($"MALMEN: edit {edit.Id} has no part '{Ridges}'.");
        return part.Values[layer - settings.Layer + settings.Layers - 1];
    }

    /// <summary>What keeps an edit's parts from being those of its settings; null where nothing does.</summary>
    public static string? Misfit(Edit edit, MalmenSettings settings, int nEmbd)
    {
        if (edit.Part(Ridges) is not { Shape: [var blocks] } ridges || blocks != settings.Layers || !ridges.Values.All(ridge => ridge > 0))
            return $"it has no part '{Ridges}' of [{settings.Layers}], all above 0";
        return RidgeParts.Misfit(edit, settings.Matrices, nEmbd, more: 1);
    }
}
