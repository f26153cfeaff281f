using System.Globalization;
using System.Text;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>Whatever happens to a file, the store gives the very same answers or says in one sentence that it is damaged.</summary>
public sealed class StoreMutantTests : IDisposable
{
    private const string CountVariable = "SHARPFORMER_STORE_MUTANTS"; // scripts/store-trials.sh asks for more
    private const int PageBytes = 4096;

    private static readonly int Count = int.Parse(
        Environment.GetEnvironmentVariable(CountVariable) ?? "200", CultureInfo.InvariantCulture);

    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void No_mutant_of_a_file_changes_an_answer()
    {
        using (EditStore store = _folder.OpenWith(9))
        {
            store.Withdraw([2, 3], "because");
            store.Restore(3);
            store.Undo();
            store.Remove(4);
        }

        string[] told = [Told(_folder.File)!];
        byte[] whole = File.ReadAllBytes(_folder.File);
        int refused = 0;
        for (int i = 0; i < Count; i++)
        {
            File.WriteAllBytes(_folder.File, Mutant(whole, new Random(i)));
            refused += Judge(_folder.File, told, i);
            foreach (string side in (string[])["-wal", "-shm"]) File.Delete(_folder.File + side);
        }

        Assert.InRange(refused, Count / 4, Count); // some hit what nobody reads
    }

    [Fact]
    public void No_mutant_of_a_log_takes_back_more_than_its_last_transaction()
    {
        string copy = _folder.HotCopy("copy.db", before: 2, inLog: 4);
        byte[] file = File.ReadAllBytes(copy), log = File.ReadAllBytes(copy + "-wal");
        var told = new List<string>();
        foreach (int cut in (int[])[0, 1]) // the last transaction's end is missing: it never was
        {
            Write(log[..^cut]);
            told.Add(Told(copy)!);
        }

        int refused = 0;
        for (int i = 0; i < Count / 4; i++)
        {
            // Two places at once, of which one is the log's end, are as a crash leaves them: swapped pages are for files.
            byte[] mutant = Mutant(log, new Random(i), kinds: 9);
            if (mutant.Length < log.Length) continue; // cut off at a frame it is a log that was never longer
            Write(mutant);
            refused += Judge(copy, [.. told], i);
        }

        Assert.InRange(refused, Count / 16, Count);

        void Write(byte[] bytes)
        {
            File.Delete(copy + "-shm");
            File.WriteAllBytes(copy, file);
            File.WriteAllBytes(copy + "-wal", bytes);
        }
    }

    // 1 where it was refused.
    private static int Judge(string path, string[] allowed, int mutant)
    {
        try
        {
            string? told = Told(path);
            Assert.True(allowed.Contains(told), $"mutant {mutant} changed an answer");
            return 0;
        }
        catch (InputException error)
        {
            Assert.DoesNotContain('\n', error.Message);
            Assert.DoesNotContain("Exception", error.Message, StringComparison.Ordinal);
        }

        if (mutant % 8 == 0) Assert.False(EditStore.Verify(path).IsSound);
        return 1;
    }

    // All that can be asked of a store, bit for bit.
    private static string Told(string path)
    {
        using EditStore store = EditStore.Open(path, readOnly: true);
        var all = new StringBuilder($"{store.Identity} {store.Count()}\n");
        foreach (Edit edit in store.List(withParts: true, includeRemoved: true))
        {
            all.AppendLine(CultureInfo.InvariantCulture, $"{edit} {EditRow.Tokens(edit.PromptTokens)} {EditRow.Tokens(edit.TargetTokens)}");
            foreach (EditPart part in edit.Parts)
                all.AppendLine($"{part.Name} {string.Join(',', part.Shape)} {string.Join(',', StoreFolder.Bits(part.Values))}");
        }

        foreach (EditEvent line in store.Events()) all.AppendLine(line.ToString());
        return all.ToString();
    }

    private static byte[] Mutant(byte[] whole, Random random, int kinds = 10)
    {
        byte[] mutant = [.. whole];
        int pages = whole.Length / PageBytes, at = random.Next(whole.Length), page = random.Next(pages) * PageBytes;
        switch (random.Next(kinds))
        {
            case 0 or 1 or 2 or 3:
                mutant[at] ^= (byte)(1 << random.Next(8));
                return mutant;
            case 4 or 5:
                mutant[at] = (byte)random.Next(256);
                return mutant;
            case 6:
                return mutant[..at];
            case 7:
                mutant.AsSpan(page, PageBytes).Clear();
                return mutant;
            case 8:
                whole.AsSpan(random.Next(pages) * PageBytes, PageBytes).CopyTo(mutant.AsSpan(page));
                return mutant;
            default:
                int other = random.Next(pages) * PageBytes;
                whole.AsSpan(other, PageBytes).CopyTo(mutant.AsSpan(page));
                whole.AsSpan(page, PageBytes).CopyTo(mutant.AsSpan(other));
                return mutant;
        }
    }
}
