using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>What bringing a store to today's version comes to, whichever it was: the identity, then events and edits behind it.</summary>
internal static class StoreMigration
{
    /// <summary>Fills today's tables, which are there and empty, within the caller's transaction.</summary>
    /// <param name="connection">The store.</param>
    /// <param name="path">Its path, for messages.</param>
    /// <param name="oldIdentity">The table of the old identity.</param>
    /// <param name="move">Given where to write and C, the model's width: moves events and edits.</param>
    /// <exception cref="InputException">The identity cannot be read.</exception>
    public static void Fill(SqliteConnection connection, string path, string oldIdentity, Action<EditWriter, int> move)
    {
        connection.Execute(
            $"INSERT INTO identity (one, weights, tokenizer, n_embd) SELECT one, weights, tokenizer, n_embd FROM {oldIdentity}");
        StoreIdentity? identity = IdentityRow.Read(connection, path);
        var history = new EditHistory(identity is null ? "" : IdentityRow.Sum(identity));
        using var rows = new EditWriter(connection, history);
        move(rows, identity?.NEmbd ?? 0);
        if (identity is not null) rows.End();
    }
}
