using System.Text;
using System.Text.Json;
using Sharpformer.Editing;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tests.Transformer.Checkpoints;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Cli;

/// <summary><c>evaluate perplexity</c>: one table or document, and one sentence for every mistake.</summary>
public sealed class PerplexityCommandTests : IDisposable
{
    private const string Zelda = "The Legend of Zelda is developed by";
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string[] command;

    public PerplexityCommandTests() => command = ["evaluate", "perplexity", "--model", TestFiles.Model, "--text", folder.File("t.txt")];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_document_says_what_the_library_measures()
    {
        string text = Write("Çağla Büyükakçay was born in Adana.\nKorean is the language of Natural City.\n");
        using var device = new CpuDevice(threads: 1);
        CausalLm model = CausalLm.Load(TestFiles.Model, device);
        Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model);
        int[] tokens = tokenizer.Encode(text);
        PerplexityReport expected = new Perplexity(new EditedModel(model)).Measure([tokens], 9, 5);

        JsonElement report = CliRun.Json([.. command, "--window", "9", "--stride", "5"]);
        long bytes = Encoding.UTF8.GetByteCount(text) - tokenizer.TokenBytes(tokens[0]).Length;
        Assert.Equal(1, tokenizer.TokenBytes(tokens[0]).Length); // half a letter
        Assert.Equal(
            (1, tokens.Length - 1, bytes, 9, 5),
            (Number("texts"), Number("tokens"), Number("bytes"), Number("window"), Number("stride")));
        JsonElement loss = report.GetProperty("base");
        Assert.Equal(
            (expected.Base.Mean, expected.Base.Perplexity, expected.Base.BitsPerByte(bytes)),
            (loss.GetProperty("loss").GetDouble(), loss.GetProperty("perplexity").GetDouble(),
                loss.GetProperty("bitsPerByte").GetDouble()));
        Assert.False(report.TryGetProperty("edited", out _));

