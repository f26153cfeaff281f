using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>The one row of the table <c>identity</c>, with whose checksum the history begins.</summary>
internal static class IdentityRow
{
    /// <summary>Whom the edits belong to; null where that was not said yet.</summary>
    /// <exception cref="InputException">The row does not hold what the store writes there.</exception>
    public static StoreIdentity? Read(SqliteConnection connection, string path)
    {
        using SqliteCommand command = connection.Command("SELECT one, weights, tokenizer, n_embd, config FROM identity");
        using SqliteDataReader reader = command.ExecuteReader();
        if (!reader.Read()) return null;
        return EditRow.Parsed(reader, path, "identity", Parse);
    }

    /// <summary>Says whom the edits of a store without any belong to, within the caller's transaction.</summary>
    /// <returns>The history that begins with it.</returns>
    public static EditHistory Write(SqliteConnection connection, StoreIdentity identity)
    {
        connection.Execute(
            """
            INSERT OR REPLACE INTO identity (one, weights, tokenizer, n_embd, config) VALUES (1, $weights, $tokenizer, $n_embd, $config)
            """,
            ("$weights", identity.Model.Weights), ("$tokenizer", identity.Model.Tokenizer), ("$n_embd", identity.NEmbd),
            ("$config", identity.Config));
        return new EditHistory(Sum(identity));
    }

    /// <summary>The row's checksum: over weights, tokenizer, n_embd and config.</summary>
    public static string Sum(StoreIdentity identity)
    {
        using var hash = new FieldHash();
        return hash.Text(identity.Model.Weights).Text(identity.Model.Tokenizer).Integer(identity.NEmbd).Text(identity.Config).Finish();
    }

    private static StoreIdentity Parse(SqliteDataReader r)
    {
        long nEmbd = r.GetInt64(3);
        return nEmbd is > 0 and <= int.MaxValue
            ? new StoreIdentity(new ModelFingerprint(r.GetString(1), r.GetString(2)), (int)nEmbd, EditRow.Text(r, 4))
            : throw new FormatException($"n_embd is {nEmbd}");
    }
}
