using System.Globalization;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Exchange;

/// <summary>Several stores of one base model become one, in one change.</summary>
public static class StoreMerge
{
    /// <summary>
    /// Takes over the edits of stores in the order in which they are given, by the rules of <see cref="ConflictPolicy"/>. What comes of it
    /// depends on the edits and their order alone, not on how they are spread over the stores.
    /// </summary>
    /// <param name="output">The store that gets them; made if it does not exist, and then only as a whole.</param>
    /// <param name="stores">The stores; they are read.</param>
    /// <param name="policy">What to do where a prompt is answered otherwise.</param>
    /// <param name="reason">Why; kept with the events.</param>
    /// <param name="time">Clock for the time of the events; null is the system's.</param>
    /// <param name="author">Who does it; null is <see cref="EditAuthor.Current"/>.</param>
    /// <exception cref="InputException">
    /// A store is missing, damaged, named twice or of another model; there is a conflict and they shall be refused; the output cannot be
    /// written.
    /// </exception>
    public static MergeReport Run(
        string output, IReadOnlyList<string> stores, ConflictPolicy policy = default, string? reason = null, TimeProvider? time = null,
        EditAuthor? author = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(output);
        ArgumentNullException.ThrowIfNull(stores);
        var seen = new HashSet<string> { Path.GetFullPath(output) };
        foreach (string path in stores)
        {
            if (seen.Add(Path.GetFullPath(path))) continue;
            bool isOutput = Path.GetFullPath(path) == Path.GetFullPath(output);
            throw new InputException(
                $"Edit store '{path}' is named twice.",
                isOutput ? "edits do not come from the store that gets them." : "name each store once: it takes its place in the order.");
        }

        var opened = new List<EditStore>();
        try
        {
            foreach (string path in stores) opened.Add(EditStore.Open(path, readOnly: true));
            return Into(output, [.. opened.Select(MergeSource.Of)], policy, reason, time, author);
        }
        finally
        {
            foreach (EditStore store in opened) store.Dispose();
        }
    }

    /// <summary>The same from sources of any kind.</summary>
    internal static MergeReport Into(
        string output, IReadOnlyList<MergeSource> sources, ConflictPolicy policy, string? reason, TimeProvider? time, EditAuthor? author)
    {
        MergeSource? first = null;
        foreach (MergeSource source in sources.Where(source => source.Identity is not null))
        {
            first ??= source;
            RequireSame(first, source);
        }

        if (first is null) throw new InputException($"Nothing to take over: {Names(sources)} no edits.");
        using EditStore store = EditStore.Open(output, create: true, time, author: author); // its file is made by what is stored first
        store.Bind(first.Identity!.Model, first.Identity.NEmbd, config: first.Identity.Config);
        var there = MergeSource.Of(store);
        MergePlan plan = MergePlan.For(there, sources, policy);
        IReadOnlyList<EditEvent> events = store.Replay(plan.Steps, there.Events.Count, Reason(sources, plan, reason));
        return new MergeReport(store.Path, plan.Added, plan.Same, plan.LeftBehind, events is [var one, ..] ? one.Change : null)
        {
            Superseded = plan.Superseded,
            Conflicts = plan.Conflicts,
            Silent = plan.Silent,
            Silenced = plan.Silenced,
            Answering = plan.Answering,
        };
    }

    private static void RequireSame(MergeSource first, MergeSource other)
    {
        (StoreIdentity a, StoreIdentity b) = (first.Identity!, other.Identity!);
        if (a.Model == b.Model && a.NEmbd == b.NEmbd && (a.Config is null || b.Config is null || a.Config == b.Config)) return;
        string what = a.Model.Weights != b.Model.Weights ? "weights"
            : a.Model.Tokenizer != b.Model.Tokenizer ? "tokenizer files" : "settings";
        throw new InputException(
            $"The edits of '{other.Name}' were made for another model than those of '{first.Name}': the {what} differ.",
            "only edits of one base model go together.");
    }

    /// <summary>What the history of the sources comes to; their own files have it in full.</summary>
    private static string? Reason(IReadOnlyList<MergeSource> sources, MergePlan plan, string? reason)
    {
        const int Told = 3;
        EditEvent[] all = [.. sources.SelectMany(source => source.Events)];
        EditEvent[] added = [.. all.Where(line => line.Action == EditAction.Added)];
        if (added.Length == 0) return reason;
        string users = string.Join(", ", Distinct(added.Select(line => line.User).Where(user => user.Length > 0)));
        string[] why = [.. Distinct(all.Select(line => line.Reason).OfType<string>())];
        string history = $"taken over: {plan.Added} edits, taught {Day(added.Min(line => line.At))} to {Day(added.Max(line => line.At))}"
            + (users.Length > 0 ? $" by {users}" : "")
            + (why.Length > 0 ? $" ({string.Join("; ", why.Take(Told))}" : "")
            + (why.Length > Told ? $"; {why.Length - Told} more reasons" : "") + (why.Length > 0 ? ")" : "");
        return reason is null ? history : $"{reason}; {history}";

        static IEnumerable<string> Distinct(IEnumerable<string> texts) => texts.Distinct().Order(StringComparer.Ordinal);

        static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
    }

    private static string Names(IReadOnlyList<MergeSource> sources) => sources is [var one]
        ? $"'{one.Name}' holds"
        : $"{string.Join(", ", sources.Take(3).Select(source => $"'{source.Name}'"))}{(sources.Count > 3 ? " …" : "")} hold";
}
