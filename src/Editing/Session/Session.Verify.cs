using System.Globalization;
using Sharpformer.Editing;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer;

/// <content>Whether the model folder is whole and makes sense.</content>
public sealed partial class Session
{
    private const int PositionsLookedAt = 32;

    /// <summary>Logits that differ by no more than this are the same: what is left of a head of zeros.</summary>
    private const float Flat = 1e-6f;

    private static readonly string[] English =
    [
        "The sun rises in the east and sets in the west. Most people in the town knew each other, and on Sundays they met at the market "
            + "to buy bread, fruit and flowers. In 1969 two astronauts walked on the moon; a third stayed in orbit and waited for them.",
    ];

    // What tokenizers get wrong: blanks, marks, digits, other scripts, pairs of surrogates, control characters.
    private static readonly string[] RoundTrips =
    [
        English[0], "  two  blanks\n\n\tand a tab ", "It's 3.14159, isn't it? (Yes!) #1 @home \"quoted\"",
        "naïve café, größer, Ελληνικά, русский, 中文, עברית, हिन्दी", "😀👩‍👩‍👧 𝒳", "\u0001\u007f\u200b\ufeff",
    ];

    /// <summary>
    /// Checks what holds of every usable model: weights finite, texts the same behind the tokenizer, a row for each of its tokens, logits
    /// that are finite and depend on what is read. Texts that the model's <c>sharpformer.json</c> says it knows must be predicted better
    /// than by guessing; what any other text costs is told and proves nothing.
    /// </summary>
    /// <param name="text">A text to measure; null takes those of <c>sharpformer.json</c>, or else a few English sentences.</param>
    /// <param name="progress">Told how far it has come.</param>
    /// <param name="cancellation">Stops in between.</param>
    /// <exception cref="InputException">A file cannot be read, or the text has fewer than two tokens.</exception>
    public ModelReport VerifyModel(string? text = null, IProgress<Step>? progress = null, CancellationToken cancellation = default) =>
        queue.Run(() =>
        {
            Tokenizer? words = tokenizer ?? (Tokenizer.IsIn(folder) ? Tokenizer.Load(folder) : null);
            IReadOnlyList<string> known = text is null ? Defaults.Sentences : [];
            IReadOnlyList<int[]> texts = words is null
                ? [[.. Enumerable.Range(0, 16).Select(i => i * (Model.Config.VocabSize / 16))]]
                : [.. (text is not null ? [text] : known.Count > 0 ? known : English).Select(one => Beginning(words.Encode(one)))];
            if (texts.Any(tokens => tokens.Length < 2))
                throw new InputException("The text has fewer than two tokens, expected at least two: the first has nothing before it.");
            var checks = new List<ModelCheck>
            {
                new(
                    "weights", true,
                    Said($"{Model.Config.ModelType}, {Model.Weights.Count():N0} tensors of the shapes that config.json asks for")),
                Finite(WeightScan.Run(
                    folder, options.Adapter,
                    (read, all) => progress?.Report(new Step("Reading", "MB", read / 1_000_000, all / 1_000_000)), cancellation)),
            };
            if (words is not null) checks.Add(Words(words));
            if (words?.Fits(Model.Config.VocabSize) == false)
                return new ModelReport(checks, null, null); // its tokens cannot be read
            checks.Add(Logits(texts[0]));
            int positions = Model.Config.NPositions;
            TextLoss loss = new Perplexity(new EditedModel(Model))
                .Measure(texts, positions, positions, Counted(progress, "Reading", "tokens"), cancellation).Base;
            if (!double.IsFinite(loss.Mean)) return new ModelReport(checks, null, null);
            bool isGuessing = loss.Perplexity >= Model.Config.VocabSize;
            string measured = Said(
                $"{loss.Tokens:N0} tokens have perplexity {loss.Perplexity:0.00}; guessing has {Model.Config.VocabSize:N0}");
            if (known.Count > 0) checks.Add(new ModelCheck("sentences", !isGuessing, $"its own, of {ModelDefaults.FileName}: {measured}"));
            return new ModelReport(checks, loss, known.Count > 0 || words is null ? null : isGuessing
                ? $"The text is not of a kind that the model learnt: {measured}. That is no fault by itself."
                : $"Of the text, {measured}.");
        });

