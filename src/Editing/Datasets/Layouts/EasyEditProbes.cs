using System.Text.Json;

namespace Sharpformer.Editing.Datasets.Layouts;

/// <summary>
/// Locality and portability as EasyEdit's layouts have them: named groups of questions, each with an answer, a list of answers of which any
/// is right, or lists of such.
/// </summary>
internal static class EasyEditProbes
{
    /// <summary>The fields that <see cref="Of"/> reads.</summary>
    public static IReadOnlyList<string> Fields { get; } =
    [
        "locality", "locality_prompt", "locality_ground_truth", "portability", "portability_prompt", "portability_ground_truth",
    ];

    /// <summary>The placeholder of requests whose old answer nobody knows.</summary>
    private const string Unknown = "<|endoftext|>";

    /// <summary>The probes of an object with such fields.</summary>
    public static IReadOnlyList<Probe> Of(RecordFields edit) =>
        [.. OfKind(edit, "locality", ProbeKind.Locality), .. OfKind(edit, "portability", ProbeKind.Portability)];

    /// <summary>What is answered before the edit.</summary>
    public static IReadOnlyList<string> OldAnswers(RecordFields edit) => [.. edit.Texts("ground_truth").Where(answer => answer != Unknown)];

    private static IEnumerable<Probe> OfKind(RecordFields edit, string name, ProbeKind kind)
    {
        if (edit.Text($"{name}_prompt") is { } single) yield return new Probe(kind, name, single, edit.Texts($"{name}_ground_truth"));
        if (!edit.Has(name) || edit.Is(name, JsonValueKind.Array) && edit.Objects(name).Count == 0) yield break;
        RecordFields groups = edit.Object(name);
        foreach (string group in groups.Names)
        {
            foreach (RecordFields question in groups.Objects(group))
                foreach (Probe probe in OfQuestion(question, kind, group)) yield return probe;
        }
    }

    // One question; or several as two lists, prompts and answers side by side.
    private static IEnumerable<Probe> OfQuestion(RecordFields question, ProbeKind kind, string group)
    {
        IReadOnlyList<string> prompts = question.Texts("prompt");
        if (prompts.Count == 0) throw question.Missing("prompt");
        if (prompts is [var one]) return [new Probe(kind, group, one, question.Texts("ground_truth"))];
        IReadOnlyList<IReadOnlyList<string>> answers = question.Lists("ground_truth");
        if (answers.Count != prompts.Count)
            throw question.Wrong("ground_truth", $"{prompts.Count} answers, one for each prompt", $"{answers.Count}");
        return prompts.Zip(answers, (prompt, right) => new Probe(kind, group, prompt, right));
    }
}
