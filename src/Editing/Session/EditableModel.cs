using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Methods.ScopedIReVa;
using Sharpformer.Tensors;

namespace Sharpformer;

/// <summary>
/// A model that can be taught facts, in a few words: <see cref="Session"/> with its edits in memory, or in a file where one is named.
/// </summary>
public sealed class EditableModel : IDisposable
{
    private EditableModel(Session session) => Session = session;

    /// <summary>All that can be asked of the model beyond these few methods.</summary>
    public Session Session { get; }

    /// <summary>Loads a model folder.</summary>
    /// <param name="modelFolder">config.json, weights and tokenizer, as a model hub has them.</param>
    /// <param name="store">The file that keeps the edits; made if it does not exist. Null keeps them in memory.</param>
    /// <exception cref="InputException">The folder does not hold a usable model, or the store is another model's.</exception>
    public static EditableModel Load(string modelFolder, string? store = null)
    {
        var session = Session.Open(modelFolder);
        try
        {
            if (store is null) session.UseMemory();
            else session.OpenStore(store, StoreAccess.Create);
            return new EditableModel(session);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Teaches a fact with the settings suggested for the model.</summary>
    /// <param name="prompt">The text after which it shall be said.</param>
    /// <param name="target">What shall be said; see <see cref="TextRules"/> for the blank before it.</param>
    /// <param name="subject">What the fact is about, as it stands in the prompt: the edit then speaks only where a text names it, see
    /// <see cref="Session.MethodFor"/>.</param>
    /// <param name="settings">Other settings, and with them another method; null for the suggested ones.</param>
    /// <returns>The edit, by whose <see cref="Edit.Id"/> it can be taken back. One that answers already is returned as it is, a withdrawn
    /// one is restored; an earlier one of the same prompt is superseded.</returns>
    /// <exception cref="InputException">Prompt or target are blank or too long.</exception>
    public Edit Teach(string prompt, string target, string? subject = null, EditSettings? settings = null)
    {
        IReadOnlyList<TokenizedRequest> request = Session.Tokenize([new EditRequest(prompt, target, subject)]);
        settings ??= Suggested(Session.MethodFor(request));
        TeachingReport report = Session.Teach(request, settings, new TeachingOptions { Again = true });
        if (report.Added is [var added]) return added;
        return report.Silent is [var withdrawn] ? Session.Restore(withdrawn.Id) : Session.Find(request[0])!;
    }

    /// <summary>What the model says after a prompt: the most likely token each time.</summary>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="maxNewTokens">Stops after so many tokens.</param>
    /// <exception cref="InputException">The prompt is empty or too long.</exception>
    public string Generate(string prompt, int maxNewTokens = 20) => Session.Generate(prompt, maxNewTokens).Text;

    /// <summary>Silences an edit: its prompt gets the base model's answer again.</summary>
    /// <exception cref="InputException">There is no such edit, or it is not active.</exception>
    public void Withdraw(long id) => Session.Withdraw(id);

    /// <summary>Lets a withdrawn edit answer again, bit for bit as before.</summary>
    /// <exception cref="InputException">There is no such edit, or it is not withdrawn.</exception>
    public void Restore(long id) => Session.Restore(id);

    /// <inheritdoc/>
    public void Dispose() => Session.Dispose();

    /// <summary>
    /// A neuron's activation grows with the model's width, so that a narrow model wants a larger α for the same effect: the defaults
    /// were found on GPT-2 XL, whose width is 1600. What the model folder says itself is taken as it is.
    /// </summary>
    private EditSettings Suggested(string method)
    {
        EditSettings settings = Session.SettingsFor(method);
        int nEmbd = Session.Model.Config.NEmbd;
        if (Session.Defaults.Names(method) || nEmbd >= 1600) return settings;
        return settings switch
        {
            IReVaSettings plain => plain with { Alpha = plain.Alpha * 1600 / nEmbd },
            ScopedSettings scoped => scoped with { Alpha = scoped.Alpha * 1600 / nEmbd },
            _ => settings,
        };
    }
}