        int Number(string name) => report.GetProperty(name).GetInt32();
    }

    [Fact]
    public void A_model_of_no_numbers_is_told_and_the_document_is_one()
    {
        using var device = new CpuDevice(threads: 1);
        ChangedModel.Write(TestFiles.Model, folder.Path, device, (name, values) =>
        {
            if (name.EndsWith("ln_f.weight", StringComparison.Ordinal)) values[0] = float.NaN;
        });
        Write("The Legend of Zelda");
        CliRun run = CliRun.Of("evaluate", "perplexity", "--model", folder.Path, "--text", folder.File("t.txt"), "--json");
        Assert.Equal(JsonValueKind.Null, run.Document().GetProperty("base").GetProperty("loss").ValueKind);
        Assert.Contains("note: the base model's loss is not a finite number; 'sharpformer model verify' says", run.Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_edit_shows_in_the_text_it_belongs_to_and_withdrawn_it_does_not()
    {
        string[] edits = ["--edits", folder.File("e.db")];
        CliRun.Json(
        [
            "edits", "add", "--model", TestFiles.Model, .. edits, "--prompt", Zelda, "--target", "Nintendo", "--alpha", "1",
            "--theta", "0.85",
        ]);
        Write($"{Zelda} Nintendo\n");
        JsonElement report = CliRun.Json([.. command, .. edits, "--lines"]);
        JsonElement before = report.GetProperty("base"), after = report.GetProperty("edited");
        Assert.True(after.GetProperty("loss").GetDouble() < before.GetProperty("loss").GetDouble() - 0.1);
        Assert.True(after.GetProperty("bitsPerByte").GetDouble() < before.GetProperty("bitsPerByte").GetDouble());
        double share = 100.0 / report.GetProperty("tokens").GetInt32();
        Assert.Equal((share, share), (after.GetProperty("answered").GetDouble(), after.GetProperty("changed").GetDouble()));
        string table = CliRun.Of([.. command, .. edits, "--lines"]).Out;
        Assert.Contains("│ base ", table, StringComparison.Ordinal);
        Assert.Contains("│ edited ", table, StringComparison.Ordinal);
        Assert.Contains("A neuron answered at ", table, StringComparison.Ordinal);

        CliRun.Of(["edits", "withdraw", "1", .. edits]);
        after = CliRun.Json([.. command, .. edits, "--lines"]).GetProperty("edited");
        Assert.Equal(before.GetProperty("loss").GetDouble(), after.GetProperty("loss").GetDouble());
        Assert.Equal(0, after.GetProperty("answered").GetDouble());
    }

    [Fact]
    public void Without_edits_there_is_one_row_and_windows_have_their_defaults()
    {
        Write("Korean is the language of Natural City.");
        CliRun run = CliRun.Of(command);
        Assert.Contains("│ base ", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("│ edited", run.Out, StringComparison.Ordinal);
        Assert.Contains("the base model was measured alone", run.Out, StringComparison.Ordinal);
        Assert.Contains("Windows of at most 128 tokens, each beginning 64 tokens behind", run.Out, StringComparison.Ordinal);
        JsonElement report = CliRun.Json(command);
        Assert.Equal((128, 64), (report.GetProperty("window").GetInt32(), report.GetProperty("stride").GetInt32()));
        Assert.Equal(2, CliRun.Json([.. command, "--window", "5"]).GetProperty("stride").GetInt32());
    }

    [Fact]
    public void Lines_are_texts_of_their_own_and_the_limit_counts_tokens_of_all()
    {
        Write("Korean is the language of Natural City.\r\n\r\n.\nKorean is\n");
        Tokenizer tokenizer = Tokenizer.Load(TestFiles.Model);
        int[] first = tokenizer.Encode("Korean is the language of Natural City."), last = tokenizer.Encode("Korean is");
        Assert.Equal((2, first.Length - 1 + last.Length - 1), Size());
        Assert.Equal((2, first.Length - 1 + 1), Size("--limit", $"{first.Length + 1 + 2}")); // "." is a token too
        Assert.Equal((1, first.Length - 1), Size("--limit", $"{first.Length + 1 + 1}"));
        JsonElement alone = CliRun.Json([.. command, "--lines", "--limit", "2"]);
        Assert.Equal(tokenizer.TokenBytes(first[1]).Length, alone.GetProperty("bytes").GetInt32());
        Assert.Equal(3, CliRun.Json([.. command, "--limit", "4"]).GetProperty("tokens").GetInt32());

        (int, int) Size(params string[] options)
        {
            JsonElement report = CliRun.Json([.. command, "--lines", .. options]);
            return (report.GetProperty("texts").GetInt32(), report.GetProperty("tokens").GetInt32());
        }
    }

    [Fact]
    public void A_mark_that_an_editor_put_before_the_text_is_no_part_of_it()
    {
        Write("Korean is the language");
        string plain = CliRun.Json(command).ToString();
        File.WriteAllText(folder.File("t.txt"), "Korean is the language", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.Equal(plain, CliRun.Json(command).ToString());
    }

    [Fact]
    public void A_text_that_cannot_be_measured_is_told()
    {
        CliRun.Of(command).AssertFailed("t.txt", "does not exist");
        CliRun.Of("evaluate", "perplexity", "--model", TestFiles.Model, "--text", folder.Path).AssertFailed("got a folder");
        Write("");
        CliRun.Of(command).AssertFailed("t.txt", "the file is empty");
        Write(" is");
        CliRun.Of(command).AssertFailed("the text is a single token", "nothing stands before it");
        Write(" is\n is\n\n");
        CliRun.Of([.. command, "--lines"]).AssertFailed("no line has more than a single token");
        foreach (byte[] bytes in (byte[][])["Köln"u8.ToArray()[..2], [0xFF, 0xFE, (byte)'a', 0]])
        {
            File.WriteAllBytes(folder.File("t.txt"), bytes);
            CliRun.Of(command).AssertFailed("t.txt", "not valid UTF-8");
        }
    }

    [Fact]
    public void Windows_that_do_not_fit_are_told()
    {
        Write("Korean is the language of Natural City.");
        CliRun.Of([.. command, "--window", "129"]).AssertFailed("--window is 129", "positions are 128");
        CliRun.Of([.. command, "--window", "16", "--stride", "17"]).AssertFailed("--stride is 17", "the window, which is 16");
        CliRun.Of([.. command, "--stride", "129"]).AssertFailed("--stride is 129", "the window, which is 128");
    }

    private string Write(string text)
    {
        File.WriteAllText(folder.File("t.txt"), text);
        return text;
    }
}
