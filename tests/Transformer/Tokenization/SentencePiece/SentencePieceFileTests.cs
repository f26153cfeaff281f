using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Transformer.Tokenization.SentencePiece;

/// <summary>SentencePiece models as files: what stands beside them, and what happens when they are damaged.</summary>
public sealed class SentencePieceFileTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("spiece.model")]
    [InlineData("tokenizer.model")]
    public void Either_name_is_a_tokenizer(string name)
    {
        Copy("uni_rules", name);
        Assert.True(Tokenizer.IsIn(folder.Path));
        Assert.Equal([name], Tokenizer.Files(folder.Path));
        Assert.Equal([name], Tokenizer.VocabularyFiles(folder.Path));
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal((1, 2, 3), (tokenizer.BosId, tokenizer.EosId, tokenizer.PadId));
        Assert.Equal([2], tokenizer.Encode("</s>"));
    }

    [Fact]
    public void T5_has_sentinels_at_the_end_and_swallows_white_space_beside_them()
    {
        Copy("uni_rules", "spiece.model");
        int tokens = Tokenizer.Load(folder.Path).VocabularySize;
        Config("""{"tokenizer_class": "T5Tokenizer", "extra_ids": 3, "do_lower_case": true}""");
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal(tokens + 3, tokenizer.VocabularySize);
        Assert.Equal([tokens + 2, .. tokenizer.Encode("x"), tokens], tokenizer.Encode("<extra_id_0> X <extra_id_2>"));
        Config("""{"tokenizer_class": "T5Tokenizer"}""");
        Assert.Equal(tokens + 100, Tokenizer.Load(folder.Path).VocabularySize);
    }

    [Fact]
    public void Llama_begins_texts_with_bos_unless_told_otherwise()
    {
        Copy("bpe_bytes", "tokenizer.model");
        Config("""{"tokenizer_class": "LlamaTokenizer"}""");
        int[] ids = Tokenizer.Load(folder.Path).Encode("Paris");
        Assert.Equal(1, ids[0]);
        Config("""{"tokenizer_class": "LlamaTokenizerFast", "add_bos_token": false}""");
        Assert.Equal(ids[1..], Tokenizer.Load(folder.Path).Encode("Paris"));
    }

    [Theory]
    [InlineData("""{"tokenizer_class": "AlbertTokenizer"}""", "tokenizer_class is \"AlbertTokenizer\", supported with spiece.model")]
    [InlineData("""{"legacy": false}""", "legacy is false, which would give other ids")]
    public void What_would_give_other_ids_is_refused_by_name(string config, string said)
    {
        Copy("uni_rules", "spiece.model");
        Config(config);
        Assert.Contains(said, Refused(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0A030A0161", "none or several of them the unknown one")] // one piece, "a"
    [InlineData("0A050A0161180212021803", "model type word")]
    [InlineData("0A050A0161180212021804", "model type char")]
    [InlineData("0A050A01611802", "no piece stands for text")]
    [InlineData("0A050A016118020A030A01620A030A0162", "\"b\" appears twice")]
    [InlineData("0A050A016118020A030A016212FF", "not a SentencePiece model")]
    [InlineData("0A050A016118020A030A0162120398020A", "no piece stands for byte 0x00")]
    [InlineData("0A050A016118020A080A0162150000C07F", "piece 1 is \"b\" with score NaN")]
    [InlineData("0A050A016118090A", "and type 9")]
    [InlineData("0A030A01FF", "not valid UTF-8")]
    [InlineData("0A050A016118020A030A01622A0312010A", "has denormalizer_spec")]
    [InlineData("0A050A016118020A030A01621A0412020000", "precompiled_charsmap: 2 bytes do not hold")]
    [InlineData("", "0 pieces")]
    [InlineData("7B7D", "not a SentencePiece model")]
    public void A_damaged_model_is_told(string hex, string said)
    {
        File.WriteAllBytes(folder.File("spiece.model"), Convert.FromHexString(hex));
        string message = Refused();
        Assert.Contains(said, message, StringComparison.Ordinal);
        Assert.Contains("spiece.model", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("uni_user")]
    [InlineData("bpe_bytes")]
    public void Any_cut_or_flipped_byte_gives_a_tokenizer_or_a_sentence(string model)
    {
        byte[] whole = File.ReadAllBytes(TestFiles.Data($"sentencepiece/{model}.model"));
        int refused = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = seed % 2 == 0 ? whole[..random.Next(whole.Length)] : [.. whole];
            if (seed % 2 == 1)
                for (int i = 0; i < 3; i++) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(folder.File("spiece.model"), bytes);
            try
            {
                Tokenizer tokenizer = Tokenizer.Load(folder.Path);
                tokenizer.Decode(tokenizer.Encode("Ｔhe capital of 日本 <x> ½ ｶﾞ 😀"));
            }
            catch (InputException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 100, 400);
    }

    [Theory]
    [InlineData("uni_bytes")]
    [InlineData("uni_user")]
    [InlineData("bpe_rules")]
    [InlineData("bpe_user")]
    public void Unbroken_text_of_400_000_letters_is_no_trouble(string model)
    {
        Copy(model, "spiece.model");
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);
        foreach (string letters in (string[])["a", "the", "national", "日本"])
        {
            string text = string.Concat(Enumerable.Repeat(letters, 400_000 / letters.Length));
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        }
    }

    private void Copy(string model, string name) => File.Copy(TestFiles.Data($"sentencepiece/{model}.model"), folder.File(name));

    private void Config(string json) => File.WriteAllText(folder.File("tokenizer_config.json"), json);

    private string Refused()
    {
        string message = Assert.Throws<InputException>(() => Tokenizer.Load(folder.Path)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }
}
