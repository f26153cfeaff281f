using Sharpformer.Editing;
using Sharpformer.Editing.Methods.FineTuning;
using Sharpformer.Editing.Methods.Grace;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Editing.Methods.Lora;
using Sharpformer.Editing.Methods.Melo;
using Sharpformer.Editing.Methods.Memoir;
using Sharpformer.Editing.Methods.Rome;
using Sharpformer.Editing.Methods.Sola;
using Sharpformer.Editing.Methods.Wise;

namespace Sharpformer.Cli;

/// <summary>An edit as people and programs get to see it, without its tensors. What only neurons have is null for other methods.</summary>
internal sealed record EditView(
    long Id, string Method, EditStatus Status, string Prompt, string Target, int? Neurons, int? Layer, float? Theta, float? Alpha,
    double? FinalLoss, DateTimeOffset CreatedAt, DateTimeOffset? WithdrawnAt, DateTimeOffset? RemovedAt, long? SupersededBy,
    string? Subject, string Source)
{
    /// <summary>The view of an edit, read without its parts.</summary>
    public static EditView Of(Edit edit)
    {
        var neurons = edit.Settings as INeuronSettings;
        return new EditView(
            edit.Id, edit.Method, edit.Status, edit.Request.Prompt, edit.Request.Target, NeuronsOf(edit), LayerOf(edit),
            neurons?.Theta, neurons?.Alpha, edit.Status == EditStatus.Removed ? null : edit.FinalLoss, edit.CreatedAt, edit.WithdrawnAt,
            edit.RemovedAt, edit.SupersededBy, edit.Request.Subject, edit.Request.Source);
    }

    /// <summary>The block that an edit changes or sits beside; null where its method knows none.</summary>
    public static int? LayerOf(Edit edit) => edit.Settings switch
    {
        INeuronSettings neurons => neurons.Layer,
        RomeSettings rome => rome.Layer,
        FineTuningSettings ft => ft.Layer,
        BatchSettings batch => batch.Layer,
        GraceSettings grace => grace.Layer,
        MeloSettings melo => melo.Layer,
        SolaSettings sola => sola.Layer,
        LoraSettings lora => lora.Layer,
        MemoirSettings memoir => memoir.Layer,
        WiseSettings wise => wise.Layer,
        _ => null,
    };

    /// <summary>How many neurons an edit has; null where its method makes none.</summary>
    public static int? NeuronsOf(Edit edit) => edit.Settings is INeuronSettings ? IReVaParts.Count(edit) : null;

    /// <summary>‖x‖.</summary>
    public static double Norm(float[] x) => Math.Sqrt(x.Sum(value => (double)value * value));

    /// <summary>A status in lower case.</summary>
    public static string StatusText(EditStatus status) => status.ToString().ToLowerInvariant();

    /// <summary>The same of an edit, with the one that took over.</summary>
    public static string StatusText(Edit edit) => edit is { Status: EditStatus.Superseded, SupersededBy: { } by }
        ? $"superseded by {by}"
        : StatusText(edit.Status);

    /// <summary>What an edit says after what, on one line.</summary>
    public static string Fact(EditRequest request) => $"{Terminal.Quoted(request.Prompt)} -> {Terminal.Quoted(request.Target)}";
}
