using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Methods.Locating;

/// <summary>
/// What the model reads for one edit: the prompt behind each template with all target tokens but the last, and "… is a", whose answer
/// shall stay.
/// </summary>
/// <param name="Sequences">T templates' prompts and behind them the other.</param>
/// <param name="Subjects">Where the subject's last token stands in each.</param>
/// <param name="First">Where the first target token is asked for, in each template's prompt.</param>
/// <param name="Target">The target tokens.</param>
internal sealed record SubjectPrompts(int[][] Sequences, int[] Subjects, int[] First, int[] Target)
{
    /// <summary>T, templates.</summary>
    public int Templates => First.Length;

    /// <summary>The templates' prompts up to the subject's last token: all that the states there depend on.</summary>
    public IEnumerable<int[]> UpToSubject => Enumerable.Range(0, Templates).Select(t => Sequences[t][..(Subjects[t] + 1)]);

    /// <summary>Lays out an edit's prompts.</summary>
    /// <param name="method">The method as messages call it.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="request">The fact.</param>
    /// <param name="templates">Texts to put before the prompt; the first is empty.</param>
    /// <param name="nPositions">The model's positions.</param>
    /// <exception cref="InputException">It has no subject, or a prompt is too long.</exception>
    public static SubjectPrompts Of(
        string method, Tokenizer tokenizer, TokenizedRequest request, IReadOnlyList<string> templates, int nPositions)
    {
        string prompt = request.Request.Prompt, subject = SubjectOf(method, request.Request);
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
                $"The prompt {Quoted.Text(prompt)} behind one of {method}'s texts takes {longest} tokens, "
                    + $"the model's positions are {nPositions}.");
        }

        int keptAt = Math.Min(tokenizer.Encode(subject).Length, kept.Length) - 1;
        return new SubjectPrompts(sequences, [.. subjects, keptAt], [.. prompts.Select(tokens => tokens.Length - 1)], target);
    }

    /// <summary>What a fact is about, as it stands in its prompt.</summary>
    /// <exception cref="InputException">Nothing is known about it, or it does not stand there.</exception>
    public static string SubjectOf(string method, EditRequest request)
    {
        string subject = request.Subject?.Trim() ?? "";
        string prompt = Quoted.Text(request.Prompt);
        if (subject.Length == 0)
        {
            throw new InputException(
                $"The request {prompt} names no subject; {method} changes what the model knows at the subject's last token.",
                "give --subject, or a field \"subject\" in the record.");
        }

        return request.Prompt.Contains(subject, StringComparison.Ordinal) ? subject : throw new InputException(
            $"The subject {Quoted.Text(subject)} does not stand in the prompt {prompt}; "
                + $"{method} changes what the model knows at its last token.",
            "write it as the prompt does, capitals and all.");
    }
}
