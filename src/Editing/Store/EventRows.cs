using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>What happened to edits, line by line.</summary>
internal static class EventRows
{
    /// <summary>The lines of one edit, or of all where <paramref name="id"/> is null, oldest first.</summary>
    /// <exception cref="InputException">A line does not hold what the store writes there.</exception>
    public static List<EditEvent> Read(SqliteConnection connection, long? id, string path)
    {
        List<EditEvent> events = [];
        string which = id is null ? "" : "WHERE edit_id = $id";
        using SqliteCommand command = connection.Command(
            $"SELECT edit_id, seq, at, user, action, reason, version FROM events {which} ORDER BY seq", ("$id", id));
        using SqliteDataReader r = command.ExecuteReader();
        while (r.Read()) events.Add(EditRows.Parsed(r, path, Parse));
        return events;
    }

    /// <summary>An action as stored.</summary>
    public static string Name(EditAction action) => action switch
    {
        EditAction.Added => "added",
        EditAction.Withdrawn => "withdrawn",
        EditAction.Restored => "restored",
        _ => "removed",
    };

    private static EditEvent Parse(SqliteDataReader r) => new(
        r.GetInt64(1), r.GetInt64(0), EditRows.ParseTime(r.GetString(2)), r.GetString(3),
        Enum.GetValues<EditAction>().Cast<EditAction?>().FirstOrDefault(action => Name(action!.Value) == r.GetString(4))
            ?? throw new FormatException($"action {Quoted.Text(r.GetString(4))} is unknown"),
        r.IsDBNull(5) ? null : r.GetString(5), r.GetString(6));
}
