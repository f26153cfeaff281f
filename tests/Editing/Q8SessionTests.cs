using Sharpformer.Editing;
using Sharpformer.Editing.Methods.FineTuning;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Methods.Rome;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.Editing;

/// <summary>Editing a model whose matrices are int8: another base, with stores of its own.</summary>
public sealed class Q8SessionTests : IDisposable
{
    private static readonly EditRequest Zelda = new("The Legend of Zelda is developed by", "Nintendo", "The Legend of Zelda");
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(IReVaSettings.Name)]
    [InlineData(FineTuningSettings.Name)]
    [InlineData(RomeSettings.Name)]
    public void Every_method_edits_it_and_withdrawing_brings_the_base_back(string method)
    {
        using Session session = Open(TestFiles.Model, WeightForm.Q8);
        session.UseMemory();
        EditSettings settings = session.SettingsFor(method);
        if (settings is RomeSettings rome) settings = rome with { Covariance = false, ShortTemplates = 0, LongTemplates = 0 };
        int[] before = session.Generate(Zelda.Prompt, 1).Tokens.ToArray();
        Assert.Equal(DType.Q8, session.Model.TokenTable.Value.DType);
        Edit edit = Assert.Single(session.Teach(session.Tokenize([Zelda]), settings).Added);
        Assert.Equal(session.Tokenizer.Encode(" Nintendo")[..1], session.Generate(Zelda.Prompt, 1).Tokens);
        Assert.Equal(DType.Q8, session.Edited.Model.TokenTable.Value.DType); // what no edit changed is shared
        session.Withdraw(edit.Id);
        Assert.Equal(before, session.Generate(Zelda.Prompt, 1).Tokens);
    }

    [Fact]
    public void Converted_or_rounded_on_load_it_is_one_model()
    {
        string q8 = folder.File("q8"), store = folder.File("edits.db");
        CheckpointConverter.Convert(TestFiles.Model, q8, DType.Q8);
        ModelFingerprint onLoad = ModelFingerprinter.Compute(TestFiles.Model, WeightForm.Q8);
        Assert.Equal(ModelFingerprinter.Compute(q8), onLoad);
        Assert.Equal(ModelFingerprinter.Compute(q8, WeightForm.Q8), onLoad);
        ModelFingerprint stored = ModelFingerprinter.Compute(TestFiles.Model);
        Assert.NotEqual(stored.Weights, onLoad.Weights);
        Assert.Equal(stored.Tokenizer, onLoad.Tokenizer);

        // Stores depend on it: whoever changes how Q8 is rounded or written makes another model of it.
        Assert.Equal("b26f4d92ae250043d255c91a7ed9b7ce1f69824da92d8e940ad0dae47635b1bd", onLoad.Weights);

        using (Session session = Open(TestFiles.Model, WeightForm.Q8))
        {
            session.OpenStore(store, StoreAccess.Create);
            session.Teach(session.Tokenize([Zelda]), session.SettingsFor());
        }

        foreach (WeightForm form in Enum.GetValues<WeightForm>())
        {
            using Session again = Open(q8, form);
            again.OpenStore(store);
            Assert.True(Assert.Single(again.Check()).IsSaid);
        }
    }

    [Theory]
    [InlineData(WeightForm.Q8, "was made over weights rounded to int8 (q8), this model's are not", "--weights q8 rounds them")]
    [InlineData(WeightForm.Stored, "was made over weights as they were stored, this model's are rounded to int8", "leave --weights q8 out")]
    public void A_store_of_the_other_form_is_refused_and_the_option_named(WeightForm form, string expected, string hint)
    {
        string store = folder.File("edits.db");
        using (Session session = Open(TestFiles.Model, form))
        {
            session.OpenStore(store, StoreAccess.Create);
            session.Teach(session.Tokenize([Zelda]), session.SettingsFor());
        }

        using Session other = Open(TestFiles.Model, form == WeightForm.Q8 ? WeightForm.Stored : WeightForm.Q8);
        string message = Assert.Throws<InputException>(() => other.OpenStore(store)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains(hint, message, StringComparison.Ordinal);
    }

    private static Session Open(string model, WeightForm form) =>
        Session.Open(model, new SessionOptions { Device = "cpu", Threads = 1, Weights = form });
}
