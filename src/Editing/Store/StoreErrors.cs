using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;
using SQLitePCL;

namespace Sharpformer.Editing.Store;

/// <summary>Turns SQLite's error codes into sentences for whoever owns the file.</summary>
internal static partial class StoreErrors
{
    /// <summary>The sentence for <paramref name="error"/>; damage is located with quick_check where the file can still be read.</summary>
    public static InputException Explain(SqliteException error, string path, SqliteConnection? connection) =>
        (IsFull(error) ? raw.SQLITE_FULL : error.SqliteErrorCode) switch
        {
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new InputException(
                $"Edit store '{path}' is locked by another process (waited {connection?.DefaultTimeout} s).",
                "wait until that one is done, or stop it.", error)
            {
                Kind = ErrorKind.Busy,
            },
            raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_AUTH => ReadOnly(path, error),
            raw.SQLITE_FULL => new InputException(
                $"Edit store '{path}': the disk is full, so this change was not stored; everything stored before it is intact.",
                "free some space and run it again.", error),
            raw.SQLITE_CORRUPT => new InputException(
                $"Edit store '{path}' is damaged ({FirstFinding(connection) ?? $"SQLite's error {error.SqliteExtendedErrorCode}"}).",
                "fetch a copy of the whole file from a backup.", error),
            raw.SQLITE_NOTADB => new InputException(
                $"'{path}' is no edit store: expected an SQLite database, got another kind of file.",
                "check the path.", error),
            raw.SQLITE_CANTOPEN => new InputException(
                $"Edit store '{path}' cannot be opened.",
                "check that the file and its folder may be read, and written where edits are to change.", error),
            raw.SQLITE_IOERR => new InputException(
                $"Edit store '{path}' could not be read or written (I/O error {error.SqliteExtendedErrorCode}).",
                "check the disk.", error),
            raw.SQLITE_NOMEM => new InputException(
                $"Edit store '{path}': there is too little memory for it.", "free some, or allow this program more of it.", error),
            raw.SQLITE_INTERRUPT => new InputException(
                $"Edit store '{path}' is damaged: reading it does not come to an end.", EditRow.Tampered, error),
            raw.SQLITE_TOOBIG or raw.SQLITE_MISMATCH or raw.SQLITE_CONSTRAINT => new InputException(
                $"Edit store '{path}' is damaged: it has a row that no edit store has ({error.SqliteExtendedErrorCode}).",
                EditRow.Tampered, error),
            _ => new InputException(
                $"Edit store '{path}' cannot be used (SQLite's error {error.SqliteExtendedErrorCode}).", EditRow.Tampered, error),
        };

    /// <summary>Whether it is the disk that has no room.</summary>
    public static bool IsFull(SqliteException error) =>
        error.SqliteErrorCode == raw.SQLITE_FULL || error.SqliteExtendedErrorCode == raw.SQLITE_IOERR_SHMSIZE;

    /// <summary>The sentence for a log that a full disk leaves no room to read.</summary>
    public static InputException NoRoomToRead(string path, SqliteException error) => new(
        $"Edit store '{path}': the disk is full, and its last edits, which are still in its log, take some room to be read.",
        "free some space and run it again.", error)
    {
        Kind = ErrorKind.Busy,
    };

    /// <summary>The sentence for a change asked of a store that may only be read.</summary>
    public static InputException ReadOnly(string path, Exception? error = null) => new(
        $"Edit store '{path}' is read-only, so its edits cannot be changed.",
        "copy it to a folder that may be written.", error);

    /// <summary>What SQLite's own check has found, in the words of whoever owns the file.</summary>
    /// <param name="text">A row of its answer.</param>
    public static IEnumerable<string> Findings(string text) => text.Split('\n')
        .Where(line => line.Length > 0 && !line.StartsWith("***", StringComparison.Ordinal))
        .Select(line => PageNumber().Match(line) is { Success: true } page ? $"page {page.Groups[1].Value} is damaged"
            : line.Contains("index", StringComparison.Ordinal) ? "what finds its rows does not go with them"
            : line.StartsWith("Freelist", StringComparison.Ordinal) ? "the list of its free pages is damaged"
            : "a table is damaged");

    [GeneratedRegex("page ([0-9]+)", RegexOptions.IgnoreCase)]
    private static partial Regex PageNumber();

    private static string? FirstFinding(SqliteConnection? connection)
    {
        if (connection is null) return null;
        try
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "PRAGMA quick_check(1)";
            return command.ExecuteScalar() is string found && found != "ok" ? Findings(found).FirstOrDefault() : null;
        }
        catch (SqliteException)
        {
            return null; // too damaged even for the check
        }
    }
}
