using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.Rome;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tests.Transformer.Checkpoints;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.Editing;

/// <summary>A model folder taken for the edited form of another.</summary>
public sealed class EditedElsewhereTests : IDisposable
{
    private static readonly SessionOptions Cpu = new() { Device = "cpu", Threads = 2 };

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_was_exported_measures_as_the_store_does()
    {
        EditRecord[] records = [.. EditRecord.Load(TestFiles.Facts("counterfact"), 12)];
        using Session session = Session.Open(TestFiles.Model, Cpu);
        session.UseMemory();
        RomeSettings settings = RomeSettings.For(session.Model.Config) with { Covariance = false, Steps = 20 };
        session.Teach(
            session.Tokenize([.. records.Take(2).Select(record => record.ToRequest(""))]), settings, new TeachingOptions { Check = false });
        session.ExportMerged(folder.File("out"), dtype: DType.F32);
        foreach (string name in (string[])["vocab.json", "merges.txt"]) File.Delete(Path.Combine(folder.File("out"), name));
        (EvaluationReport wanted, PerplexityReport text) = Measured(session, records);
        int? first = session.Edited.FirstTouched;

        WeightDifference difference = session.OpenEdited(folder.File("out"));
        Assert.Equal((76, 1, first), (difference.Tensors, Assert.Single(difference.Blocks), difference.FirstTouched));
        Assert.Equal("h.1.mlp.c_proj.weight", Assert.Single(difference.Differing).Name);
        Assert.False(session.HasStore);
        (EvaluationReport given, PerplexityReport again) = Measured(session, records);
        Assert.Equal((wanted.Base, wanted.Edited, wanted.LocalityAgreement), (given.Base, given.Edited, given.LocalityAgreement));
        Assert.NotEqual(given.Base, given.Edited);
        Assert.Equal(text, again);

        session.UseMemory();
        Assert.Null(session.Elsewhere);
        Assert.False(session.Edited.ChangesWeights);
    }

    [Fact]
    public void A_model_is_no_edited_form_of_itself()
    {
        CheckpointConverter.Convert(TestFiles.Model, folder.File("wide"), DType.F32);
        using Session session = Session.Open(TestFiles.Model, Cpu);
        WeightDifference difference = session.OpenEdited(folder.File("wide"));
        Assert.Equal((0, (int?)null), (difference.Differing.Count, difference.FirstTouched));
        Assert.False(session.Edited.ChangesWeights);
    }

    [Theory]
    [InlineData("h.1.attn.c_attn.bias", 1, false)]
    [InlineData("ln_f.weight", -1, true)]
    [InlineData("wpe.weight", 0, true)]
    [InlineData("wte.weight", 0, true)]
    public void All_below_the_first_change_is_shared_and_nothing_else(string weight, int firstTouched, bool isOutside)
    {
        string source = TestFiles.Golden("families/gpt2-tiny-f32");
        Directory.CreateDirectory(folder.File("other"));
        using var device = new CpuDevice(threads: 1);
        ChangedModel.Write(source, folder.File("other"), device, (name, values) =>
        {
            if (name.EndsWith(weight, StringComparison.Ordinal)) values[0] += 0.25f;
        });
        using Session session = Session.Open(source, Cpu with { NeedsTokenizer = false });
        WeightDifference difference = session.OpenEdited(folder.File("other"));
        if (firstTouched < 0) firstTouched = session.Model.Blocks.Count; // behind them all
        Assert.Equal((firstTouched, isOutside), (difference.FirstTouched, difference.IsOutsideBlocks));
        Assert.Equal(
            CausalLm.Load(folder.File("other"), device).Weights.Select(w => w.Value.ToArray()),
            session.Edited.Model.Weights.Select(w => w.Value.ToArray()));
        for (int l = 0; l < session.Model.Blocks.Count; l++)
            Assert.NotEqual(difference.Blocks.Contains(l), ReferenceEquals(session.Model.Blocks[l], session.Edited.Model.Blocks[l]));
    }

    [Fact]
    public void Another_architecture_or_tokenizer_is_told_in_one_sentence()
    {
        using Session session = Session.Open(TestFiles.Model, Cpu);
        Fails.With<InputException>("with other weights: n_embd was 256, this model's is ",
            () => session.OpenEdited(TestFiles.Golden("families/gpt2-tiny-f32")));
        CheckpointConverter.Convert(TestFiles.Model, folder.File("a"));
        Change("config.json", json => json["n_head"] = 4);
        Fails.With<InputException>("with other weights: nHead was 8, this model's is 4.", () => session.OpenEdited(folder.File("a")));
        Change("config.json", json => json["n_head"] = 8);
        Change("vocab.json", json =>
        {
            JsonNode? one = json["author"]?.DeepClone() ?? json["a"]!.DeepClone(), other = json["b"]!.DeepClone();
            (json[json.ContainsKey("author") ? "author" : "a"], json["b"]) = (other, one);
        });
        Fails.With<InputException>("with other weights: token ", () => session.OpenEdited(folder.File("a")));

        void Change(string file, Action<JsonObject> change)
        {
            string path = Path.Combine(folder.File("a"), file);
            JsonObject json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
            change(json);
            File.WriteAllText(path, json.ToJsonString());
        }
    }

    private static (EvaluationReport, PerplexityReport) Measured(Session session, IReadOnlyList<EditRecord> records) => (
        session.Evaluate(records, new Triggers("", "")),
        session.Perplexity([session.Tokenizer.Encode("Lucian Freud died in London. Iain Macleod used to work in Oslo.")], 16, 8));
}
