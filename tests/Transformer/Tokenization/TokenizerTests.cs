using System.Text.Json;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Transformer.Tokenization;

public class TokenizerTests
{
    private static readonly string Gpt2Folder = TestFiles.Data("gpt2-bpe");
    private static readonly Tokenizer Gpt2 = Tokenizer.Load(Gpt2Folder);
    private static readonly Tokenizer Facts = Tokenizer.Load(TestFiles.Model);

    public static TheoryData<string> Folders => [Gpt2Folder, TestFiles.Model];

    [Fact]
    public void A_text_that_is_cut_between_two_words_has_the_ids_of_its_parts()
    {
        const string Text = "The cat  sat on the mat; it's 3 o'clock now and nobody cares";
        Assert.True(Gpt2.JoinsNoWords);
        int[] whole = Gpt2.Encode(Text);
        for (int i = 1; i < Text.Length - 1; i++)
            if (Text[i] == ' ' && char.IsAsciiLetter(Text[i - 1]) && char.IsAsciiLetter(Text[i + 1]))
                Assert.Equal(whole, Gpt2.Encode(Text[..i]).Concat(Gpt2.Encode(Text[i..])));
    }

    [Theory]
    [InlineData("use_regex", "", false)]
    [InlineData("lstrip", "<x>", true)]
    [InlineData("rstrip", "<x>", true)]
    [InlineData("content", "a b", false)]
    public void Where_that_is_not_so_the_tokenizer_says_it(string flag, string content, bool value)
    {
        using var folder = new TokenizerFolder();
        Assert.True(folder.Load().JoinsNoWords);
        if (flag == "use_regex")
        {
            folder.Json["pre_tokenizer"]!["use_regex"] = false;
        }
        else
        {
            System.Text.Json.Nodes.JsonObject added = TokenizerFolder.Added(258, content);
            if (value) added[flag] = true;
            folder.Json["added_tokens"]!.AsArray().Add(added);
        }

        Assert.False(folder.Load().JoinsNoWords);
    }

    [Fact]
    public void All_golden_ids_are_equal()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(TestFiles.Golden("gpt2_tokenizer.json")));
        Assert.Equal(112, golden.RootElement.GetArrayLength());
        foreach (JsonElement entry in golden.RootElement.EnumerateArray())
        {
            string text = entry.GetProperty("text").GetString()!;
            int[] expected = [.. entry.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            Assert.Equal(expected, Gpt2.Encode(text));
            Assert.Equal(text, Gpt2.Decode(expected));
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Random_text_encodes_as_the_definition_says_and_comes_back(string folder)
    {
        Tokenizer tokenizer = folder == Gpt2Folder ? Gpt2 : Facts;
        var reference = new ReferenceBpe(folder);
        for (int seed = 0; seed < 3000; seed++)
        {
            string text = RandomText.Create(seed);
            int[] ids = tokenizer.Encode(text);
            Assert.Equal(reference.Encode(text), ids);
            Assert.Equal(text, tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void Every_code_point_of_the_first_two_planes_and_a_sample_of_the_others_come_back()
    {
        int[] values = [.. Enumerable.Range(0, 0x20000), .. Enumerable.Range(0, 0xF0000 / 257).Select(i => 0x20000 + 257 * i)];
        foreach (int[] some in values.Where(System.Text.Rune.IsValid).Chunk(64))
        {
            string text = string.Concat(some.Select(value => new System.Text.Rune(value)));
            Assert.Equal(text, Facts.Decode(Facts.Encode(text)));
        }
    }

    [Fact]
    public void Its_settings_are_those_that_edits_in_older_stores_are_bound_to() => Assert.Equal(
        """{"addPrefixSpace":false,"usesPattern":true,"added":[{"Id":50256,"Text":"\u003C|endoftext|\u003E","""
        + """ "StripsLeft":false,"StripsRight":false,"SingleWord":false,"Normalized":false}]}"""[1..],
        Gpt2.Settings);

    [Fact]
    public void Half_a_surrogate_pair_becomes_the_replacement_character()
    {
        Assert.Equal(Gpt2.Encode("a\uFFFDb"), Gpt2.Encode("a\uD83Db"));
        Assert.Equal("\uFFFD😀\uFFFD", Gpt2.Decode(Gpt2.Encode("\uDE00😀\uD83D")));
    }

    [Fact]
    public void End_of_text_is_one_id_wherever_it_stands()
    {
        int end = Facts.EosId;
        Assert.Equal((7015, 7014, 7014), (Facts.VocabularySize, Facts.BosId, end));
        Assert.Equal((50257, 50256), (Gpt2.VocabularySize, Gpt2.EosId));
        Assert.Equal([end], Facts.Encode("<|endoftext|>"));
        Assert.Equal(
            [end, .. Facts.Encode("a "), end, end, .. Facts.Encode(" b")], Facts.Encode("<|endoftext|>a <|endoftext|><|endoftext|> b"));
        Assert.Equal("x<|endoftext|>y", Facts.Decode([.. Facts.Encode("x"), end, .. Facts.Encode("y")]));
        Assert.DoesNotContain(end, Facts.Encode("<|endoftext |> <|ENDOFTEXT|>"));
    }

    [Fact]
    public void Token_text_is_what_the_vocabulary_says()
    {
        Assert.Equal("Ġthe", Gpt2.TokenText(Gpt2.Encode(" the").Single()));
        Assert.Equal("<|endoftext|>", Facts.TokenText(7014));
    }

    [Fact]
    public void Empty_text_has_no_ids()
    {
        Assert.Empty(Facts.Encode(""));
        Assert.Equal("", Facts.Decode([]));
    }

    [Fact]
    public void Every_token_decodes_alone_and_every_id_outside_is_refused()
    {
        for (int id = 0; id < Gpt2.VocabularySize; id++) Assert.NotEmpty(Gpt2.Decode([id]));
        foreach (int id in (int[])[-1, int.MinValue, 50257, int.MaxValue])
        {
            var error = Assert.Throws<ArgumentOutOfRangeException>(() => Gpt2.Decode([0, id]));
            Assert.Contains($"{id}, expected 0 to 50256", error.Message, StringComparison.Ordinal);
            Assert.Throws<ArgumentOutOfRangeException>(() => Gpt2.TokenText(id));
        }
    }

    [Fact]
    public void A_prefix_that_cuts_a_character_decodes_to_the_replacement_character()
    {
        int[] ids = Gpt2.Encode("日");
        Assert.True(ids.Length > 1);
        Assert.Equal("\uFFFD", Gpt2.Decode(ids.AsSpan(0, 1)));
    }

    [Fact]
    public void A_very_long_word_is_no_trouble()
    {
        string text = new string('a', 20_000) + new string(' ', 10_000) + "x";
        Assert.Equal(text, Facts.Decode(Facts.Encode(text)));
    }

    [Fact]
    public void Threads_share_a_tokenizer()
    {
        string[] texts = [.. Enumerable.Range(0, 400).Select(RandomText.Create)];
        int[][] expected = [.. texts.Select(Facts.Encode)];
        Tokenizer fresh = Tokenizer.Load(TestFiles.Model);
        int[][] ids = new int[texts.Length][];
        Parallel.For(0, texts.Length, i => ids[i] = fresh.Encode(texts[i]));
        Assert.Equal(expected, ids);
    }
}
