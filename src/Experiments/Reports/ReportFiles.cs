using Sharpformer.Editing.Reports;
using Sharpformer.Experiments.Points;
using Sharpformer.Experiments.Running;
using Sharpformer.Tensors;

namespace Sharpformer.Experiments.Reports;

/// <summary>Writes a folder's report beside its results: <c>report.html</c>, <c>.md</c>, <c>.csv</c>, <c>.json</c>, its pictures, and a
/// page for each point whose prompts are there.</summary>
public static class ReportFiles
{
    private const string Pictures = "pictures";

    /// <summary>Writes them.</summary>
    /// <param name="folder">The results.</param>
    /// <returns>The report, how many pages of points were written, and why others could not be.</returns>
    /// <exception cref="InputException">There are no results, a plan is damaged, or a file cannot be written.</exception>
    public static (Report Report, int Pages, IReadOnlyList<string> Damaged) Write(ResultFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        Report report = Report.Of(folder);
        Dictionary<string, string> pictures = WritePictures(folder, report);
        var paged = new HashSet<string>();
        var damaged = new List<string>();
        foreach (string key in report.Results.Keys.Where(key => File.Exists(folder.RowsFile(key))))
        {
            if (Page(report.Results[key]) is not { } page) continue;
            Put(Path.Combine("points", $"{key}.html"), page);
            paged.Add(key);
        }

        Put("report.html", HtmlReport.Of(report, key => $"points/{key}.{(paged.Contains(key) ? "html" : "json")}"));
        Put("report.md", MarkdownReport.Of(report, pictures));
        Put("report.json", JsonReport.Of(report));
        ReportFile.Write(Path.Combine(folder.Folder, "report.csv"), writer => CsvReport.Write(writer, report));
        return (report, paged.Count, damaged);

        string? Page(PointResult result)
        {
            try
            {
                return PointPage.Of(result, folder.RowsFile(result.Key));
            }
            catch (InputException e)
            {
                damaged.Add(e.Message);
                return null;
            }
        }

        void Put(string name, string text) => ReportFile.Write(Path.Combine(folder.Folder, name), writer => writer.Write(text));
    }

    private static Dictionary<string, string> WritePictures(ResultFolder folder, Report report)
    {
        var names = new Dictionary<string, string>();
        foreach (ReportSection section in report.Sections)
        {
            ReportPicture[] drawn = [.. section.Parts.OfType<ReportPicture>()];
            for (int i = 0; i < drawn.Length; i++) names[drawn[i].Svg] = $"{Pictures}/{section.Plan.Name}-{i + 1}.svg";
        }

        if (names.Count == 0) return names;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder.Folder, Pictures));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{folder.Folder}: cannot be written: {FileErrors.Reason(e)}.", "may you write there?", e);
        }

        foreach ((string svg, string name) in names) ReportFile.Write(Path.Combine(folder.Folder, name), writer => writer.Write(svg));
        return names;
    }
}
