using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Locating;

/// <summary>The prompts of several edits side by side, and which rows of <c>[B·T,…]</c> say what about which edit.</summary>
internal sealed class PromptBatch
{
    /// <summary>Lays out the prompts of edits.</summary>
    public PromptBatch(params IReadOnlyList<SubjectPrompts> edits)
    {
        Edits = edits;
        Tokens = new TokenBatch([.. edits.SelectMany(edit => edit.Sequences)]);
        List<int> subjectRows = [], subjectEdits = [], targetRows = [], targets = [], keptRows = [];
        int row = 0;
        for (int e = 0; e < edits.Count; e++)
        {
            SubjectPrompts edit = edits[e];
            for (int s = 0; s < edit.Sequences.Length; s++, row += Tokens.T)
            {
                subjectRows.Add(row + edit.Subjects[s]);
                subjectEdits.Add(e);
                if (s == edit.Templates)
                {
                    keptRows.Add(row + edit.Subjects[s]);
                    continue;
                }

                targetRows.AddRange(Enumerable.Range(row + edit.First[s], edit.Target.Length));
                targets.AddRange(edit.Target);
            }
        }

        (SubjectRows, SubjectEdits) = ([.. subjectRows], [.. subjectEdits]);
        (TargetRows, Targets, KeptRows) = ([.. targetRows], [.. targets], [.. keptRows]);
    }

    /// <summary>The edits.</summary>
    public IReadOnlyList<SubjectPrompts> Edits { get; }

    /// <summary>Everything the model reads, B sequences.</summary>
    public TokenBatch Tokens { get; }

    /// <summary>Where subjects end, in every sequence.</summary>
    public int[] SubjectRows { get; }

    /// <summary>The edit of each of <see cref="SubjectRows"/>.</summary>
    public int[] SubjectEdits { get; }

    /// <summary>Where target tokens are asked for, edit by edit and within it template by template.</summary>
    public int[] TargetRows { get; }

    /// <summary>The token asked for at each of <see cref="TargetRows"/>.</summary>
    public int[] Targets { get; }

    /// <summary>Where each edit's "… is a" is asked, one an edit.</summary>
    public int[] KeptRows { get; }

    /// <summary>Target tokens asked for an edit, over all of its templates.</summary>
    public int Asked(int edit) => Edits[edit].Templates * Edits[edit].Target.Length;

    /// <summary>Cuts edits into batches that go through the model together, in order.</summary>
    public static IEnumerable<PromptBatch> Chunks(IReadOnlyList<SubjectPrompts> edits)
    {
        var chunk = new List<SubjectPrompts>();
        int sequences = 0, longest = 0;
        foreach (SubjectPrompts edit in edits)
        {
            int length = edit.Sequences.Max(tokens => tokens.Length);
            if (chunk.Count > 0 && (sequences + edit.Sequences.Length) * Math.Max(longest, length) > TokenBatch.TokensAtOnce)
            {
                yield return new PromptBatch([.. chunk]);
                chunk.Clear();
                (sequences, longest) = (0, 0);
            }

            chunk.Add(edit);
            (sequences, longest) = (sequences + edit.Sequences.Length, Math.Max(longest, length));
        }

        if (chunk.Count > 0) yield return new PromptBatch([.. chunk]);
    }
}
