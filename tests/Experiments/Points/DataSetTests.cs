using Sharpformer.Editing.Datasets;
using Sharpformer.Experiments.Plans;
using Sharpformer.Experiments.Points;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Experiments.Points;

/// <summary>Which facts a point edits, and which it leaves alone.</summary>
public sealed class DataSetTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public DataSetTests()
    {
        Write("a.jsonl", Enumerable.Range(0, 30).Select(i => Line($"Fact {i} is", $"P{i % 3}", $"S{i}")));
        Write("b.jsonl", [Line("Fact 0 is", "P0", "S0"), Line("What is S1?", "Q1", "S1"), Line("What is S2?", "Q2", "S2")]);
        File.WriteAllText(folder.File("text.txt"), "One line.\n\nAnother.\r\n");
    }

    private static DataSource Source => new("own", ["a.jsonl"]) { SameSubject = ["b.jsonl"], HeldOut = "text.txt" };

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_seed_draws_the_same_edits_always_and_another_seed_others()
    {
        var data = DataSet.Load(Source, folder.Path);
        DataSample sample = data.Draw(10, 1);
        Assert.Equal(30, data.Count);
        Assert.Equal(["One line.", "Another."], data.HeldOut);
        Assert.Equal(10, sample.Edits.Count);
        Assert.Equal(Prompts(sample.Edits), Prompts(DataSet.Load(Source, folder.Path).Draw(10, 1).Edits));
        Assert.NotEqual(Prompts(sample.Edits), Prompts(data.Draw(10, 2).Edits));
        Assert.Equal(Prompts(sample.Edits), Prompts(data.Draw(20, 1).Edits).Take(10)); // more edits begin with the same
        Assert.Equal(20, sample.Neighbours.Count); // of all that are left, at most a hundred
        Assert.Empty(Prompts(sample.Edits).Intersect(Prompts(sample.Neighbours)));
        Assert.All(sample.SameSubject, fact => Assert.Contains(fact.Subject, sample.Edits.Select(edit => edit.Subject)));
        Assert.Equal(2, data.Draw(30, 1).SameSubject.Count);
        Assert.Empty(data.Draw(30, 1).Neighbours);
        Fails.With<InputException>("Data own has 30 records that ask different things, expected 31 edits", () => data.Draw(31, 1));
    }

    [Fact]
    public void The_hash_is_of_all_files_that_are_read()
    {
        string hash = DataSet.Load(Source, folder.Path).Hash;
        Assert.Equal(hash, DataSet.Load(Source with { Name = "other" }, folder.Path).Hash);
        Assert.NotEqual(hash, DataSet.Load(Source with { HeldOut = null }, folder.Path).Hash);
        File.AppendAllText(folder.File("b.jsonl"), "\n" + Line("What is S3?", "Q3", "S3"));
        Assert.NotEqual(hash, DataSet.Load(Source, folder.Path).Hash);
    }

    [Fact]
    public void Files_can_be_one_set_each_with_an_ending_of_its_own()
    {
        var data = DataSet.Load(
            new DataSource("both", ["a.jsonl", "b.jsonl"]) { Endings = new Dictionary<string, string> { ["b.jsonl"] = " Answer:" } },
            folder.Path);
        string[] prompts = Prompts(data.Draw(data.Count, 1).Edits);
        Assert.Equal(33, prompts.Length); // the fact that both have asks something else with the ending
        Assert.Contains("What is S1? Answer:", prompts);
        Assert.Contains("Fact 1 is", prompts);
    }

    [Fact]
    public void Parts_of_a_set_are_disjoint_and_all_of_it()
    {
        string[][] parts = [.. Enumerable.Range(1, 2).Select(part => Part("fact", part, 2))];
        Assert.Equal(30, parts.Sum(part => part.Length));
        Assert.Empty(parts[0].Intersect(parts[1]));
        Assert.NotEmpty(parts[0]);
        Assert.NotEmpty(parts[1]);

        string[] Part(string by, int part, int of)
        {
            var data = DataSet.Load(Source with { Split = new RecordSplit(by, part, of) }, folder.Path);
            return Prompts(data.Draw(data.Count, 1).Edits);
        }
    }

    [Fact]
    public void What_cannot_be_read_is_told()
    {
        Fails.With<InputException>("none.jsonl", () => DataSet.Load(Source with { Files = ["none.jsonl"] }, folder.Path));
        Fails.With<InputException>("none.txt: cannot be read", () => DataSet.Load(Source with { HeldOut = "none.txt" }, folder.Path));
        DataSource empty = Source with { Files = ["b.jsonl"], Split = new RecordSplit("relation", 1, 100) };
        Fails.With<InputException>("data own has no record in its part", () => DataSet.Load(empty, folder.Path));
    }

    private static string[] Prompts(IReadOnlyList<EditRecord> records) => [.. records.Select(record => record.Prompt)];

    private static string Line(string prompt, string relation, string subject) =>
        $$"""{"prompt": "{{prompt}}", "target": "x", "relation": "{{relation}}", "subject": "{{subject}}"}""";

    private void Write(string name, IEnumerable<string> lines) => File.WriteAllLines(folder.File(name), lines);
}
