using System.IO.Enumeration;
using Sharpformer.Tensors;

namespace Sharpformer.Editing;

/// <summary>Which edits of a store are meant, by what is known of them without their parts. One that asks for nothing means all.</summary>
public sealed class EditFilter
{
    private const string Status = "status";

    private static readonly Dictionary<string, Func<Edit, string>> Fields = new()
    {
        [Status] = edit => NameOf(edit.Status),
        ["method"] = edit => edit.Method,
        ["subject"] = edit => edit.Request.Subject ?? "",
        ["target"] = edit => edit.Request.Target,
        ["source"] = edit => edit.Request.Source,
        ["owner"] = edit => edit.Request.Provenance["owner"] ?? "",
        ["relation"] = edit => edit.Request.Provenance["relation"] ?? "",
    };

    private readonly List<(string Field, string Pattern)> patterns = [];
    private readonly string? text;

    /// <summary>What must hold of an edit; all of it.</summary>
    /// <param name="conditions">
    /// Pairs of one of <see cref="FieldNames"/> and a pattern, in which * stands for any text and ? for one character.
    /// </param>
    /// <param name="text">Stands in its prompt, target, subject, source or a paraphrase, whatever the case; null asks for none.</param>
    /// <exception cref="InputException">There is no such field, or no such status.</exception>
    public EditFilter(IEnumerable<(string Field, string Pattern)> conditions, string? text = null)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        this.text = text;
        foreach ((string field, string pattern) in conditions)
        {
            if (FieldOf(field) is null)
                throw new InputException($"Edits have no field {Quoted.Text(field)} to be chosen by, expected one of {FieldNames}.");
            string[] statuses = [.. Enum.GetValues<EditStatus>().Select(NameOf)];
            if (field == Status && !statuses.Any(status => FileSystemName.MatchesSimpleExpression(pattern, status, ignoreCase: false)))
                throw new InputException($"No status is {Quoted.Text(pattern)}, expected one of {string.Join(", ", statuses)}.");
            patterns.Add((field, pattern));
        }
    }

    /// <summary>The names of the fields that edits are chosen by.</summary>
    public static string FieldNames => $"{string.Join(", ", Fields.Keys)}, {Provenance.Own}COLUMN";

    /// <summary>Whether a status is asked for.</summary>
    public bool NamesStatus => patterns.Exists(condition => condition.Field == Status);

    /// <summary>Whether an edit is meant.</summary>
    public bool Matches(Edit edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        return patterns.TrueForAll(condition =>
                FileSystemName.MatchesSimpleExpression(condition.Pattern, FieldOf(condition.Field)!(edit), ignoreCase: false))
            && (text is null || Texts(edit.Request).Any(one => one.Contains(text, StringComparison.OrdinalIgnoreCase)));
    }

    // Beside those that all edits have, a column of the file that an edit came from.
    private static Func<Edit, string>? FieldOf(string name) => Fields.GetValueOrDefault(name)
        ?? (name.StartsWith(Provenance.Own, StringComparison.Ordinal)
            ? edit => edit.Request.Provenance[name[Provenance.Own.Length..]] ?? ""
            : null);

    private static string NameOf(EditStatus status) => status.ToString().ToLowerInvariant();

    private static IEnumerable<string> Texts(EditRequest request) =>
        [request.Prompt, request.Target, request.Subject ?? "", request.Source, .. request.Paraphrases];
}
