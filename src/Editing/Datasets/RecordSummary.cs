using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Datasets;

/// <summary>How many probes of a group there are.</summary>
/// <param name="Kind">What they ask for.</param>
/// <param name="Name">The data set's name for the group.</param>
/// <param name="N">How many questions.</param>
/// <param name="Records">In how many edits.</param>
/// <param name="WithoutAnswer">Of how many no answer is named.</param>
public sealed record ProbeGroup(ProbeKind Kind, string Name, int N, int Records, int WithoutAnswer);

/// <summary>What a file of records holds, without what is in it.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Layout">Its layout; null where it holds no record that can be used.</param>
/// <param name="Records">Its records, also those that cannot be used.</param>
/// <param name="Edits">The edits of those that can be used.</param>
/// <param name="Fields">How many records have each field.</param>
/// <param name="Unused">Fields that the layout has no use for.</param>
/// <param name="Subjects">Edits that name their subject.</param>
/// <param name="SubjectsNotInPrompt">Those whose prompt does not have it in it.</param>
/// <param name="Paraphrases">All paraphrases.</param>
/// <param name="WithParaphrases">Edits that have any.</param>
/// <param name="Groups">The groups of probes, in the order in which they come.</param>
/// <param name="LongestPrompt">The longest prompt, in characters, of edits and probes.</param>
/// <param name="LongestTarget">The longest target, in characters.</param>
/// <param name="Repeated">Edits that say again what an earlier one says.</param>
/// <param name="Contradicted">Prompts that come with more than one target.</param>
/// <param name="FirstContradicted">The first of these; null for none.</param>
/// <param name="BadCount">Records that cannot be used.</param>
/// <param name="Bad">The first of these, at most <see cref="RecordSet.MostBad"/>.</param>
public sealed record RecordSummary(
    string File, string? Layout, int Records, int Edits, IReadOnlyDictionary<string, int> Fields, IReadOnlyList<string> Unused,
    int Subjects, int SubjectsNotInPrompt, int Paraphrases, int WithParaphrases, IReadOnlyList<ProbeGroup> Groups, int LongestPrompt,
    int LongestTarget, int Repeated, int Contradicted, string? FirstContradicted, int BadCount, IReadOnlyList<BadRecord> Bad)
{
    /// <summary>How many tokens prompts and targets take; null where they were not counted.</summary>
    public EditLengths? Tokens { get; init; }

    /// <summary>Goes through a file once, record by record; only prompts and their targets are kept.</summary>
    /// <param name="file">The file.</param>
    /// <param name="tokenizer">Counts the tokens of prompts and targets; null counts none.</param>
    /// <exception cref="Tensors.InputException">It cannot be read to its end, or the first record is of no known layout.</exception>
    public static RecordSummary Of(RecordFile file, Tokenizer? tokenizer = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        int records = 0, edits = 0, badCount = 0;
        var bad = new List<BadRecord>();
        var count = new Counts();
        EditLengths? lengths = tokenizer is null ? null : new EditLengths(tokenizer);
        foreach ((_, IReadOnlyList<EditRecord> some, BadRecord? fault) in file.Read())
        {
            records++;
            edits += some.Count;
            if (fault is not null && badCount++ < RecordSet.MostBad) bad.Add(fault);
            foreach (EditRecord edit in some)
            {
                count.Add(edit);
                lengths?.Add(edit);
            }
        }

        return new RecordSummary(
            file.Name, file.Layout, records, edits, file.Fields, [.. file.Unused], count.Subjects, count.SubjectsNotInPrompt,
            count.Paraphrases, count.WithParaphrases, [.. count.Groups.Values], count.LongestPrompt, count.LongestTarget, count.Repeated,
            count.Contradicted, count.FirstContradicted, badCount, bad)
        { Tokens = lengths };
    }

    private sealed class Counts
    {
        private readonly Dictionary<string, (HashSet<string> Targets, bool IsTold)> targets = [];

        public OrderedDictionary<(ProbeKind, string), ProbeGroup> Groups { get; } = [];

        public int Subjects { get; private set; }

        public int SubjectsNotInPrompt { get; private set; }

        public int Paraphrases { get; private set; }

        public int WithParaphrases { get; private set; }

        public int LongestPrompt { get; private set; }

        public int LongestTarget { get; private set; }

        public int Repeated { get; private set; }

        public int Contradicted { get; private set; }

        public string? FirstContradicted { get; private set; }

        public void Add(EditRecord edit)
        {
            string prompt = edit.EditPrompt("");
            if (edit.Subject is { } subject)
            {
                Subjects++;
                if (!prompt.Contains(subject, StringComparison.Ordinal)) SubjectsNotInPrompt++;
            }

            Paraphrases += edit.Paraphrases.Count;
            if (edit.Paraphrases.Count > 0) WithParaphrases++;
            LongestPrompt = edit.Probes.Select(probe => probe.Prompt).Concat(edit.Paraphrases).Append(prompt).Max(text => text.Length)
                is var longest && longest > LongestPrompt ? longest : LongestPrompt;
            LongestTarget = Math.Max(LongestTarget, edit.Target.Length);
            AddTarget(prompt, edit.Target.Trim());
            foreach (IGrouping<(ProbeKind Kind, string Group), Probe> group in edit.Probes.GroupBy(probe => (probe.Kind, probe.Group)))
            {
                ProbeGroup so = Groups.GetValueOrDefault(group.Key) ?? new ProbeGroup(group.Key.Kind, group.Key.Group, 0, 0, 0);
                Groups[group.Key] = so with
                {
                    N = so.N + group.Count(),
                    Records = so.Records + 1,
                    WithoutAnswer = so.WithoutAnswer + group.Count(probe => probe.Answers.Count == 0),
                };
            }
        }

        private void AddTarget(string prompt, string target)
        {
            if (!targets.TryGetValue(prompt, out (HashSet<string> Targets, bool IsTold) said)) targets[prompt] = said = ([], false);
            if (!said.Targets.Add(target))
            {
                Repeated++;
            }
            else if (said.Targets.Count > 1 && !said.IsTold)
            {
                Contradicted++;
                FirstContradicted ??= prompt;
                targets[prompt] = (said.Targets, true);
            }
        }
    }
}
