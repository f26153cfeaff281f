using System.Diagnostics.CodeAnalysis;
using System.Text;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Adapters;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing;

/// <summary>Computes the <see cref="ModelFingerprint"/> of a model folder.</summary>
public static class ModelFingerprinter
{
    private const int BufferBytes = 1 << 20;

    /// <summary>
    /// Hashes the bytes of the weight files in ordinal order of their names, and of the files that hold the tokenizer's vocabulary, as if
    /// they were one: <c>vocab.json</c> and <c>merges.txt</c> where both are there, or else <c>tokenizer.json</c>, or another kind's. In
    /// a folder of safetensors the weight files are all <c>*.safetensors</c>: edits were stored under that name. A model with a single
    /// weights file has that file's plain SHA-256. File names are not hashed, so the same model in another folder is the same model.
    /// With an adapter its file and what its settings mean are hashed after the weights.
    /// </summary>
    /// <param name="folder">The model folder; files in its subfolders are not read.</param>
    /// <param name="form">
    /// How the weights are held. Rounded to Q8 they are another model: the one that <see cref="CheckpointConverter"/> would write as a
    /// folder of its own, of which every bit is the same.
    /// </param>
    /// <param name="adapter">The folder of a LoRA adapter that is merged into it; null for none.</param>
    /// <param name="cancel">Stops between two blocks of 1 MiB: large models take a while.</param>
    /// <exception cref="InputException">There is no such folder, no weights file in it, or a file cannot be read.</exception>
    public static ModelFingerprint Compute(
        string folder, WeightForm form = WeightForm.Stored, string? adapter = null, CancellationToken cancel = default) =>
        Compute(folder, form, adapter, (_, _, sum) => sum(), cancel);

    /// <summary>The fingerprint that is remembered of a model, or else computed, and then remembered if it is worth it.</summary>
    /// <param name="memory">Remembers it.</param>
    /// <param name="folder">The model folder.</param>
    /// <param name="form">How the weights are held.</param>
    /// <param name="adapter">The folder of a LoRA adapter that is merged into it; null for none.</param>
    /// <param name="isRemembered">Whether weights were not read.</param>
    /// <inheritdoc cref="Compute(string, WeightForm, string?, CancellationToken)"/>
    internal static ModelFingerprint Find(
        FingerprintMemory memory, string folder, WeightForm form, string? adapter, out bool isRemembered)
    {
        bool isKnown = false;
        ModelFingerprint found = Compute(folder, form, adapter, (kind, files, sum) =>
        {
            string? known = memory.Find(kind, files);
            isKnown = known is not null;
            return known ?? memory.Remembered(kind, files, sum);
        });
        isRemembered = isKnown;
        return found;
    }

    /// <summary>Computes the fingerprint and mends what is remembered of it.</summary>
    /// <param name="memory">Remembers it.</param>
    /// <param name="folder">The model folder.</param>
    /// <param name="form">How the weights are held.</param>
    /// <param name="adapter">The folder of a LoRA adapter that is merged into it; null for none.</param>
    /// <param name="wasWrong">Whether another one was remembered.</param>
    /// <inheritdoc cref="Compute(string, WeightForm, string?, CancellationToken)"/>
    internal static ModelFingerprint Verify(
        FingerprintMemory memory, string folder, WeightForm form, string? adapter, out bool wasWrong)
    {
        bool isOther = false;
        ModelFingerprint found = Compute(folder, form, adapter, (kind, files, sum) =>
        {
            string? known = memory.Find(kind, files);
            string weights = memory.Remembered(kind, files, sum);
            isOther = known is not null && known != weights;
            return weights;
        });
        wasWrong = isOther;
        return found;
    }

    /// <summary>SHA-256 of an adapter by itself, lower-case hex: of its tensors' file and of what its settings make of them.</summary>
    /// <param name="folder">The adapter's folder; null gives null.</param>
    /// <exception cref="InputException">It holds no usable adapter.</exception>
    [return: NotNullIfNotNull(nameof(folder))]
    public static string? OfAdapter(string? folder)
    {
        if (folder is null) return null;
        (string[] files, string meaning) = Parts(folder);
        return Sha256(files, CancellationToken.None, meaning);
    }

    /// <summary>Whether a model's matrices are Q8, as they are stored or because they are held so.</summary>
    /// <exception cref="InputException">Its weights are missing or damaged.</exception>
    public static bool AreQ8(string folder, WeightForm form)
    {
        if (form == WeightForm.Q8) return true;
        using var stored = StoredWeights.Open(folder);
        return stored.AreQ8;
    }

    // The checksum of the weights is made, or remembered, by whoever is told what it is of.
    private static ModelFingerprint Compute(
        string folder, WeightForm form, string? adapter, Func<string, IReadOnlyList<string>, Func<string>, string> weightsOf,
        CancellationToken cancel = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        if (!Directory.Exists(folder)) throw new InputException($"Model folder '{folder}' does not exist.", "check the path.");
        try
        {
            IReadOnlyList<string> weights = ModelFolder.WeightFiles(folder);
            (string[] more, string meaning) = adapter is null ? ([], "") : Parts(adapter);
            string hash;
            if (form == WeightForm.Q8 && !AreQ8(folder, WeightForm.Stored))
            {
                // What is made of the same bytes may be another program's rounding.
                string kind = $"q8 by {EditAuthor.Current.Version} {meaning}";
                hash = weightsOf(
                    kind, [.. weights, Path.Combine(folder, "config.json"), .. more], () => Sha256OfQ8(folder, adapter, cancel));
            }
            else
            {
                if (weights[0].EndsWith(".safetensors", StringComparison.Ordinal))
                    weights = [.. Directory.GetFiles(folder, "*.safetensors").Order(StringComparer.Ordinal)];
                string[] files = [.. weights, .. more];
                hash = weightsOf($"files {meaning}", files, () => Sha256(files, cancel, meaning));
            }

            return new ModelFingerprint(hash, Sha256(VocabularyFiles(folder), cancel));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Model folder '{folder}' cannot be read: {FileErrors.Reason(error)}.", null, error);
        }
    }

    private static (string[] Files, string Meaning) Parts(string folder)
    {
        using var adapter = LoraAdapter.Open(folder);
        return ([adapter.Path], adapter.Meaning);
    }

    private static string Sha256OfQ8(string folder, string? adapter, CancellationToken cancel) =>
        SecureHash.Sha256Of(stream => CheckpointConverter.WriteWeights(folder, stream, DType.Q8, adapter, cancel));

    // Where vocab.json and merges.txt are there they say the same as a tokenizer.json beside them (Tokenizer.Load sees to it), so stores
    // made before that file was read stay valid.
    private static IEnumerable<string> VocabularyFiles(string folder) =>
        Tokenizer.VocabularyFiles(folder).Select(name => Path.Combine(folder, name)).Where(File.Exists);

    private static string Sha256(IEnumerable<string> files, CancellationToken cancel, string end = "")
    {
        using var hash = SecureHash.Sha256();
        var buffer = new byte[BufferBytes];
        foreach (string file in files)
        {
            if (FileLength.Of(file) == 0) continue; // nothing to hash, or a stray pipe that would be waited for
            // The buffer is ours: a second one inside the stream would only copy.
            using var stream = new FileStream(
                file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
            int read;
            while ((read = stream.Read(buffer)) > 0)
            {
                cancel.ThrowIfCancellationRequested();
                hash.AppendData(buffer.AsSpan(0, read));
            }
        }

        hash.AppendData(Encoding.UTF8.GetBytes(end));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
