using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Store;

/// <summary>
/// A row of the table <c>edits</c> as it lies there: lists are JSON, settings are what <see cref="EditSettings.ToJson"/> wrote.
/// </summary>
internal sealed record EditRow(
    long Id, string Method, string Settings, string Prompt, string Target, string? Subject, string Source, string? Paraphrases,
    string PromptTokens, string TargetTokens, long Batch, double? FinalLoss)
{
    /// <summary>What to do about a file that holds what this program never writes.</summary>
    public const string Tampered = "the file was damaged or changed by another program; fetch a copy from a backup.";

    /// <summary>The columns in the order that <see cref="Read"/> expects.</summary>
    public const string Columns = """
        id, method, settings, prompt, target, subject, source, paraphrases, prompt_tokens, target_tokens, batch, final_loss, parts_sum, sum
        """;

    private static readonly JsonSerializerOptions StrictJson = new()
    {
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        TypeInfoResolver = EditingJson.Default,
    };

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'";

    /// <summary>The checksum of the parts that it was stored with, see <see cref="PartRows"/>.</summary>
    public required string PartsSum { get; init; }

    /// <summary>An edit's row.</summary>
    public static EditRow Of(Edit edit, string partsSum) => new(
        edit.Id, edit.Method, edit.Settings.ToJson(), edit.Request.Prompt, edit.Request.Target, edit.Request.Subject, edit.Request.Source,
        Others(edit.Request),
        Tokens(edit.PromptTokens), Tokens(edit.TargetTokens), edit.Batch, edit.FinalLoss)
    {
        PartsSum = partsSum,
    };

    /// <summary>The reader's row.</summary>
    /// <param name="r">Columns as in <see cref="Columns"/>.</param>
    /// <param name="hash">Used for its checksum.</param>
    /// <param name="texts">Of the rows before.</param>
    /// <param name="path">The store, for messages.</param>
    /// <exception cref="InputException">It cannot be read, or its checksum is another.</exception>
    public static EditRow Read(SqliteDataReader r, FieldHash hash, RowTexts texts, string path)
    {
        (EditRow row, string sum) = Parsed(r, path, "edit", r => Parse(r, texts));
        return row.AddTo(hash).FinishesAs(sum) ? row : throw new InputException(
            $"Edit store '{path}': edit {row.Id} is not what was stored, its checksum differs.", Tampered);
    }

    /// <summary>One row.</summary>
    /// <exception cref="InputException">It cannot be read, or its checksum is another.</exception>
    public static EditRow ReadOne(SqliteConnection connection, long id, FieldHash hash, string path)
    {
        using SqliteCommand command = connection.Command($"SELECT {Columns} FROM edits WHERE id = $id", ("$id", id));
        using SqliteDataReader reader = command.ExecuteReader();
        if (!reader.Read()) throw new InputException($"Edit store '{path}': edit {id} cannot be found.", Tampered);
        return Read(reader, hash, new RowTexts(), path);
    }

    /// <summary>Its checksum: over all fields in their order, <see cref="PartsSum"/> last.</summary>
    public string Sum(FieldHash hash) => AddTo(hash).Finish();

    /// <summary>The edit, its parts still missing.</summary>
    /// <param name="state">What the events say of it.</param>
    /// <param name="known">Settings read before, by method and text: thousands of edits share a few.</param>
    /// <param name="path">The store, for messages.</param>
    /// <exception cref="InputException">A field does not hold what the store writes there.</exception>
    public Edit ToEdit(EditState state, Dictionary<(string Method, string Json), EditSettings> known, string path) =>
        Parsed(Id, path, "edit", () => new Edit
        {
            Id = Id,
            Status = state.Status,
            CreatedAt = state.CreatedAt,
            WithdrawnAt = state.WithdrawnAt,
            RemovedAt = state.RemovedAt,
            SupersededBy = state.SupersededBy,
            Request = WithOthers(new EditRequest(Prompt, Target, Subject, Source)),
            PromptTokens = ParseTokens(PromptTokens),
            TargetTokens = ParseTokens(TargetTokens),
            Settings = ParseSettings(known),
            Batch = Batch,
            FinalLoss = FinalLoss,
            Parts = [],
        });

    /// <summary>The settings alone.</summary>
    /// <exception cref="InputException">They cannot be read.</exception>
    public EditSettings ReadSettings(string path) => Parsed(Id, path, "edit", () => ParseSettings([]));

    /// <summary>What <paramref name="parse"/> makes of a row whose first column is the number of an edit or an event.</summary>
    /// <exception cref="InputException">A field does not hold what the store writes there.</exception>
    public static T Parsed<T>(SqliteDataReader r, string path, string kind, Func<SqliteDataReader, T> parse) =>
        Parsed(r.GetInt64(0), path, kind, () => parse(r));

    /// <summary>Token ids as the JSON text that is stored and searched for.</summary>
    public static string Tokens(int[] ids) => $"[{string.Join(',', ids)}]";

    /// <summary>Token ids as stored.</summary>
    public static int[] ParseTokens(string json)
    {
        int[] tokens = PlainTokens(json) ?? JsonSerializer.Deserialize(json, EditingJson.Default.Int32Array) ?? [];
        if (tokens.Length == 0) throw new FormatException("it has no tokens");
        return tokens.All(token => token >= 0) ? tokens : throw new FormatException($"token {tokens.Min()}");
    }

    // As the store writes them; null for any other JSON, which a reader of JSON is asked about.
    private static int[]? PlainTokens(string json)
    {
        const int Digits = 9; // no more make an int whatever they are
        if (json is not ['[', _, .., ']']) return null;
        var tokens = new int[json.AsSpan().Count(',') + 1];
        int at = 0, digits = 0;
        foreach (char c in json.AsSpan(1, json.Length - 2))
        {
            if (c == ',' && digits > 0) (at, digits) = (at + 1, 0);
            else if (char.IsAsciiDigit(c) && digits < Digits && (digits == 0 || tokens[at] > 0))
                (tokens[at], digits) = ((tokens[at] * 10) + (c - '0'), digits + 1);
            else return null;
        }

        return digits > 0 ? tokens : null;
    }

    /// <summary>A time as stored.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    /// <summary>A stored time.</summary>
    public static DateTimeOffset ParseTime(string text) =>
        DateTimeOffset.ParseExact(text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    /// <summary>A text column; null where it is NULL.</summary>
    public static string? Text(SqliteDataReader r, int column) => r.IsDBNull(column) ? null : r.GetString(column);

    /// <summary>A column that may be of any type as a real; null where it is NULL.</summary>
    public static double? Real(SqliteDataReader r, int column) => r.GetValue(column) switch
    {
        double real => real,
        DBNull => null,
        var other => throw new FormatException($"{r.GetName(column)} is {other.GetType().Name}, expected a real"),
    };

    /// <inheritdoc cref="Parsed{T}(SqliteDataReader, string, string, Func{SqliteDataReader, T})"/>
    public static T Parsed<T>(long number, string path, string kind, Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (InputException error)
        {
            throw new InputException($"Edit store '{path}', {kind} {number}: {error.Message}", null, error);
        }
        catch (Exception error)
            when (error is FormatException or OverflowException or JsonException or InvalidCastException or InvalidOperationException)
        {
            throw new InputException(
                $"Edit store '{path}': {kind} {number} has a field that cannot be read ({error.Message})", Tampered, error);
        }
    }

    private FieldHash AddTo(FieldHash hash) => hash
        .Integer(Id).Text(Method).Text(Settings).Text(Prompt).Text(Target).Text(Subject).Text(Source).Text(Paraphrases)
        .Text(PromptTokens).Text(TargetTokens).Integer(Batch).Real(FinalLoss).Text(PartsSum);

    private static (EditRow Row, string Sum) Parse(SqliteDataReader r, RowTexts texts) => (
        new EditRow(
            r.GetInt64(0), texts.Of(r, 1), texts.Of(r, 2), r.GetString(3), texts.Of(r, 4), Text(r, 5), r.GetString(6), Text(r, 7),
            r.GetString(8), texts.Of(r, 9), r.GetInt64(10), Real(r, 11))
        {
            PartsSum = r.GetString(12),
        },
        r.GetString(13));

    /// <summary>Paraphrases as a list; where there is provenance as well, both as an object; NULL for neither.</summary>
    private static string? Others(EditRequest request) => (request.Paraphrases.Count, request.Provenance.Count) switch
    {
        (0, 0) => null,
        (_, 0) => JsonSerializer.Serialize(request.Paraphrases, EditingJson.Default.IReadOnlyListString),
        _ => JsonSerializer.Serialize(
            new OtherTexts([.. request.Paraphrases], request.Provenance.ToDictionary()), EditingJson.Default.OtherTexts),
    };

    private EditRequest WithOthers(EditRequest request)
    {
        if (Paraphrases is null) return request;
        OtherTexts others = Paraphrases.StartsWith('{')
            ? JsonSerializer.Deserialize(Paraphrases, StrictJson.InfoOf<OtherTexts>())!
            : new OtherTexts(JsonSerializer.Deserialize(Paraphrases, EditingJson.Default.StringArray) ?? [], []);
        if (others.Paraphrases.Contains(null)) throw new FormatException("a paraphrase is null");
        return request with { Paraphrases = others.Paraphrases, Provenance = Provenance.Of(others.Provenance) };
    }

    private EditSettings ParseSettings(Dictionary<(string, string), EditSettings> known)
    {
        if (known.TryGetValue((Method, Settings), out EditSettings? settings)) return settings;
        settings = EditSettings.Parse(Method, Settings);
        StoreChecks.Finite(settings, "its settings");
        return known[(Method, Settings)] = settings;
    }

    /// <summary>What else is asked of a fact, as one column has it.</summary>
    internal sealed record OtherTexts(
        [property: JsonPropertyName("paraphrases")] string[] Paraphrases,
        [property: JsonPropertyName("provenance")] Dictionary<string, string> Provenance);
}
