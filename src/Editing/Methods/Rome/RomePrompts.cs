using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Methods.Rome;

/// <summary>
/// What the model reads for one edit: the prompt behind each template with all target tokens but the last, and "… is a", whose answer
/// shall stay.
/// </summary>
/// <param name="Tokens">T templates' prompts and behind them the other.</param>
/// <param name="Subjects">Where the subject's last token stands in each.</param>
/// <param name="First">Where the first target token is asked for, in each template's prompt.</param>
/// <param name="Target">The target tokens.</param>
internal sealed record RomePrompts(TokenBatch Tokens, int[] Subjects, int[] First, int[] Target)
{
    /// <summary>T, templates.</summary>
    public int Templates => First.Length;

    /// <summary>Rows of <c>[B·T,C]</c> where the subject ends.</summary>
    public int[] SubjectRows => [.. Subjects.Select((at, b) => b * Tokens.T + at)];

    /// <summary>
    /// Rows where target tokens are asked for, template by template, and behind them the other prompt's, where its subject ends.
    /// </summary>
    public int[] AskedRows =>
        [.. First.SelectMany((at, b) => Enumerable.Range(b * Tokens.T + at, Target.Length)), Templates * Tokens.T + Subjects[^1]];

    /// <summary>The target tokens once for each template.</summary>
    public int[] AskedTargets => [.. Enumerable.Repeat(Target, Templates).SelectMany(target => target)];

    /// <summary>Lays out an edit's prompts.</summary>
    /// <exception cref="InputException">It has no subject, or a prompt is too long.</exception>
    public static RomePrompts Of(Tokenizer tokenizer, TokenizedRequest request, IReadOnlyList<string> templates, int nPositions)
    {
        string prompt = request.Request.Prompt, subject = SubjectOf(request.Request);
        int end = prompt.LastIndexOf(subject, StringComparison.Ordinal) + subject.Length;
        int[] target = request.Tokens.Target;
        int[][] prompts = [.. templates.Select(template => tokenizer.Encode(template + prompt))];
        int[] subjects =
        [
            .. templates.Select((template, i) => Math.Min(tokenizer.Encode(template + prompt[..end]).Length, prompts[i].Length) - 1),
        ];
        int[] kept = tokenizer.Encode(subject + " is a");
        int[][] sequences = [.. prompts.Select(tokens => (int[])[.. tokens, .. target[..^1]]), kept];
        if (sequences.Max(tokens => tokens.Length) is var longest && longest > nPositions)
        {
            throw new InputException(
                $"The prompt {Quoted.Text(prompt)} behind one of ROME's texts takes {longest} tokens, "
                    + $"the model's positions are {nPositions}.");
        }

        int keptAt = Math.Min(tokenizer.Encode(subject).Length, kept.Length) - 1;
        return new RomePrompts(new TokenBatch(sequences), [.. subjects, keptAt], [.. prompts.Select(tokens => tokens.Length - 1)], target);
    }

    /// <summary>What a fact is about, as it stands in its prompt.</summary>
    /// <exception cref="InputException">Nothing is known about it, or it does not stand there.</exception>
    public static string SubjectOf(EditRequest request)
    {
        string subject = request.Subject?.Trim() ?? "";
        string prompt = Quoted.Text(request.Prompt);
        if (subject.Length == 0)
        {
            throw new InputException(
                $"The request {prompt} names no subject; ROME changes what the model knows at the subject's last token.",
                "give --subject, or a field \"subject\" in the record.");
        }

        return request.Prompt.Contains(subject, StringComparison.Ordinal) ? subject : throw new InputException(
            $"The subject {Quoted.Text(subject)} does not stand in the prompt {prompt}; "
                + "ROME changes what the model knows at its last token.",
            "write it as the prompt does, capitals and all.");
    }
}
