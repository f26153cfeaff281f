using System.Diagnostics;
using System.Text;
using Microsoft.ML.Tokenizers;
using Sharpformer.Transformer.Tokenization;
using Sharpformer.Transformer.Tokenization.Models;

namespace Sharpformer.Tests.Transformer.Tokenization.Models;

/// <summary>Merging held to Microsoft's encoder, an implementation that shares nothing with this one.</summary>
public class ByteLevelBpeTests
{
    private static readonly string[] Gpt2Tokens = VocabularyFiles.ReadVocabulary(TestFiles.Data("gpt2-bpe/vocab.json"));
    private static readonly List<string> Gpt2Merges =
        VocabularyFiles.ReadMerges(TestFiles.Data("gpt2-bpe/merges.txt"), Gpt2Tokens.ToHashSet());

    private static readonly string[] Alphabets = ["ACGT", "a", "ab", "aeinrst", " \u00e9日😀x", "=-*_/\\", "0123456789", "\n\t\r "];

    [Fact]
    public void Words_of_few_letters_have_the_ids_of_another_encoder()
    {
        var merger = new ByteLevelBpe(Gpt2Tokens, Gpt2Merges);
        BpeTokenizer peer = Peer(Gpt2Tokens, Gpt2Merges);
        for (int seed = 0; seed < 2000; seed++) AssertSame(peer, merger, Word(new Random(seed), 120));
    }

    // Ranks of a trained list grow with the tokens; those of a list made by hand may do anything.
    [Fact]
    public void So_they_have_where_the_order_of_merges_is_arbitrary()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            List<string> tokens = [.. Enumerable.Range(0, 256).Select(b => ByteAlphabet.Symbol((byte)b).ToString())];
            var merges = new HashSet<string>();
            List<string> pool = [.. "acgt".Select(c => c.ToString())];
            for (int i = 0; i < 30; i++)
            {
                string left = pool[random.Next(pool.Count)], right = pool[random.Next(pool.Count)];
                if (!merges.Add($"{left} {right}")) continue;
                if (!tokens.Contains(left + right)) tokens.Add(left + right);
                pool.Add(left + right);
            }

            string[] shuffled = [.. merges];
            random.Shuffle(shuffled);
            var merger = new ByteLevelBpe([.. tokens], shuffled);
            BpeTokenizer peer = Peer([.. tokens], [.. shuffled]);
            for (int word = 0; word < 20; word++)
                AssertSame(peer, merger, string.Concat(Enumerable.Range(0, random.Next(1, 60)).Select(_ => "acgt"[random.Next(4)])));
        }
    }

    [Theory]
    [InlineData("ACGT")]
    [InlineData("a")]
    [InlineData("é日")]
    public void A_word_of_400_000_letters_takes_no_time(string letters)
    {
        string word = string.Concat(Enumerable.Repeat(letters, 400_000 / letters.Length));
        var ids = new List<int>();
        long start = Stopwatch.GetTimestamp();
        new ByteLevelBpe(Gpt2Tokens, Gpt2Merges).Encode(word, ids);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 5); // a third of one here, and minutes if it were quadratic
        Assert.Equal(Encoding.UTF8.GetByteCount(word), ids.Sum(id => Gpt2Tokens[id].Length));
    }

    private static string Word(Random random, int longest)
    {
        Rune[] alphabet = [.. Alphabets[random.Next(Alphabets.Length)].EnumerateRunes()];
        return string.Concat(Enumerable.Range(0, random.Next(1, longest)).Select(_ => alphabet[random.Next(alphabet.Length)]));
    }

    private static void AssertSame(BpeTokenizer peer, ByteLevelBpe merger, string word)
    {
        var ids = new List<int>();
        merger.Encode(word, ids);
        Assert.Equal(peer.EncodeToIds(word), ids);
        var again = new List<int>();
        merger.Encode(word, again); // kept from before, as a rule
        Assert.Equal(ids, again);
    }

    private static BpeTokenizer Peer(string[] tokens, List<string> merges) =>
        BpeTokenizer.Create(new BpeOptions(tokens.Select((token, id) => KeyValuePair.Create(token, id)))
        {
            Merges = merges,
            ByteLevel = true,
            PreTokenizer = new Whole(),
        });

    private sealed class Whole : PreTokenizer
    {
        public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) => [(0, text.Length)];

        public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) => [(0, text.Length)];
    }
}
