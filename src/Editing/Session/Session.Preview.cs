using Sharpformer.Editing;
using Sharpformer.Editing.Statistics;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer;

/// <content>Looking before teaching.</content>
public sealed partial class Session
{
    /// <summary>
    /// What <see cref="Teach"/> would do with some requests, and what the edited model says so far after their prompts. Nothing is
    /// stored, and conflicts refuse nothing. Without a store it is as with an empty one.
    /// </summary>
    /// <param name="requests">The requests.</param>
    /// <param name="options">As for teaching; conflicts and what is taught again count.</param>
    /// <param name="settings">How they would be taught; null does not ask the method whether it can.</param>
    /// <param name="progress">Told how many prompts of how many are asked.</param>
    /// <param name="cancellation">Stops between prompts.</param>
    /// <returns>Request by request.</returns>
    /// <exception cref="InputException">The store cannot be read.</exception>
    public IReadOnlyList<PreviewedRequest> Preview(
        IReadOnlyList<TokenizedRequest> requests, TeachingOptions? options = null, EditSettings? settings = null,
        IProgress<Step>? progress = null, CancellationToken cancellation = default) => queue.Run(() =>
        {
            options ??= new TeachingOptions();
            if (settings is not null) requests = WithSubjects(requests, settings);
            IEditor? editor = settings is null ? null : EditorCatalog.Named(settings.Method);
            using EditStore? empty = store is null ? EditStore.InMemory() : null;
            TeachingPlan plan = TeachingPlan.For(store ?? empty!, requests, options.OnConflict, options.Again);
            ILookup<TokenizedRequest, TeachingConflict> conflicts = plan.Conflicts
                .Concat(OtherWordings(Edited, plan.Missing, plan.Known, cancellation)).ToLookup(conflict => conflict.Request);
            ILookup<int[], (int Number, int[] Target)> within = requests.Select((request, i) => (request, i))
                .ToLookup(pair => pair.request.Tokens.Prompt, pair => (pair.i, pair.request.Tokens.Target), TokenSequences.Comparer);
            var fates = new TeachingFates(plan);
            var previews = new List<PreviewedRequest>();
            foreach (TokenizedRequest request in requests)
            {
                (TeachingFate fate, long? edit) = fates.Next(request);
                string says = Generate(Edited, request.Request.Prompt, request.Tokens.Target.Length, cancellation: cancellation).Text;
                int at = request.Request.Subject is { Length: > 0 } subject
                    ? request.Request.Prompt.IndexOf(subject, StringComparison.Ordinal)
                    : -1;
                previews.Add(new PreviewedRequest(
                    request, fate, edit, says, at < 0 ? null : at, [.. conflicts[request]],
                    [.. within[request.Tokens.Prompt].Where(other => !other.Target.SequenceEqual(request.Tokens.Target))
                        .Select(other => other.Number)])
                {
                    Refusal = fate == TeachingFate.Teach ? editor?.Refusal(request.Request, settings!) : null,
                });
                progress?.Report(new Step("Asking", "prompts", previews.Count, requests.Count));
            }

            return previews;
        });

    /// <summary>
    /// What teaching some requests would take here: hours, memory, room in the store, and what must be there before. It is the method's
    /// count of operations by the speed of a pass that is measured in a second or two; nothing is taught.
    /// </summary>
    /// <param name="requests">The requests; those that would not be taught do not count.</param>
    /// <param name="settings">How they would be taught.</param>
    /// <param name="options">As for teaching.</param>
    /// <param name="cancellation">Stops the measurement.</param>
    /// <returns>The estimate; null where there is nothing to teach or the method does not say what it costs.</returns>
    /// <exception cref="InputException">The store cannot be read.</exception>
    public TeachingEstimate? Estimate(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingOptions? options = null,
        CancellationToken cancellation = default) => Compute(() =>
        {
            ArgumentNullException.ThrowIfNull(settings);
            options ??= new TeachingOptions();
            requests = WithSubjects(requests, settings);
            using EditStore? empty = store is null ? EditStore.InMemory() : null;
            TeachingPlan plan = TeachingPlan.For(store ?? empty!, requests, options.OnConflict, options.Again);
            IReadOnlyList<TokenizedRequest> missing = Share(plan.Missing, requests, options.Share);
            IEditor editor = EditorCatalog.Named(settings.Method);
            if (missing.Count == 0 || editor.Costs(missing, Model.Config, settings) is not { } costs) return null;
            double host = costs.HostFlops > 0 ? HostDevice.Run(device, cpu => PassSpeed.OfHost(cpu, cancellation)) : 0;
            return new TeachingEstimate(
                missing.Count, costs, PassSpeed.OfModel(Model, costs.TokensAtOnce, cancellation), host,
                [.. costs.Statistics.Select(layer => Needed(layer, options.StatisticsFolder))]);
        });

    private NeededStatistics Needed(int layer, string? statistics)
    {
        try
        {
            if (statistics is null) return new NeededStatistics(layer, null, "no folder of them is named by --statistics");
            MlpStatistics.Load(statistics, Fingerprint, layer); // found, whole and of enough states
            return new NeededStatistics(layer, MlpStatistics.Find(statistics, Fingerprint, layer), null);
        }
        catch (InputException e)
        {
            return new NeededStatistics(layer, null, e.Sentence.TrimEnd('.'));
        }
    }
}
