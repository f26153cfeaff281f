using Sharpformer.Transformer;

namespace Sharpformer.Editing.Reports;

/// <summary>Tokens × edits as a picture: which edit speaks at which token of a text, and how clearly.</summary>
public static class GenerationPicture
{
    private const int MostRows = 12, Cell = 34, LabelWidth = 330, TopHeight = 110, MostLetters = 46;

    /// <summary>The picture as SVG.</summary>
    /// <param name="text">What the edited model wrote.</param>
    /// <param name="edits">The store's edits by id.</param>
    public static string Of(ExplainedGeneration text, IReadOnlyDictionary<long, Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(edits);
        long[] rows = Rows(text);
        int tokens = text.Tokens.Count;
        var picture = new Svg(
            LabelWidth + (Math.Max(tokens, 8) * Cell) + 60, TopHeight + (Math.Max(1, rows.Length) * Cell) + 60,
            "Which edit speaks at which token");
        for (int t = 0; t < tokens; t++)
            picture.Text(X(t) + (Cell / 2) + 4, TopHeight - 8, Cut(text.Tokens[t].Text, 14), angle: -55);
        if (rows.Length == 0) picture.Text(LabelWidth, TopHeight + 20, "No edit sits beside the model.", classes: "dim");
        for (int r = 0; r < rows.Length; r++)
        {
            picture.Text(LabelWidth - 8, Y(r) + (Cell / 2) + 4, Label(rows[r], edits), "end");
            for (int t = 0; t < tokens; t++) AppendCell(picture, text.Tokens[t], rows[r], X(t), Y(r));
        }

        AppendLegend(picture, Y(Math.Max(1, rows.Length)) + 24);
        return picture.ToString();

        static double X(int token) => LabelWidth + (token * Cell);

        static double Y(int row) => TopHeight + (row * Cell);
    }

    /// <summary>The edits to show: those that speak in the order in which they do, then those that come closest.</summary>
    private static long[] Rows(ExplainedGeneration text)
    {
        IEnumerable<long> speaking = text.Tokens.Select(token => token.First)
            .Where(first => first.State is FiringState.Answers or FiringState.Withdrawn).Select(first => first.Edit);
        IEnumerable<long> close = text.Tokens.SelectMany(token => token.Nearest).OrderByDescending(Closeness).Select(near => near.Edit);
        return [.. speaking.Concat(close).Where(edit => edit != 0).Distinct().Take(MostRows)];
    }

    private static void AppendCell(Svg picture, ExplainedToken token, long edit, double x, double y)
    {
        Firing[] own = [.. token.Nearest.Where(near => near.Edit == edit).OrderByDescending(near => near.Margin)];
        Firing seen = token.First.Edit == edit ? token.First : own.FirstOrDefault();
        if (seen.Edit == 0)
        {
            picture.Rectangle(x, y, Cell, Cell, "cell below", opacity: 0);
            return;
        }

        string classes = seen.State switch
        {
            FiringState.Answers => "cell speaks",
            FiringState.Withdrawn => "cell withdrawn",
            _ => "cell below",
        };
        double closeness = Closeness(seen);
        double opacity = seen.Margin > 0 ? Math.Clamp(0.35 + closeness, 0.35, 1) : Math.Clamp(0.5 * (1 + closeness), 0, 0.5);
        string hint = $"edit {edit}: score {Markup.Number(seen.Score, "0.00")}, threshold {Markup.Number(seen.Threshold, "0.00")}, "
            + $"margin {Markup.Number(seen.Margin, "0.00")}, strength {Markup.Number(seen.Strength + 0, "0.00")}";
        picture.Rectangle(x, y, Cell, Cell, classes, opacity, hint);
        if (seen.State == FiringState.Answers && token.First.Edit == edit)
            picture.Rectangle(x + 2, y + 2, Cell - 4, Cell - 4, "frame", opacity: 0);
    }

    private static void AppendLegend(Svg picture, double y)
    {
        double x = LabelWidth;
        foreach ((string classes, string what) in (ReadOnlySpan<(string, string)>)[
            ("cell speaks", "above its threshold"), ("cell withdrawn", "withdrawn"), ("cell below", "below")])
        {
            picture.Rectangle(x, y, 14, 14, classes, opacity: 0.6);
            picture.Text(x + 20, y + 11, what, classes: "dim");
            x += 30 + (7 * what.Length);
        }

        picture.Text(LabelWidth - 8, y + 11, "framed: it speaks", "end", "dim");
    }

    /// <summary>How far above its threshold an edit is, as a share of it; negative below.</summary>
    private static double Closeness(Firing firing) => firing.Margin / Math.Max(1e-6, Math.Abs(firing.Threshold));

    private static string Label(long id, IReadOnlyDictionary<long, Edit> edits) => edits.TryGetValue(id, out Edit? edit)
        ? Cut($"{id}: {edit.Request.Prompt} → {edit.Request.Target.Trim()}", MostLetters)
        : $"{id}";

    private static string Cut(string text, int length) => text.Length <= length ? text : string.Concat(text.AsSpan(0, length - 1), "…");
}
