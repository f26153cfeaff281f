using Sharpformer.Editing.Datasets.Layouts;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Datasets;

/// <summary>
/// Makes an edit set of PARAREL's patterns and T-REx's triples, as iReVa's paper does (its Algorithm 3): of each triple the patterns that
/// end in the object are one bag of paraphrases; what all of them have in common is the subject.
/// </summary>
/// <param name="tokenizer">Paraphrases are compared token by token.</param>
public sealed class Pararel(Tokenizer tokenizer)
{
    private const string Subject = "[X]", Object = "[Y]", Extension = ".jsonl";

    /// <summary>Bags that were dropped, as fewer than two of their paraphrases end in the object.</summary>
    public int TooFew { get; private set; }

    /// <summary>Bags that were dropped, as their paraphrases have nothing in common, or one is nothing else.</summary>
    public int WithoutSubject { get; private set; }

    /// <summary>Makes the set.</summary>
    /// <param name="patterns">A folder with a file of each relation, <c>P20.jsonl</c>: <c>pattern</c>, with <c>[X]</c>, <c>[Y]</c>.</param>
    /// <param name="triples">A folder with files of the same names: <c>sub_label</c>, <c>obj_label</c>.</param>
    /// <param name="questions">Unrelated questions, <c>question</c> and <c>answer</c>, taken in order, and again from the
    /// first where there are too few; null for none.</param>
    /// <param name="seed">Chooses the other paraphrase of each bag, and the order of the set.</param>
    /// <exception cref="InputException">A file or folder is missing or not as it should be.</exception>
    public IReadOnlyList<EditRecord> Make(string patterns, string triples, string? questions, ulong seed)
    {
        TooFew = WithoutSubject = 0;
        var rng = new Rng(seed);
        var records = new List<EditRecord>();
        foreach (string file in Relations(patterns))
        {
            string name = Path.GetFileName(file), relation = Path.GetFileNameWithoutExtension(file);
            string[] forms = [.. JsonRows.Read(file, row => row.Need("pattern")).Select(UpToObject).OfType<string>()];
            foreach ((string subject, string target) in JsonRows.Read(
                Path.Combine(triples, name), row => (row.Need("sub_label"), row.Need("obj_label"))))
            {
                string[] bag = [.. forms.Select(form => form.Replace(Subject, subject, StringComparison.Ordinal)).Distinct()];
                if (bag.Length < 2) TooFew++;
                else if (InCommon(bag) is not { Length: > 0 } common || bag.Contains(common)) WithoutSubject++;
                else records.Add(new EditRecord
                {
                    Prompt = bag[0],
                    Target = target,
                    Subject = common,
                    Paraphrases = [bag[1 + rng.NextInt(bag.Length - 1)]],
                    Answers = [target],
                    Relation = relation,
                });
            }
        }

        EditRecord[] made = questions is null ? [.. records] : [.. WithQuestions(records, questions)];
        rng.Shuffle<EditRecord>(made);
        return made;
    }

    private static string[] Relations(string folder)
    {
        if (!Directory.Exists(folder)) throw new InputException($"{folder}: there is no such folder of patterns.");
        string[] files = [.. Directory.GetFiles(folder, "*" + Extension).Order(StringComparer.Ordinal)];
        return files.Length > 0 ? files : throw new InputException(
            $"{folder}: the folder has no file of patterns, expected P20{Extension} and such.");
    }

    /// <summary>A pattern up to the object, if nothing but a full stop comes behind it.</summary>
    private static string? UpToObject(string pattern)
    {
        string whole = pattern.TrimEnd(' ', '.');
        if (!whole.EndsWith(Object, StringComparison.Ordinal) || !whole.Contains(Subject, StringComparison.Ordinal)) return null;
        string before = whole[..^Object.Length].TrimEnd();
        return before.Length == 0 ? null : before;
    }

    /// <summary>The longest run of tokens that all texts have, as text; the first of several.</summary>
    private string InCommon(string[] texts)
    {
        // With a blank before them, so that a subject is the same tokens at the beginning and within.
        int[][] tokens = [.. texts.Select(text => tokenizer.Encode(" " + text)).OrderBy(ids => ids.Length)];
        int[] shortest = tokens[0];
        for (int length = shortest.Length; length > 0; length--)
        {
            for (int start = 0; start + length <= shortest.Length; start++)
            {
                int[] run = shortest[start..(start + length)];
                if (tokens.All(ids => ids.AsSpan().IndexOf(run) >= 0)) return tokenizer.Decode(run).Trim();
            }
        }

        return "";
    }

    private static IEnumerable<EditRecord> WithQuestions(List<EditRecord> records, string file)
    {
        (string Question, IReadOnlyList<string> Answers)[] questions =
            [.. JsonRows.Read(file, row => (row.Need("question"), row.Texts("answer")))];
        if (questions.Length == 0) throw new InputException($"{file}: there is no question in it.");
        for (int i = 0; i < records.Count; i++)
        {
            (string question, IReadOnlyList<string> answers) = questions[i % questions.Length];
            string asked = question.EndsWith('?') ? question : question + "?";
            yield return records[i] with { Probes = [new Probe(ProbeKind.Locality, ZsreLayout.Group, $"nq question: {asked}", answers)] };
        }
    }
}
