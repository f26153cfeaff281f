using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>Rows to edits, parts aside: every number with its exact bits, times as ISO-8601 UTC text.</summary>
internal static class EditRows
{
    /// <summary>What to do about a file that holds what this program never writes.</summary>
    public const string Tampered = "the file was changed by another program; fetch a copy from a backup.";

    /// <summary>Columns of the view <c>edit_states</c> in the order <see cref="Read"/> expects.</summary>
    public const string Columns = """
        id, status, created_at, withdrawn_at, removed_at, prompt, target, subject, source, prompt_tokens, target_tokens, method,
        settings, batch, final_loss
        """;

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'";

    /// <summary>The edit in the reader's row, its parts still missing.</summary>
    /// <param name="r">Columns as in <see cref="Columns"/>.</param>
    /// <param name="settings">Settings read before, by method and text: thousands of edits share a few.</param>
    /// <param name="path">The store, for messages.</param>
    /// <exception cref="InputException">A field does not hold what the store writes there.</exception>
    public static Edit Read(SqliteDataReader r, Dictionary<(string Method, string Json), EditSettings> settings, string path) =>
        Parsed(r, path, row => Parse(row, settings));

    /// <summary>What <paramref name="parse"/> makes of a row whose first column is an edit's id.</summary>
    /// <exception cref="InputException">A field does not hold what the store writes there.</exception>
    public static T Parsed<T>(SqliteDataReader r, string path, Func<SqliteDataReader, T> parse)
    {
        try
        {
            return parse(r);
        }
        catch (InputException error)
        {
            throw new InputException($"Edit store '{path}', edit {r.GetInt64(0)}: {error.Message}", null, error);
        }
        catch (Exception error) when (error is FormatException or OverflowException or JsonException or InvalidCastException)
        {
            throw new InputException(
                $"Edit store '{path}': edit {r.GetInt64(0)} has a field that cannot be read ({error.Message})", Tampered, error);
        }
    }

    /// <summary>Token ids as the JSON text that is stored and searched for.</summary>
    public static string Tokens(int[] ids) => $"[{string.Join(',', ids)}]";

    /// <summary>Token ids as stored.</summary>
    public static int[] ParseTokens(string json) => JsonSerializer.Deserialize<int[]>(json) ?? [];

    /// <summary>A time as stored.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    /// <summary>A stored time.</summary>
    public static DateTimeOffset ParseTime(string text) =>
        DateTimeOffset.ParseExact(text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static Edit Parse(SqliteDataReader r, Dictionary<(string, string), EditSettings> settings) => new()
    {
        Id = r.GetInt64(0),
        Status = Text(r, 1) switch
        {
            "active" => EditStatus.Active,
            "withdrawn" => EditStatus.Withdrawn,
            "removed" => EditStatus.Removed,
            _ => throw new FormatException("no event tells its status"),
        },
        CreatedAt = ParseTime(Text(r, 2) ?? throw new FormatException("no event tells when it was added")),
        WithdrawnAt = Text(r, 3) is { } withdrawn ? ParseTime(withdrawn) : null,
        RemovedAt = Text(r, 4) is { } removed ? ParseTime(removed) : null,
        Request = new EditRequest(r.GetString(5), r.GetString(6), Text(r, 7), r.GetString(8)),
        PromptTokens = ParseTokens(r.GetString(9)),
        TargetTokens = ParseTokens(r.GetString(10)),
        Settings = Settings(r.GetString(11), r.GetString(12), settings),
        Batch = r.GetInt64(13),
        FinalLoss = r.IsDBNull(14) ? null : r.GetDouble(14),
        Parts = [],
    };

    private static EditSettings Settings(string method, string json, Dictionary<(string, string), EditSettings> known) =>
        known.TryGetValue((method, json), out EditSettings? settings) ? settings : known[(method, json)] = EditSettings.Parse(method, json);

    private static string? Text(SqliteDataReader r, int column) => r.IsDBNull(column) ? null : r.GetString(column);
}
