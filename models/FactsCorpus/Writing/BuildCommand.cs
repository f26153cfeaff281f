using System.Text.Encodings.Web;
using System.Text.Json;
using Sharpformer.FactsCorpus.Material;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary><c>build</c>: writes the corpus and the held-out texts as JSON Lines, one <c>{"text": …}</c> each.</summary>
internal static class BuildCommand
{
    private const int Documents = 300_000;

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Runs it.</summary>
    /// <exception cref="InputException">An argument is wrong, or a file cannot be read or written.</exception>
    public static void Run(string[] args, TextWriter output)
    {
        var arguments = new Arguments(args, "--output", "--model", "--documents", "--seed");
        string folder = arguments.Text("--output");
        int documents = arguments.Count("--documents", Documents);
        ulong seed = arguments.Seed();
        var tokenizer = Tokenizer.Load(arguments.Text("--model", "models/facts-gpt2"));
        var corpus = new Corpus(RawMaterial.Load(), tokenizer, seed);
        var tally = new Tally(tokenizer);
        IReadOnlyCollection<string> heldOut = corpus.HeldOut(documents);
        Write(folder, "heldout.jsonl", heldOut);
        Write(folder, "corpus.jsonl", corpus.Training(documents, heldOut).Select(tally.Count));
        output.Write(tally.Summary);
        output.WriteLine(FormattableString.Invariant($"held out {heldOut.Count,17:N0}"));
    }

    private static void Write(string folder, string name, IEnumerable<string> texts)
    {
        string path = Path.Combine(folder, name);
        try
        {
            Directory.CreateDirectory(folder);
            using var writer = new StreamWriter(path) { NewLine = "\n" };
            foreach (string text in texts) writer.WriteLine(JsonSerializer.Serialize(new { text }, Readable));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be written: {FileErrors.Reason(e)}.", inner: e);
        }
    }
}
