using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;

namespace Sharpformer;

/// <content>Finding settings.</content>
public sealed partial class Session
{
    /// <summary>Values of θ that are tried where none are given.</summary>
    public static IReadOnlyList<float> UsualThetas { get; } = [0.5f, 0.55f, 0.6f, 0.65f, 0.7f, 0.75f, 0.8f, 0.85f, 0.9f, 0.95f];

    /// <summary>
    /// Finds θ and α of iReVa for an edit set; see <see cref="Calibration"/>. The store's edits, where one is open, are there all along;
    /// nothing is stored.
    /// </summary>
    /// <param name="records">The edit set.</param>
    /// <param name="answerTrigger">How its prompts end.</param>
    /// <param name="alphas">Values of α; null for the model's own.</param>
    /// <param name="thetas">Values of θ; null for the usual ones.</param>
    /// <param name="traceFolder">Where to keep what the base model computes; null keeps it for as long as this runs.</param>
    /// <param name="progress">Told how many settings are measured.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="InputException">Fewer than two records are left, or one cannot be taught.</exception>
    public CalibrationReport Calibrate(
        IReadOnlyList<EditRecord> records, string answerTrigger = "", IReadOnlyList<float>? alphas = null,
        IReadOnlyList<float>? thetas = null, string? traceFolder = null, IProgress<Step>? progress = null,
        CancellationToken cancellation = default) => queue.Run(() =>
        {
            var settings = (IReVaSettings)SettingsFor(IReVaSettings.Name);
            IReadOnlyList<Edit> there = store?.List(withParts: false, includeRemoved: true) ?? [];
            string? passing = traceFolder is null ? Directory.CreateTempSubdirectory("sharpformer-traces-").FullName : null;
            try
            {
                return new Calibration(Edited, Tokenizer, settings, TracesIn(traceFolder ?? passing)!).Run(
                    records, answerTrigger, alphas ?? [settings.Alpha], thetas ?? UsualThetas,
                    there.Where(edit => edit.Status != EditStatus.Removed).Select(edit => edit.Request.Prompt).ToHashSet(),
                    there.Select(edit => edit.Id).DefaultIfEmpty().Max() + 1, Counted(progress, "Calibrating", "settings"), cancellation);
            }
            finally
            {
                if (passing is not null) Directory.Delete(passing, recursive: true);
            }
        });

    /// <summary>Writes settings into the model folder, so that they are taken unless told otherwise.</summary>
    /// <returns>The file's path.</returns>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public string WriteDefaults(EditSettings settings)
    {
        string path = ModelDefaults.Write(folder, settings, Model.Config);
        defaults = null; // read anew when it is next asked for
        return path;
    }
}
