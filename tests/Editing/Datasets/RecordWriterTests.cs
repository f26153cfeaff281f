using System.Text;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;

namespace Sharpformer.Tests.Editing.Datasets;

/// <summary>Edits written in other layouts, and read again.</summary>
public sealed class RecordWriterTests
{
    [Theory]
    [InlineData("counterfact_rome.json")]
    [InlineData("counterfact_flat.json")]
    [InlineData("zsre_requests.json")]
    [InlineData("qaedit.json")]
    [InlineData("knowedit.json")]
    [InlineData("mquake.json")]
    public void The_own_layout_loses_nothing(string file)
    {
        IReadOnlyList<EditRecord> edits = EditRecord.Load(TestFiles.Data("datasets/" + file));
        (string text, IReadOnlyDictionary<string, int> dropped) = Write(edits, "jsonl");
        Assert.Empty(dropped);
        IReadOnlyList<EditRecord> again = Read(text);
        Assert.Equal(text, Write(again, "jsonl").Text);
        for (int i = 0; i < edits.Count; i++)
        {
            Assert.Equal(edits[i].ToRequest(" A:"), again[i].ToRequest(" A:"));
            Assert.Equal(edits[i].Probes, again[i].Probes);
            Assert.Equal([.. edits[i].OldAnswers, "-", .. edits[i].Answers], (string[])[.. again[i].OldAnswers, "-", .. again[i].Answers]);
            Assert.Equal(edits[i].Relation, again[i].Relation);
        }
    }

    [Fact]
    public void CounterFact_comes_back_from_its_own_layout_and_from_EasyEdits_but_for_attributes()
    {
        IReadOnlyList<EditRecord> edits = Read(File.ReadAllText(TestFiles.Data("datasets/counterfact_rome.json")));
        (string text, IReadOnlyDictionary<string, int> dropped) = Write(edits, "counterfact");
        Assert.Empty(dropped);
        Assert.Contains("\"prompt\":\"The mother tongue of {} is\"", text, StringComparison.Ordinal);
        Assert.Equal(Write(edits, "jsonl").Text, Write(Read(text), "jsonl").Text);

        (text, dropped) = Write(edits, "easyedit");
        Assert.Equal([("attribute questions", 200)], dropped.Select(pair => (pair.Key, pair.Value)));
        Assert.Equal(200, Read(text).Sum(edit => edit.Probes.Count(probe => probe.Group == "neighborhood")));
    }

    [Fact]
    public void What_a_layout_has_no_place_for_is_counted()
    {
        EditRecord edit = new()
        {
            Prompt = "p",
            Target = "=t",
            Subject = "s",
            Paraphrases = ["q", "r"],
            OldAnswers = ["o", "u"],
            Answers = ["a"],
            Owner = "Ann",
            Reason = "so",
            Columns = Provenance.Of([("team", "red")]),
            Probes =
            [
                new(ProbeKind.Locality, "g", "l", ["o"]), new(ProbeKind.Locality, "g", "m?", ["x", "y"]),
                new(ProbeKind.Portability, "h", "n", ["z"]) { Wordings = ["nn"] },
            ],
        };
        Assert.Equal(
            "locality questions 1, portability questions 1, names of groups of questions 1, old answers 2, further answers 1",
            Dropped("csv", out EditRecord back));
        Assert.Equal(("=t", "Ann", "so", "red"), (back.Target, back.Owner, back.Reason, back.Columns["team"]));
        Assert.Equal(["q", "r"], back.Paraphrases);
        Assert.Equal(
            "paraphrases 1, locality questions 1, portability questions 1, names of groups of questions 1, "
                + "answers of locality questions 1, old answers 1, owners 1, reasons 1, values of column team 1",
            Dropped("zsre", out back));
        Assert.Equal([new Probe(ProbeKind.Locality, "loc", "m?", ["x"])], back.Probes);
        Assert.Equal(
            "other wordings of questions 1, further answers 1, owners 1, reasons 1, values of column team 1", Dropped(
                "easyedit", out back));
        Assert.Equal([("g", "l"), ("g", "m?"), ("h", "n")], back.Probes.Select(probe => (probe.Group, probe.Prompt)));
        Assert.Equal(
            "locality questions 1, portability questions 1, names of groups of questions 1, old answers 1, further answers 1, owners 1, "
                + "reasons 1, values of column team 1",
            Dropped("counterfact", out back));
        Assert.Equal([new Probe(ProbeKind.Locality, "neighborhood", "l", ["o"])], back.Probes);
        Assert.Throws<ArgumentException>(() => Write([edit], "yaml"));

        string Dropped(string format, out EditRecord back)
        {
            (string text, IReadOnlyDictionary<string, int> dropped) = Write([edit], format);
            back = Assert.Single(Read(text));
            return string.Join(", ", dropped.Select(pair => $"{pair.Key} {pair.Value}"));
        }
    }

    [Fact]
    public void A_file_is_summed_up_in_one_pass()
    {
        using RecordFile file = RecordFile.Over(new MemoryStream(Encoding.UTF8.GetBytes("""
            {"prompt":"a","target":"b","subject":"a","locality":{"G":[{"prompt":"long question","ground_truth":"x"},{"prompt":"y"}]}}
            {"prompt":"a","target":" b ","subject":"z","paraphrase":["c","d"]}
            {"prompt":"a","target":"other"}
            {"prompt":"a","target":"third"}
            {"prompt":"{} is","target":"x"}
            {"prompt":"e"}
            """)), "f");
        var summary = RecordSummary.Of(file);
        Assert.Equal(("plain", 6, 4, 2), (summary.Layout, summary.Records, summary.Edits, summary.BadCount));
        Assert.Equal((2, 1, 2, 1), (summary.Subjects, summary.SubjectsNotInPrompt, summary.Paraphrases, summary.WithParaphrases));
        Assert.Equal((1, 1, "a"), (summary.Repeated, summary.Contradicted, summary.FirstContradicted));
        Assert.Equal((13, 5), (summary.LongestPrompt, summary.LongestTarget));
        Assert.Equal([new ProbeGroup(ProbeKind.Locality, "G", 2, 1, 1)], summary.Groups);
        Assert.Equal(
            "expected a subject to fill the {} of its prompts, got none", $"expected {summary.Bad[0].Expected}, got {summary.Bad[0].Got}");
        Assert.Equal((5, 6, "target"), (summary.Bad[1].Index, summary.Bad[1].Line, summary.Bad[1].Field));
    }

    private static (string Text, IReadOnlyDictionary<string, int> Dropped) Write(IReadOnlyList<EditRecord> edits, string format)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        IReadOnlyDictionary<string, int> dropped = RecordWriter.Write(writer, edits, format);
        return (writer.ToString(), dropped);
    }

    private static IReadOnlyList<EditRecord> Read(string text)
    {
        using RecordFile file = RecordFile.Over(new MemoryStream(Encoding.UTF8.GetBytes(text)), "f");
        return file.Load().Sound();
    }
}
