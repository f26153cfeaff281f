using Sharpformer.Editing.Datasets;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Editing.Datasets;

/// <summary>Algorithm 3 on a few patterns and triples.</summary>
public sealed class PararelTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly Pararel pararel = new(Tokenizer.Load(TestFiles.Model));

    public PararelTests()
    {
        foreach (string name in (string[])["patterns", "triples"]) Directory.CreateDirectory(folder.File(name));
        Write("patterns/P30.jsonl", "{\"pattern\":\"[X] is located in [Y] .\"}", "{\"pattern\":\"[Y] has [X]\"}",
            "{\"pattern\":\"The continent of [X] is [Y].\"}", "{\"pattern\":\"[X] belongs to [Y]\",\"tense\":\"present\"}");
        Write("patterns/P1.jsonl", "{\"pattern\":\"[X] was [Y]\"}");
        Write("triples/P30.jsonl", "{\"sub_label\":\"Rampart Ridge\",\"obj_label\":\"Antarctica\"}",
            "{\"sub_label\":\"France\",\"obj_label\":\"Europe\"}");
        Write("triples/P1.jsonl", "{\"sub_label\":\"Rome\",\"obj_label\":\"red\"}");
        Write("nq.jsonl", "{\"question\":\"who\",\"answer\":[\"me\",\"I\"]}");
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Of_each_triple_the_paraphrases_that_end_in_the_object_make_a_record()
    {
        IReadOnlyList<EditRecord> records = Make(0);
        Assert.Equal((2, 1, 0), (records.Count, pararel.TooFew, pararel.WithoutSubject));
        EditRecord record = records.Single(one => one.Target == "Antarctica");
        Assert.Equal(("Rampart Ridge is located in", "Rampart Ridge", "P30"), (record.Prompt, record.Subject, record.Relation));
        Assert.Contains(Assert.Single(record.Paraphrases), (string[])["The continent of Rampart Ridge is", "Rampart Ridge belongs to"]);
        Assert.Equal([new Probe(ProbeKind.Locality, "loc", "nq question: who?", ["me", "I"])], record.Probes);
        Assert.Equal(records.Select(one => one.Paraphrases[0]), Make(0).Select(one => one.Paraphrases[0]));
        Assert.True(Enumerable.Range(1, 20).Select(seed => Make((ulong)seed)[0].Target).Distinct().Count() == 2);
    }

    [Fact]
    public void Bags_with_nothing_in_common_and_broken_rows_are_told()
    {
        Write("patterns/P30.jsonl", "{\"pattern\":\"[X] [Y]\"}", "{\"pattern\":\"the [X] is in [Y]\"}");
        Assert.Empty(Make(0));
        Assert.Equal(2, pararel.WithoutSubject); // the first paraphrase is nothing but what is in common
        Write("triples/P30.jsonl", "{\"sub_label\":\"France\"}");
        Fails.With<InputException>("line 1, field \"obj_label\": expected a text", () => Make(0));
        Write("triples/P30.jsonl", "{\"sub_label\":");
        Fails.With<InputException>("broken JSON", () => Make(0));
        File.Delete(folder.File("triples/P30.jsonl"));
        Fails.With<InputException>("does not exist", () => Make(0));
        Directory.CreateDirectory(folder.File("empty"));
        Fails.With<InputException>("no file of patterns", () => pararel.Make(folder.File("empty"), folder.Path, null, 0));
    }

    private IReadOnlyList<EditRecord> Make(ulong seed) =>
        pararel.Make(folder.File("patterns"), folder.File("triples"), folder.File("nq.jsonl"), seed);

    private void Write(string name, params string[] lines) => File.WriteAllLines(folder.File(name), lines);
}
