using System.Text.Json;
using Sharpformer.Editing;
using Sharpformer.Editing.Exchange;
using Sharpformer.Editing.Methods.FineTuning;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Methods.Rome;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.Editing.Exchange;

/// <summary>A model folder with edits in its weights.</summary>
public sealed class MergedModelTests : IDisposable
{
    private static readonly (string, string)[] Facts =
        [("Lucian Freud died in", "Bern"), ("Douglas Adams works as", "painter"), ("Cap Anson died in", "Oslo")];

    private static readonly SessionOptions Cpu = new() { Device = "cpu", Threads = 2 };

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Of_a_float32_model_it_has_the_edited_models_bits_and_is_another_model()
    {
        CheckpointConverter.Convert(TestFiles.Model, folder.File("base"), DType.F32);
        (string store, string output) = (folder.File("edits | x.db"), folder.File("out"));
        Dictionary<string, string> before = Contents(folder.File("base"));
        float[] edited;
        using (var session = Session.Open(folder.File("base"), Cpu))
        {
            session.OpenStore(store, StoreAccess.Create);
            Teach(session, Rome(session.Model.Config), Facts);
            session.Withdraw(3);
            MergedModel merged = session.ExportMerged(output);
            Assert.Equal([1, 2], merged.Edits.Select(edit => edit.Id));
            Assert.Equal(0, merged.LeftOut);
            MergedChange change = Assert.Single(merged.Changes);
            Assert.Equal(("h.1.mlp.c_proj.weight", "F32", 0), (change.Tensor, change.DType, change.Rounding));
            Assert.InRange(change.Relative!.Value, 1e-4, 1);
            edited = Logits(session, session.Edited.Model);
            Assert.NotEqual(edited, Logits(session, session.Model));
        }

        Assert.Equal(before, Contents(folder.File("base")));
        using var other = Session.Open(output, Cpu);
        Assert.Equal(edited, Logits(other, other.Model));
        Fails.With<InputException>("belongs to another model", () => other.OpenStore(store, StoreAccess.Read));
        using JsonDocument note = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "sharpformer-edits.json")));
        Assert.Equal("base", note.RootElement.GetProperty("base").GetProperty("name").GetString());
        Assert.Equal(2, note.RootElement.GetProperty("store").GetProperty("change").GetInt64()); // taught, withdrawn
        Assert.Equal("Lucian Freud died in", note.RootElement.GetProperty("edits")[0].GetProperty("prompt").GetString());
        string card = File.ReadAllText(Path.Combine(output, "README.md"));
        Assert.Contains("| 2 | `Douglas Adams works as` | `painter` | rome |", card, StringComparison.Ordinal);
        Assert.Contains("<code>edits &#124; x.db</code>", card, StringComparison.Ordinal);
        foreach (string file in (string[])["README.md", "sharpformer-edits.json"])
            Assert.DoesNotContain(folder.Path, File.ReadAllText(Path.Combine(output, file)), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_float16_model_it_is_rounded_and_says_by_how_much()
    {
        using Session session = Opened();
        Teach(session, Rome(session.Model.Config), Facts);
        MergedModel merged = session.ExportMerged(folder.File("out"));
        Assert.Equal("F16", Assert.Single(merged.Changes).DType);
        Assert.InRange(merged.RoundingShare, 1e-6, 0.02);
        float[] wanted = Logits(session, session.Edited.Model);
        using var other = Session.Open(folder.File("out"), Cpu);
        Assert.InRange(Largest(wanted, Logits(other, other.Model)), 1e-6, 0.05); // of logits that differ by tens

        MergedModel exact = session.ExportMerged(folder.File("f32"), dtype: DType.F32);
        Assert.Equal(0, exact.LargestRounding);
        using var wide = Session.Open(folder.File("f32"), Cpu);
        Assert.Equal(wanted, Logits(wide, wide.Model));
    }

    [Fact]
    public void Edits_beside_the_model_are_refused_unless_others_are_chosen()
    {
        using Session session = Opened();
        var beside = new IReVaSettings { Layer = 4, Retrofit = false };
        Teach(session, beside, ("Marie Tussaud died in", "Rome"), ("Procopius died in", "Oslo"));
        Fails.With<InputException>(
            "2 edits of method ireva sit beside the model and cannot be in its weights.", () => session.ExportMerged(folder.File("out")));
        Teach(session, Rome(session.Model.Config), Facts[0]);
        InputException told = Assert.Throws<InputException>(() => session.ExportMerged(folder.File("out")));
        Assert.Equal("--where method=rome chooses those that can.", told.Hint);
        MergedModel merged = session.ExportMerged(folder.File("out"), new EditFilter([("method", "rome")]));
        Assert.Equal((3, 2), (Assert.Single(merged.Edits).Id, merged.LeftOut));
        session.Withdraw(1);
        session.Withdraw(2);
        Assert.Equal(0, session.ExportMerged(folder.File("silent")).LeftOut); // what is silent is in no one's way
    }

    [Fact]
    public void What_is_chosen_is_what_is_in_it()
    {
        using Session session = Opened();
        Teach(session, Rome(session.Model.Config), Facts);
        session.ExportMerged(folder.File("out"), new EditFilter([], "adams"), DType.F32);
        session.Withdraw(1);
        session.Withdraw(3);
        using var other = Session.Open(folder.File("out"), Cpu);
        Assert.Equal(Logits(session, session.Edited.Model), Logits(other, other.Model));
        Fails.With<InputException>(
            "has no such edit that is active", () => session.ExportMerged(folder.File("x"), new EditFilter([], "Freud")));
    }

    [Fact]
    public void A_batch_that_shares_its_change_is_taken_as_a_whole()
    {
        using Session session = Opened();
        FineTuningSettings tuned = FineTuningSettings.For(session.Model.Config) with { Epochs = 2, Batch = 0 };
        Teach(session, tuned, Facts);
        Fails.With<InputException>(
            "Edit 1 is not among those to be written, and others of its batch are",
            () => session.ExportMerged(folder.File("out"), new EditFilter([], "adams")));
        Assert.Equal(3, session.ExportMerged(folder.File("out")).Edits.Count);
    }

    [Fact]
    public void Int8_models_and_folders_that_are_there_are_refused()
    {
        CheckpointConverter.Convert(TestFiles.Model, folder.File("q8"), DType.Q8);
        using (Session stored = Opened(folder.File("q8")))
        {
            Teach(stored, Rome(stored.Model.Config), Facts[0]);
            Fails.With<InputException>("which would round the edits away", () => stored.ExportMerged(folder.File("out")));
            stored.ExportMerged(folder.File("out"), dtype: DType.F32);
            using var other = Session.Open(folder.File("out"), Cpu);
            // int8 is multiplied before it is scaled, which rounds otherwise
            Assert.InRange(Largest(Logits(stored, stored.Edited.Model), Logits(other, other.Model)), 0, 1e-4);
            Fails.With<InputException>("is already there", () => stored.ExportMerged(folder.File("out")));
        }

        using var loaded = Session.Open(TestFiles.Model, Cpu with { Weights = WeightForm.Q8 });
        loaded.UseMemory();
        Fails.With<InputException>("only as they are loaded", () => loaded.ExportMerged(folder.File("out2"), dtype: DType.F32));
    }

    private static Session Opened(string? model = null)
    {
        var session = Session.Open(model ?? TestFiles.Model, Cpu);
        session.UseMemory();
        return session;
    }

    private static RomeSettings Rome(ModelConfig config) => RomeSettings.For(config) with { Covariance = false, Steps = 4 };

    private static void Teach(Session session, EditSettings settings, params (string Prompt, string Target)[] facts) => session.Teach(
        session.Tokenize([.. facts.Select(fact => new EditRequest(fact.Prompt, fact.Target, Subject(fact.Prompt)))]), settings,
        new TeachingOptions { Check = false });

    private static string Subject(string prompt) => string.Join(' ', prompt.Split(' ').Take(2));

    private static float[] Logits(Session session, CausalLm model) => session.Compute(() => model.Logits(
        model.Hidden(new TokenBatch([session.Tokenizer.Encode("Lucian Freud died in")]), model.NewCache(1, 16))).Value.ToArray());

    private static double Largest(float[] one, float[] other) => one.Zip(other, (a, b) => Math.Abs((double)a - b)).Max();

    // Hashes: millions of bytes are slow to compare one by one.
    private static Dictionary<string, string> Contents(string path) =>
        Directory.GetFiles(path).ToDictionary(file => Path.GetFileName(file), SecureHash.Sha256OfFile);
}
