using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Exchange;

/// <summary>The first line of a JSON Lines file of edits: what it is, whose edits they are, and how many follow.</summary>
internal sealed record EditLinesHeader(string Format, int Version, ModelFingerprint Model, int NEmbd, string? Config, int Edits)
{
    /// <summary>The name of the format.</summary>
    public const string FormatName = "sharpformer edits";
}

/// <summary>
/// An edit with all there is to know of it: a line of such a file. <c>Sum</c> is a checksum over what matters: the edit as a store has it,
/// its parts, its events, its status and the edit that took over.
/// </summary>
internal sealed record EditLine(
    long Id, string Method, JsonElement Settings, string Prompt, string Target, string? Subject, string Source,
    IReadOnlyList<string> Paraphrases, int[] PromptTokens, int[] TargetTokens, long Batch, double? FinalLoss, EditStatus Status,
    DateTimeOffset CreatedAt, DateTimeOffset? WithdrawnAt, DateTimeOffset? RemovedAt, long? SupersededBy, IReadOnlyList<EditLinePart> Parts,
    IReadOnlyList<EditEvent> Events, string Sum,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, string>? Provenance = null)
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // a file for programs
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters =
        {
            new JsonStringEnumConverter<EditStatus>(JsonNamingPolicy.CamelCase, allowIntegerValues: false),
            new JsonStringEnumConverter<EditAction>(JsonNamingPolicy.CamelCase, allowIntegerValues: false),
        },
        TypeInfoResolver = EditingJson.Default,
    };

    /// <summary>A line as text.</summary>
    public static string ToJson<T>(T line) => JsonSerializer.Serialize(line, Options.InfoOf<T>());

    /// <summary>A line from text.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static T Parse<T>(string json) =>
        JsonSerializer.Deserialize(json, Options.InfoOf<T>()) ?? throw new JsonException("it is null");

    /// <summary>An edit with its parts, and what has happened to it.</summary>
    public static EditLine Of(Edit edit, IReadOnlyList<EditEvent> events)
    {
        using var settings = JsonDocument.Parse(edit.Settings.ToJson());
        var line = new EditLine(
            edit.Id, edit.Method, settings.RootElement.Clone(), edit.Request.Prompt, edit.Request.Target, edit.Request.Subject,
            edit.Request.Source, edit.Request.Paraphrases, edit.PromptTokens, edit.TargetTokens, edit.Batch, edit.FinalLoss, edit.Status,
            edit.CreatedAt, edit.WithdrawnAt, edit.RemovedAt, edit.SupersededBy,
            [.. edit.Parts.Select(part => new EditLinePart(part.Name, part.Shape, PartRows.Bytes(part.Values)))], events, "",
            edit.Request.Provenance.Count == 0 ? null : edit.Request.Provenance.ToDictionary());
        return line with { Sum = line.SumOf(edit) };
    }

    /// <summary>The edit with its parts, after a look whether it is what was written.</summary>
    /// <param name="nEmbd">C: the model's width.</param>
    /// <exception cref="InputException">It is not.</exception>
    /// <exception cref="FormatException">A part does not hold as many numbers as its shape says.</exception>
    public Edit ToEdit(int nEmbd)
    {
        var edit = new Edit
        {
            Id = Id,
            Request = new EditRequest(Prompt, Target, Subject, Source)
            {
                Paraphrases = Paraphrases,
                Provenance = Editing.Provenance.Of(Provenance),
            },
            PromptTokens = PromptTokens,
            TargetTokens = TargetTokens,
            Settings = EditSettings.Parse(Method, Settings.GetRawText()),
            Batch = Batch,
            FinalLoss = FinalLoss,
            Status = Status,
            CreatedAt = CreatedAt,
            WithdrawnAt = WithdrawnAt,
            RemovedAt = RemovedAt,
            SupersededBy = SupersededBy,
            Parts = [.. Parts.Select(part => part.ToPart())],
        };
        if (SumOf(edit) != Sum) throw new FormatException("its checksum is not that of what it says");
        if (PromptTokens.Concat(TargetTokens).Any(token => token < 0)) throw new FormatException("a token is negative");
        if (Status != EditStatus.Removed && edit.Settings.Misfit(edit, nEmbd) is { } misfit) throw new FormatException(misfit);
        return edit;
    }

    private string SumOf(Edit edit)
    {
        using var hash = new FieldHash();
        foreach (EditLinePart part in Parts) PartRows.Add(hash, part.Name, PartRows.Shape(part.Shape), part.Data);
        string sum = EditRow.Of(edit, hash.Finish()).Sum(hash);
        foreach (EditEvent line in Events) sum = EventRows.Sum(hash, sum, line);
        return hash.Text(sum).Text(Status.ToString()).Integer(SupersededBy ?? 0).Finish();
    }
}

/// <summary>A named tensor of an edit.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Data">Its numbers, float32, little-endian; base64 in the file.</param>
internal sealed record EditLinePart(string Name, IReadOnlyList<int> Shape, byte[] Data)
{
    /// <summary>As the store has it.</summary>
    /// <exception cref="FormatException">It does not hold as many numbers as its shape says.</exception>
    public EditPart ToPart() => PartRows.Count(Shape) * sizeof(float) == Data.Length
        ? new EditPart(Name, Shape, PartRows.Floats(Data))
        : throw new FormatException($"part {Quoted.Text(Name)} has {Data.Length} bytes, which is not its shape {PartRows.Shape(Shape)}");
}