    private int[] Beginning(int[] tokens) => tokens[..Math.Min(tokens.Length, Model.Config.NPositions)];

    private static ModelCheck Finite(WeightScan scan) => scan.NotFinite is [var first, ..]
        ? new ModelCheck(
            "numbers", false, Said($"{(scan.NotFinite.Count == 1 ? "1 tensor" : $"{scan.NotFinite.Count} tensors")} with NaN or infinity, ")
                + Said($"the first is {VisibleText.OneLine(first.Key)} with {first.Value} of them"))
        : new ModelCheck("numbers", true, Said($"{scan.Weights:N0} weights, all finite"));

    private ModelCheck Words(Tokenizer words)
    {
        int rows = Model.Config.VocabSize;
        if (!words.Fits(rows))
            return new ModelCheck(
                "tokenizer", false,
                Said($"{words.VocabularySize:N0} tokens, but the model has rows for {rows:N0}: it belongs to another model"));

        foreach (string text in RoundTrips)
        {
            // A tokenizer may put a token or a blank in front, which is part of no text.
            string back = words.UnknownId is null ? Back(text) : Back(Back(text)); // the first leaves letters out, the second their blanks
            // Others change a text once and for all: what comes back has the same tokens.
            bool isSame = words.IsLossless ? back == text || back == " " + text : Back(back) == back;
            if (!isSame) return new ModelCheck("tokenizer", false, $"{Quoted.Text(text)} comes back as {Quoted.Text(back)}");
        }

        // Letters without a token are no fault of those that have one.
        string Back(string text) => words.Decode([.. words.EncodeContinuation(text).Where(id => id != words.UnknownId)]);

        string how = words.IsLossless ? "as they were" : "as it writes them, and stay so";

        string without = words.VocabularySize < rows ? Said($", {rows - words.VocabularySize:N0} rows of the model without one")
            : words.VocabularySize > rows ? Said($", of which {words.VocabularySize - rows:N0} added without a row in the model") : "";
        return new ModelCheck(
            "tokenizer", true, Said($"{words.VocabularySize:N0} tokens{without}; {RoundTrips.Length} texts come back {how}"));
    }

    /// <summary>Whether what the model says are numbers, and depends on the token and on what stands before it.</summary>
    private ModelCheck Logits(int[] tokens)
    {
        using BufferScope scope = device.Scope();
        LogitScan scan = LogitScan.Run(Model, tokens);
        if (scan.NotFinite > 0)
            return new ModelCheck(
                "logits", false,
                Said($"{scan.NotFinite:N0} are NaN or infinite after {tokens.Length:N0} tokens, the first ")
                    + Said($"at position {scan.FirstPosition} for token {scan.FirstToken}"));
        int[] read = tokens[..Math.Min(tokens.Length, PositionsLookedAt)];
        Tensor hidden = Model.Hidden(new TokenBatch([read]), Model.NewCache(1, read.Length)).Value;
        float[][] rows = [.. Enumerable.Range(0, read.Length).Select(t => Model.Logits(hidden.Slice(t, 1)).Value.ToArray())];
        string after = Said($"after {read.Length:N0} tokens");
        if (rows.All(row => row.Max() - row.Min() <= Flat))
            return new ModelCheck("logits", false, $"every token is as likely as every other {after}: the output weights say nothing");
        bool isDeaf = read.Distinct().Count() > 1
            && rows.All(row => row.Zip(rows[0]).All(pair => Math.Abs(pair.First - pair.Second) <= Flat));
        return isDeaf
            ? new ModelCheck("logits", false, $"the same {after}, whatever they are: the model does not see what it reads")
            : new ModelCheck("logits", true, $"finite {after}, and not the same after each");
    }

    private static string Said(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
