using Sharpformer.Editing;
using Sharpformer.Tensors;

namespace Sharpformer;

/// <content>A fact that has changed.</content>
public sealed partial class Session
{
    /// <summary>
    /// What to teach so that an active edit's prompt is answered otherwise: its own prompt, to the token, and whatever else is not said
    /// anew. <see cref="Teach"/> then supersedes the edit.
    /// </summary>
    /// <param name="id">The edit.</param>
    /// <param name="target">The new answer.</param>
    /// <param name="subject">Another subject; null for the edit's.</param>
    /// <param name="paraphrases">Other wordings; null for the edit's.</param>
    /// <param name="source">Another source; null for the edit's.</param>
    /// <param name="rules">What is done to the target; null for the usual rules.</param>
    /// <exception cref="InputException">
    /// There is no such edit, it is not active, says that already, or cannot be superseded alone as its batch changed weights together.
    /// </exception>
    public TokenizedRequest RequestToUpdate(
        long id, string target, string? subject = null, IReadOnlyList<string>? paraphrases = null, string? source = null,
        TextRules? rules = null) => queue.Run(() =>
        {
            ArgumentNullException.ThrowIfNull(target);
            Edit edit = Store.Get(id);
            if (edit.Status != EditStatus.Active)
            {
                string hint = edit.SupersededBy is { } by && Store.Get(by).Status == EditStatus.Active
                    ? $"update edit {by}, which took over from it."
                    : edit.Status is EditStatus.Withdrawn or EditStatus.Superseded
                        ? "restore it first, or teach the fact by 'edits add'."
                        : "teach the fact by 'edits add'.";
                throw new InputException($"Edit {id} cannot be updated: it is {edit.Status.ToString().ToLowerInvariant()}.", hint);
            }

            if (EditorCatalog.IsOfBatch(edit))
            {
                throw new InputException(
                    $"Edit {id} cannot be updated: method {edit.Method} made its batch's weights together.",
                    "remove the edits of the batch and teach them again.");
            }

            rules ??= TextRules.Default;
            EditRequest wanted = edit.Request with
            {
                Target = rules.Target(target),
                Subject = subject ?? edit.Request.Subject,
                Source = source ?? edit.Request.Source,
                Paraphrases = paraphrases ?? edit.Request.Paraphrases,
            };
            if (wanted.Subject != edit.Request.Subject && wanted.Aliases.Count > 0) // they are another's
            {
                wanted = wanted with
                {
                    Provenance = Provenance.Of(wanted.Provenance.Where(pair => pair.Name != EditRequest.AliasesName)
                        .Select(pair => (pair.Name, (string?)pair.Text))),
                };
            }

            EditTokens tokens = EditTokens.Of(Tokenizer, wanted.Prompt, wanted.Target, Model.Config.NPositions, rules);
            if (tokens.Target.SequenceEqual(edit.TargetTokens))
            {
                throw new InputException(
                    $"Edit {id} says {Quoted.Text(edit.Request.Target)} already.", "withdraw it first to teach it otherwise.");
            }

            int[] about = string.IsNullOrWhiteSpace(wanted.Subject) ? [] : Tokenizer.EncodeContinuation(wanted.Subject);
            return new TokenizedRequest(wanted, tokens with { Prompt = edit.PromptTokens }, about);
        });
}
