using System.Globalization;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.LinearAlgebra;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Statistics;

/// <summary>
/// C = E[k·kᵀ] of the MLP's hidden states k at one block over a text, summed in float64. The sum lies in a folder under a name made of
/// model, block and text; a run that was ended goes on from there to the bits of an undisturbed one.
/// </summary>
/// <param name="Folder">Where the sums lie.</param>
/// <param name="Model">The model that the states are of.</param>
/// <param name="Layer">The block.</param>
/// <param name="Corpus">Tells the text and how it was cut from any other, see <see cref="CorpusOf"/>.</param>
public sealed record MlpStatistics(string Folder, ModelFingerprint Model, int Layer, string Corpus)
{
    private const string ModelKey = "model", TokenizerKey = "tokenizer", LayerKey = "layer", CorpusKey = "corpus", TextsKey = "texts";
    private const string Kind = "mlp-hidden-"; // what a file's name begins with

    /// <summary>How often what was added is written down.</summary>
    private static readonly TimeSpan BetweenSaves = TimeSpan.FromMinutes(1);

    /// <summary>The sum's file.</summary>
    public string Path => System.IO.Path.Combine(
        Folder, $"{Prefix(Model, Layer)}{Corpus[..Math.Min(ModelFingerprint.ShortLength, Corpus.Length)]}.safetensors");

    /// <summary>The name of a text: the SHA-256 of its bytes and how it was cut into windows.</summary>
    /// <param name="path">The text.</param>
    /// <param name="cut">How it is cut, for example <c>lines</c>.</param>
    /// <exception cref="InputException">It cannot be read.</exception>
    public static string CorpusOf(string path, string cut) => $"{SecureHash.Sha256OfFile(path)}-{cut}";

    /// <summary>Adds the hidden states of texts, from where the file in the folder ended.</summary>
    /// <param name="model">The model.</param>
    /// <param name="texts">The whole corpus as token sequences, each within the model's positions, in a fixed order.</param>
    /// <param name="tokens">Texts are added until there are so many tokens; the last is read whole.</param>
    /// <param name="progress">Told how many tokens are done.</param>
    /// <param name="cancellation">Ends the run; what was added by then is written down.</param>
    /// <returns>n: how many states the file holds now.</returns>
    /// <exception cref="InputException">The file is damaged or belongs to something else, or cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The run was ended.</exception>
    public long Collect(
        CausalLm model, IEnumerable<int[]> texts, long tokens, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(texts);
        Make(Folder);
        long count = HostDevice.Run(model.Device, host => Collect(model, texts, tokens, host, progress, cancellation));
        cancellation.ThrowIfCancellationRequested();
        return count;
    }

    /// <summary>The statistics of a model's block in a folder, whatever text they are of.</summary>
    /// <exception cref="InputException">There are none, several, too few states, or they are damaged.</exception>
    public static SecondMoment Load(string folder, ModelFingerprint model, int layer, CancellationToken cancellation = default)
    {
        string found = Find(folder, model, layer);
        int size = SizeOf(found);
        SecondMoment moment = SecondMoment.Load(found, size, Expected(model, layer), cancellation).Moment;
        return moment.Count >= size ? moment : throw new InputException(
            $"{found}: a sum over {moment.Count} states of {size} numbers, expected at least {size}.",
            "add more text: " + Making(folder, layer));
    }

    /// <summary>The file with the statistics of a model's block in a folder; it is not read.</summary>
    /// <exception cref="InputException">There are none, or several.</exception>
    public static string Find(string folder, ModelFingerprint model, int layer)
    {
        ArgumentNullException.ThrowIfNull(model);
        string[] all = Directory.Exists(folder) ? Directory.GetFiles(folder, $"{Kind}*.safetensors") : [];
        string prefix = Prefix(model, layer);
        string[] found = [.. all.Where(file => System.IO.Path.GetFileName(file).StartsWith(prefix, StringComparison.Ordinal))];
        if (found.Length == 0)
        {
            string others = all.Length == 0 ? "" : $", only {all.Length} of other models or blocks";
            throw new InputException($"{folder}: it holds no statistics of this model at block {layer}{others}.", Making(folder, layer));
        }

        return found.Length == 1 ? found[0] : throw new InputException(
            $"{folder}: it holds statistics of this model at block {layer} over {found.Length} texts, expected one.",
            "keep one of them in a folder of its own.");
    }

