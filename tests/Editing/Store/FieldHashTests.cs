using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>The checksums of a file, made anew from what docs say about them and without the code that makes them.</summary>
public sealed class FieldHashTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_checksum_is_sha_256_over_the_fields_with_their_lengths()
    {
        using (EditStore store = EditStore.Open(_folder.File, create: true, StoreFolder.NewClock(), author: StoreFolder.Author))
        {
            store.Bind(StoreFolder.Model, StoreFolder.NEmbd, config: """{"n_head":8}""");
            Edit edit = StoreFolder.Edit(1);
            store.AddOnce([edit with { Request = edit.Request with { Paraphrases = ["x", "ü"] } }, StoreFolder.Edit(2)]);
            store.AddOnce([StoreFolder.Edit(3) with { FinalLoss = -0.0 }], "newer", [[1]]);
        }

        using var connection = new SqliteConnection($"Data Source={_folder.File};Mode=ReadOnly;Pooling=False");
        connection.Open();
        string last = Sum(StoreFolder.Rows(connection, "SELECT weights, tokenizer, n_embd, config FROM identity")[0]);
        foreach (object?[] line in StoreFolder.Rows(
            connection,
            "SELECT sum, seq, edit_id, change, at, user, action, reason, version, detail FROM events ORDER BY seq"))
        {
            last = Sum([last, .. line[1..]]);
            Assert.Equal(line[0], last);
        }

        Assert.Equal(last, StoreFolder.Rows(connection, "SELECT sum FROM head")[0][0]);
        List<object?[]> edits = StoreFolder.Rows(connection, """
            SELECT sum, id, method, settings, prompt, target, subject, source, paraphrases, prompt_tokens, target_tokens, batch, final_loss,
                parts_sum
            FROM edits
            """);
        Assert.Equal(3, edits.Count);
        foreach (object?[] edit in edits)
        {
            Assert.Equal(edit[0], Sum(edit[1..]));
            List<object?[]> parts = StoreFolder.Rows(
                connection, $"SELECT name, shape, data FROM parts WHERE edit_id = {edit[1]} ORDER BY name");
            Assert.Equal(edit[^1], Sum([.. parts.SelectMany(part => part)]));
        }
    }

    [Theory]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(100_000)]
    public void Long_fields_are_not_cut(int length)
    {
        string text = string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + i % 26)));
        using var hash = new FieldHash();
        Assert.Equal(Sum([7L, text, 0.5, DBNull.Value]), hash.Integer(7).Text(text).Real(0.5).Text(null).Finish());
        Assert.Equal(Sum([]), hash.Finish());
        Assert.NotEqual(hash.Text("ab").Text("c").Finish(), hash.Text("a").Text("bc").Finish());
    }

    private static string Sum(object?[] fields)
    {
        using var bytes = new MemoryStream();
        foreach (object? field in fields)
        {
            byte[]? of = field switch
            {
                string text => Encoding.UTF8.GetBytes(text),
                long integer => BitConverter.GetBytes(integer),
                double real => BitConverter.GetBytes(real),
                byte[] blob => blob,
                _ => null,
            };
            bytes.Write(BitConverter.GetBytes(of?.Length ?? -1));
            bytes.Write(of ?? []);
        }

        return string.Concat(SHA256.HashData(bytes.ToArray()).Select(b => b.ToString("x2", CultureInfo.InvariantCulture)));
    }
}
