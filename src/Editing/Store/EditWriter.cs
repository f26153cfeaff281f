using System.Buffers.Binary;
using Microsoft.Data.Sqlite;

namespace Sharpformer.Editing.Store;

/// <summary>Writes rows within one transaction, each kind of row by a statement that is prepared once.</summary>
internal sealed class EditWriter(SqliteConnection connection) : IDisposable
{
    private readonly SqliteCommand insertEdit = connection.Command(
        """
        INSERT INTO edits (id, method, settings, prompt, target, subject, source, prompt_tokens, target_tokens, batch, final_loss)
        VALUES ($id, $method, $settings, $prompt, $target, $subject, $source, $prompt_tokens, $target_tokens, $batch, $final_loss)
        RETURNING id
        """);

    private readonly SqliteCommand insertPart = connection.Command(
        "INSERT INTO parts (edit_id, name, shape, data) VALUES ($edit, $name, $shape, $data)");

    private readonly SqliteCommand insertEvent = connection.Command(
        "INSERT INTO events (edit_id, at, user, action, reason, version) VALUES ($edit, $at, $user, $action, $reason, $version)");

    private readonly SqliteCommand findFact = connection.Command(FirstOfFact);

    /// <summary>The id of the first edit that teaches a fact; null, in a row of its own, if there is none.</summary>
    public const string FirstOfFact =
        "SELECT min(id) FROM edit_states WHERE prompt = $prompt AND target_tokens = $tokens AND status <> 'removed'";

    /// <summary>The id of the first edit that is not removed and teaches what <paramref name="edit"/> does.</summary>
    public long? IdOf(Edit edit) =>
        findFact.With(("$prompt", edit.Request.Prompt), ("$tokens", EditRows.Tokens(edit.TargetTokens))).ExecuteScalar() as long?;

    /// <summary>Inserts an edit and its parts; one that has an id keeps it. Returns the id.</summary>
    public long Insert(Edit edit)
    {
        EditRequest request = edit.Request;
        long id = (long)insertEdit.With(
            ("$id", edit.Id == 0 ? null : edit.Id), ("$method", edit.Method), ("$settings", edit.Settings.ToJson()),
            ("$prompt", request.Prompt), ("$target", request.Target), ("$subject", request.Subject), ("$source", request.Source),
            ("$prompt_tokens", EditRows.Tokens(edit.PromptTokens)), ("$target_tokens", EditRows.Tokens(edit.TargetTokens)),
            ("$batch", edit.Batch), ("$final_loss", edit.FinalLoss)).ExecuteScalar()!;
        foreach (EditPart part in edit.Parts)
        {
            string shape = $"[{string.Join(',', part.Shape)}]";
            insertPart.With(("$edit", id), ("$name", part.Name), ("$shape", shape), ("$data", Bytes(part.Values))).ExecuteNonQuery();
        }

        return id;
    }

    /// <summary>Writes an event behind all others; its own number is ignored.</summary>
    public void Append(EditEvent line) => insertEvent.With(
        ("$edit", line.EditId), ("$at", EditRows.Time(line.At)), ("$user", line.User), ("$action", EventRows.Name(line.Action)),
        ("$reason", line.Reason), ("$version", line.Version)).ExecuteNonQuery();

    public void Dispose()
    {
        foreach (SqliteCommand command in (SqliteCommand[])[insertEdit, insertPart, insertEvent, findFact]) command.Dispose();
    }

    private static byte[] Bytes(float[] values)
    {
        var bytes = new byte[values.Length * sizeof(float)];
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        return bytes;
    }
}
