using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Metrics;

/// <summary>
/// The last block's output at positions whose prompts a router answers: each sequence is read by the route of its edit, those of one route
/// side by side.
/// </summary>
internal static class RoutedStates
{
    /// <summary>Reads them.</summary>
    /// <param name="edited">The edited model.</param>
    /// <param name="asked">Positions, those of one sequence next to each other, and the edit that answers.</param>
    /// <param name="sequences">The sequences.</param>
    /// <param name="prompts">How many tokens the prompt of each has.</param>
    /// <param name="cancellation">Checked between batches.</param>
    /// <returns>A row each, <c>[asked,C]</c>.</returns>
    public static Tensor Of(
        EditedModel edited, IReadOnlyList<(TracedPosition At, Firing Firing)> asked, IReadOnlyList<int[]> sequences, int[] prompts,
        CancellationToken cancellation = default)
    {
        Device device = edited.Base.Device;
        Tensor states = device.Allocate(asked.Count, edited.Base.Config.NEmbd);
        var routes = new List<(Route Route, List<Text> Texts)>();
        var known = new Dictionary<(long Edit, int Index), Route>();
        foreach (Text text in Texts(edited, asked))
        {
            Firing firing = asked[text.Rows[0]].Firing;
            if (!known.TryGetValue((firing.Edit, firing.Index), out Route? route))
                known.Add((firing.Edit, firing.Index), route = edited.RouteOf(firing));
            int at = routes.FindIndex(other => other.Route.IsBeside(route));
            if (at < 0) routes.Add((route, [text with { Route = route }]));
            else routes[at].Texts.Add(text with { Route = route });
        }

        foreach ((Route route, List<Text> texts) in routes)
        {
            foreach (int[] batch in TokenBatch.SimilarLengths([.. texts.Select(text => text.Length(asked) + text.Route!.Prefix.Length)]))
            {
                cancellation.ThrowIfCancellationRequested();
                Read(edited, route, [.. batch.Select(i => texts[i])], asked, sequences, prompts, states);
            }
        }

        return states;
    }

    /// <summary>What is read at once: with memories, which act at last positions only, each position has a text of its own.</summary>
    private static IEnumerable<Text> Texts(EditedModel edited, IReadOnlyList<(TracedPosition At, Firing Firing)> asked) =>
        Enumerable.Range(0, asked.Count)
            .GroupBy(row => edited.Memories.Count > 0
                ? (asked[row].At.Sequence, row, 0)
                : (asked[row].At.Sequence, asked[row].Firing.Index, asked[row].Firing.Edit))
            .Select(rows => new Text(rows.Key.Sequence, [.. rows]));

    private static void Read(
        EditedModel edited, Route route, Text[] texts, IReadOnlyList<(TracedPosition At, Firing Firing)> asked,
        IReadOnlyList<int[]> sequences, int[] prompts, Tensor states)
    {
        using BufferScope scope = states.Device.Scope();
        var tokens = new TokenBatch([.. texts.Select(text => text.Route!.Tokens(sequences[text.Sequence][..text.Length(asked)]))]);
        int[] rows = [.. texts.SelectMany((text, b) => text.Rows.Select(row =>
            (b * tokens.T) + text.Route!.Prefix.Length + asked[row].At.Position))];
        KvCache cache = route.Model.NewCache(tokens.B, tokens.T, firstKept: route.Model.Blocks.Count);
        IReadOnlyList<Opening> openings = [.. route.Openings(texts.Select(text => prompts[text.Sequence])), .. edited.Openings];
        Tensor read = route.Model.Hidden(tokens, cache, openings, rows).Value;
        states.Device.Scatter(read, [.. texts.SelectMany(text => text.Rows)], states);
    }

    /// <summary>A sequence up to the last position that is asked about.</summary>
    /// <param name="Sequence">Which.</param>
    /// <param name="Rows">What is asked about it.</param>
    private sealed record Text(int Sequence, int[] Rows)
    {
        public Route? Route { get; init; }

        public int Length(IReadOnlyList<(TracedPosition At, Firing Firing)> asked) => Rows.Max(row => asked[row].At.Position) + 1;
    }
}
