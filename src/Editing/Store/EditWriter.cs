using Microsoft.Data.Sqlite;

namespace Sharpformer.Editing.Store;

/// <summary>
/// Writes rows with their checksums within one transaction, each kind of row by a statement that is prepared once. Events go behind
/// those of <paramref name="history"/>, which grows; whoever rolls the transaction back must forget it.
/// </summary>
internal sealed class EditWriter(SqliteConnection connection, EditHistory history) : IDisposable
{
    private readonly FieldHash hash = new();

    private readonly SqliteCommand insertEdit = connection.Command(
        $"""
        INSERT INTO edits ({EditRow.Columns})
        VALUES ($id, $method, $settings, $prompt, $target, $subject, $source, $paraphrases, $prompt_tokens, $target_tokens, $batch,
            $final_loss, $parts_sum, $sum)
        """);

    private readonly SqliteCommand insertPart = connection.Command(
        "INSERT INTO parts (edit_id, name, shape, data) VALUES ($edit, $name, $shape, $data)");

    private readonly SqliteCommand insertEvent = connection.Command(
        """
        INSERT INTO events (seq, change, edit_id, at, user, action, reason, version, detail, sum)
        VALUES ($seq, $change, $edit, $at, $user, $action, $reason, $version, $detail, $sum)
        """);

    /// <summary>What has happened, this transaction's events included.</summary>
    public EditHistory History => history;

    /// <summary>Inserts an edit, which has its id, and its parts, which are in the order of their names.</summary>
    public void Insert(Edit edit)
    {
        foreach (EditPart part in edit.Parts) PartRows.Add(hash, part.Name, PartRows.Shape(part.Shape), PartRows.Bytes(part.Values));
        Insert(EditRow.Of(edit, hash.Finish()), edit.Parts);
    }

    /// <summary>Inserts an edit's row and parts, which are not looked at.</summary>
    public void Insert(EditRow row, IReadOnlyList<EditPart> parts)
    {
        Insert(row);
        foreach (EditPart part in parts)
        {
            insertPart.With(
                ("$edit", row.Id), ("$name", part.Name), ("$shape", PartRows.Shape(part.Shape)),
                ("$data", PartRows.Bytes(part.Values))).ExecuteNonQuery();
        }
    }

    /// <summary>Inserts an edit's row alone: its parts are there.</summary>
    public void Insert(EditRow row) => insertEdit.With(
        ("$id", row.Id), ("$method", row.Method), ("$settings", row.Settings), ("$prompt", row.Prompt), ("$target", row.Target),
        ("$subject", row.Subject), ("$source", row.Source), ("$paraphrases", row.Paraphrases), ("$prompt_tokens", row.PromptTokens),
        ("$target_tokens", row.TargetTokens), ("$batch", row.Batch), ("$final_loss", row.FinalLoss), ("$parts_sum", row.PartsSum),
        ("$sum", row.Sum(hash))).ExecuteNonQuery();

    /// <summary>Writes an event behind all others, which gives it its number.</summary>
    public EditEvent Append(EditEvent line)
    {
        line = line with { Seq = history.LastSeq + 1 };
        string sum = EventRows.Sum(hash, history.LastSum, line);
        history.Append(line, sum);
        insertEvent.With(
            ("$seq", line.Seq), ("$change", line.Change), ("$edit", line.EditId), ("$at", EditRow.Time(line.At)), ("$user", line.User),
            ("$action", EventRows.Name(line.Action)), ("$reason", line.Reason), ("$version", line.Version),
            ("$detail", EventRows.Detail(line.Detail)), ("$sum", sum)).ExecuteNonQuery();
        return line;
    }

    /// <summary>Notes where the history ends: the last thing to do before the transaction is committed.</summary>
    public void End() => connection.Execute(
        "INSERT OR REPLACE INTO head (one, seq, sum) VALUES (1, $seq, $sum)", ("$seq", history.LastSeq), ("$sum", history.LastSum));

    public void Dispose()
    {
        hash.Dispose();
        foreach (SqliteCommand command in (SqliteCommand[])[insertEdit, insertPart, insertEvent]) command.Dispose();
    }
}
