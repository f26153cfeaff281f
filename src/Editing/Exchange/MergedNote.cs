using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Exchange;

/// <summary>Where a merged model comes from; names without paths, which tell of nobody's machine.</summary>
/// <param name="Base">The name of the base model's folder.</param>
/// <param name="Fingerprint">Who the base model is.</param>
/// <param name="Adapter">The hash of the adapter that was merged into it first; null for none.</param>
/// <param name="Store">The name of the store's file.</param>
/// <param name="Change">The last change of the store that counts.</param>
/// <param name="Version">The program's version.</param>
internal sealed record MergedOrigin(
    string Base, ModelFingerprint Fingerprint, string? Adapter, string Store, long Change, string Version);

/// <summary>What a merged model's folder says of itself: <c>README.md</c> for people, <c>sharpformer-edits.json</c> for programs.</summary>
internal static class MergedNote
{
    /// <summary>The name of the file for programs.</summary>
    public const string FileName = "sharpformer-edits.json";

    private const string Format = "sharpformer merged edits";

    private const int EditsShown = 100, Version = 1;

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes both.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="origin">Where the model comes from.</param>
    /// <param name="edits">The edits in its weights.</param>
    /// <param name="leftOut">How many active edits of the store are not.</param>
    /// <param name="changes">The tensors that changed.</param>
    public static void Write(
        string folder, MergedOrigin origin, IReadOnlyList<Edit> edits, int leftOut, IReadOnlyList<MergedChange> changes)
    {
        File.WriteAllText(Path.Combine(folder, FileName), Data(origin, edits, leftOut, changes));
        File.WriteAllText(Path.Combine(folder, "README.md"), Card(origin, edits, leftOut, changes));
    }

    private static string Data(MergedOrigin origin, IReadOnlyList<Edit> edits, int leftOut, IReadOnlyList<MergedChange> changes) =>
        new JsonObject
        {
            ["format"] = Format,
            ["version"] = Version,
            ["program"] = origin.Version,
            ["base"] = new JsonObject
            {
                ["name"] = origin.Base,
                ["weights"] = origin.Fingerprint.Weights,
                ["tokenizer"] = origin.Fingerprint.Tokenizer,
                ["adapter"] = origin.Adapter,
            },
            ["store"] = new JsonObject { ["name"] = origin.Store, ["change"] = origin.Change, ["activeEditsLeftOut"] = leftOut },
            ["edits"] = new JsonArray([.. edits.Select(edit => new JsonObject
            {
                ["id"] = edit.Id,
                ["prompt"] = edit.Request.Prompt,
                ["target"] = edit.Request.Target,
                ["subject"] = edit.Request.Subject,
                ["method"] = edit.Method,
                ["settings"] = JsonNode.Parse(edit.Settings.ToJson()),
                ["createdAt"] = edit.CreatedAt,
            })]),
            ["tensors"] = new JsonArray([.. changes.Select(one => one.ToJson())]),
        }.ToJsonString(Json) + "\n";

    private static string Card(MergedOrigin origin, IReadOnlyList<Edit> edits, int leftOut, IReadOnlyList<MergedChange> changes)
    {
        var card = new StringBuilder();
        card.Append(Invariant($"""
            ---
            library_name: transformers
            pipeline_tag: text-generation
            ---
            # {MarkdownText.Escaped(origin.Base)}, edited

            The model {MarkdownText.Code(origin.Base)} with {Counted(edits.Count, "edit")} in its weights,
            written by Sharpformer {origin.Version} (`edits export --merged`). Its licence is the base model's.
            Edits in weights cannot be taken back one by one: that takes the base model and the store.

            | | |
            |---|---|
            | base model, SHA-256 of its weights | `{origin.Fingerprint.Weights}` |
            | of its tokenizer | `{origin.Fingerprint.Tokenizer}` |

            """));
        if (origin.Adapter is { } adapter) card.Append(Invariant($"| of the adapter that is merged into it | `{adapter}` |\n"));
        card.Append(Invariant($"""
            | edit store | {MarkdownText.Code(origin.Store)}, as of change {origin.Change} |
            | its active edits that are not in here | {leftOut:N0} |

            ## Edits

            | id | prompt | target | method |
            |---|---|---|---|

            """));
        foreach (Edit edit in edits.Take(EditsShown))
        {
            (string prompt, string target) = (MarkdownText.Code(edit.Request.Prompt), MarkdownText.Code(edit.Request.Target));
            card.Append(Invariant($"| {edit.Id} | {prompt} | {target} | {edit.Method} |\n"));
        }

        if (edits.Count > EditsShown) card.Append(Invariant($"\nand {edits.Count - EditsShown:N0} more.\n"));
        card.Append(Invariant($"""

            `{FileName}` has all of them with their settings.

            ## Changed tensors

            Lengths are Frobenius norms: of the base model's tensor, of what was added to it, and of what storing the sum
            as that type moved it by.

            | tensor | stored as | length | change | rounding |
            |---|---|---|---|---|

            """));
        foreach (MergedChange one in changes)
            card.Append(Invariant($"| `{one.Tensor}` | {one.DType} | {one.Norm:G6} | {one.Change:G4} | {one.Rounding:G3} |\n"));
        return card.ToString();
    }

    private static string Counted(int count, string noun) => Invariant($"{count:N0} {noun}{(count == 1 ? "" : "s")}");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
