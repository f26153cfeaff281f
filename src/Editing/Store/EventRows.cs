using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Store;

/// <summary>The table <c>events</c>, a chain: each line's checksum covers the one before, and <c>head</c> knows the last.</summary>
internal static class EventRows
{
    private static readonly EditAction[] Actions = Enum.GetValues<EditAction>();
    private static readonly string[] Names = [.. Actions.Select(action => action.ToString().ToLowerInvariant())];

    private const string Columns = "seq, edit_id, change, at, user, action, reason, version, detail, sum";

    private static readonly JsonSerializerOptions DetailOptions = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        TypeInfoResolver = EditingJson.Default,
    };

    /// <summary>The history that goes on where <paramref name="known"/> ends, within one transaction of the caller.</summary>
    /// <param name="connection">The store.</param>
    /// <param name="known">What was read before; it grows.</param>
    /// <param name="identity">Whose store it is; null where that is not known yet.</param>
    /// <param name="path">The store, for messages.</param>
    /// <exception cref="InputException">A line is missing, cannot be read or is not what was written.</exception>
    public static EditHistory ReadOn(SqliteConnection connection, EditHistory? known, StoreIdentity? identity, string path)
    {
        if (known is null || !IsThere(connection, known)) known = new EditHistory(identity is null ? "" : IdentityRow.Sum(identity));
        var texts = new RowTexts();
        using var hash = new FieldHash();
        using (SqliteCommand command = connection.Command(
            $"SELECT {Columns} FROM events WHERE seq > $last ORDER BY seq", ("$last", known.LastSeq)))
        using (SqliteDataReader reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                EditRow.Parsed(reader, path, "event", r =>
                {
                    (EditEvent line, string sum) = Parse(r, texts);
                    if (!Add(hash, known.LastSum, line).FinishesAs(sum))
                        throw new FormatException($"its checksum is not that of what was done to edit {line.EditId}");
                    known.Append(line, sum);
                    return line;
                });
            }
        }

        (long Seq, string Sum)? head = Head(connection);
        if (head is null && known.LastSeq == 0 && identity is null) return known;
        return head is { } last && last == (known.LastSeq, known.LastSum) ? known : throw new InputException(
            head is { Seq: var expected } && expected > known.LastSeq
                ? $"Edit store '{path}': its history ends with event {known.LastSeq}, expected {expected}."
                : $"Edit store '{path}': its history does not end as it was written.",
            EditRow.Tampered);
    }

    /// <summary>One event as it lies there, and its checksum.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    public static (EditEvent Line, string Sum) ReadOne(SqliteConnection connection, long seq, string path)
    {
        using SqliteCommand command = connection.Command($"SELECT {Columns} FROM events WHERE seq = $seq", ("$seq", seq));
        using SqliteDataReader reader = command.ExecuteReader();
        if (!reader.Read()) throw new InputException($"Edit store '{path}': event {seq} cannot be found.", EditRow.Tampered);
        return EditRow.Parsed(reader, path, "event", r => Parse(r, new RowTexts()));
    }

    /// <summary>An event's checksum: over the one before and all fields of its own.</summary>
    public static string Sum(FieldHash hash, string previous, EditEvent line) => Add(hash, previous, line).Finish();

    private static FieldHash Add(FieldHash hash, string previous, EditEvent line) => hash
        .Text(previous).Integer(line.Seq).Integer(line.EditId).Integer(line.Change).Text(EditRow.Time(line.At)).Text(line.User)
        .Text(Name(line.Action)).Text(line.Reason).Text(line.Version).Text(Detail(line.Detail));

    /// <summary>An action as stored.</summary>
    public static string Name(EditAction action) => Names[Array.IndexOf(Actions, action)];

    /// <summary>The action of a name.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static EditAction Action(string name)
    {
        int at = Array.IndexOf(Names, name);
        return at >= 0 ? Actions[at] : throw new FormatException($"action {Quoted.Text(name)} is unknown");
    }

    /// <summary>A detail as stored.</summary>
    public static string? Detail(EditEventDetail? detail) =>
        detail is null ? null : JsonSerializer.Serialize(detail, DetailOptions.InfoOf<EditEventDetail>());

    /// <summary>Where the history ends; null where that is not said.</summary>
    public static (long Seq, string Sum)? Head(SqliteConnection connection)
    {
        using SqliteCommand command = connection.Command("SELECT seq, sum FROM head");
        using SqliteDataReader reader = command.ExecuteReader();
        if (!reader.Read() || reader.IsDBNull(0) || reader.IsDBNull(1)) return null; // a damaged row has NULL where none may be
        return (reader.GetInt64(0), reader.GetString(1));
    }

    // The file may be another one by now, put in the place of the one that was read.
    private static bool IsThere(SqliteConnection connection, EditHistory known) =>
        known.LastSeq > 0 && connection.Scalar<string>("SELECT sum FROM events WHERE seq = $seq", ("$seq", known.LastSeq)) == known.LastSum;

    private static (EditEvent Line, string Sum) Parse(SqliteDataReader r, RowTexts texts) => (
        new EditEvent(
            r.GetInt64(0), r.GetInt64(2), r.GetInt64(1), EditRow.ParseTime(texts.Of(r, 3)), texts.Of(r, 4), Action(texts.Of(r, 5)),
            texts.OrNull(r, 6), texts.Of(r, 7),
            EditRow.Text(r, 8) is { } detail ? JsonSerializer.Deserialize(detail, DetailOptions.InfoOf<EditEventDetail>()) : null),
        r.GetString(9));
}