    private long Collect(
        CausalLm model, IEnumerable<int[]> texts, long tokens, CpuDevice host, IProgress<long>? progress, CancellationToken cancellation)
    {
        (SecondMoment moment, long done) = Begin(model.Config.NInner);
        long saved = done, savedAt = Environment.TickCount64;
        foreach (int[][] batch in Batches(texts.Skip(checked((int)done)), tokens - moment.Count))
        {
            if (cancellation.IsCancellationRequested) break;
            moment.Add(States(model, batch), host);
            done += batch.Length;
            progress?.Report(moment.Count);
            if (Environment.TickCount64 - savedAt < BetweenSaves.TotalMilliseconds) continue;
            Save(moment, done);
            (saved, savedAt) = (done, Environment.TickCount64);
        }

        if (saved < done) Save(moment, done);
        return moment.Count;
    }

    private static string Making(string folder, int layer) =>
        $"make them by 'model statistics --model … --text … --layer {layer} --output {folder}'.";

    private static void Make(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{folder}: the folder for statistics cannot be made: {FileErrors.Reason(e)}.", inner: e);
        }
    }

    private static string Prefix(ModelFingerprint model, int layer) =>
        $"{Kind}{layer}-{model.Short}-";

    private static Dictionary<string, string> Expected(ModelFingerprint model, int layer) => new()
    {
        [ModelKey] = model.Weights,
        [TokenizerKey] = model.Tokenizer,
        [LayerKey] = layer.ToString(CultureInfo.InvariantCulture),
    };

    private static int SizeOf(string path)
    {
        using var file = Tensors.SafeTensors.SafeTensorsFile.Open(path);
        return file.Contains("c") && file.Info("c").Shape is [var size, _] ? checked((int)size)
            : throw new InputException($"{path}: expected a second moment, a square tensor \"c\".", "remove the file.");
    }

    /// <summary>The hidden states of texts, one after the other, <c>[tokens,m]</c>.</summary>
    private float[] States(CausalLm model, int[][] texts)
    {
        using BufferScope scope = model.Device.Scope();
        var tokens = new TokenBatch(texts);
        int[] rows = [.. texts.SelectMany((text, b) => Enumerable.Range(b * tokens.T, text.Length))];
        CausalLm lower = model.UpTo(Layer + 1);
        float[] states = [];
        var look = Opening.Look(
            Layer, Site.MlpHidden, Reach.All, passing => states = Autograd.Ops.Embedding(passing, rows).Value.ToArray());
        lower.Hidden(tokens, lower.NewCache(tokens.B, tokens.T, Layer + 1), [look], rows: [0]);
        return states;
    }

    /// <summary>Texts that go through the model together, until there are enough tokens; the last of them is read whole.</summary>
    private static IEnumerable<int[][]> Batches(IEnumerable<int[]> texts, long tokens)
    {
        var batch = new List<int[]>();
        int longest = 0;
        foreach (int[] text in texts)
        {
            if (tokens <= 0) break;
            if (batch.Count > 0 && (batch.Count + 1) * Math.Max(longest, text.Length) > TokenBatch.TokensAtOnce)
            {
                yield return [.. batch];
                batch.Clear();
                longest = 0;
            }

            batch.Add(text);
            longest = Math.Max(longest, text.Length);
            tokens -= text.Length;
        }

        if (batch.Count > 0) yield return [.. batch];
    }

    private (SecondMoment Moment, long Texts) Begin(int size)
    {
        if (!File.Exists(Path)) return (new SecondMoment(size), 0);
        Dictionary<string, string> expected = Expected(Model, Layer);
        expected.Add(CorpusKey, Corpus);
        (SecondMoment moment, IReadOnlyDictionary<string, string> metadata) = SecondMoment.Load(Path, size, expected);
        return metadata.TryGetValue(TextsKey, out string? texts) && long.TryParse(texts, CultureInfo.InvariantCulture, out long done)
            ? (moment, done)
            : throw new InputException($"{Path}: it does not say how far into its text it reaches.", "remove it to make it anew.");
    }

    private void Save(SecondMoment moment, long texts)
    {
        Dictionary<string, string> metadata = Expected(Model, Layer);
        metadata.Add(CorpusKey, Corpus);
        metadata.Add(TextsKey, texts.ToString(CultureInfo.InvariantCulture));
        moment.Save(Path, metadata);
    }
}
