using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.FineTuning;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing;

/// <summary><c>sharpformer.json</c> beside a model.</summary>
public sealed class ModelDefaultsTests : IDisposable
{
    private static readonly ModelConfig Config = ModelConfig.Load(TestFiles.Model);

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Without_the_file_settings_are_the_methods_own()
    {
        var none = ModelDefaults.Load(folder.Path);
        Assert.False(none.Names("ireva"));
        Assert.Equal(IReVaSettings.For(Config), none.SettingsFor("ireva", Config));
        Assert.Equal(FineTuningSettings.For(Config), none.SettingsFor("ft", Config));
    }

    [Fact]
    public void What_it_names_is_taken_and_the_rest_stays()
    {
        Write("""{"editing":{"ireva":{"theta":0.9,"retrofit":false},"ft":{"epochs":3}}}""");
        var defaults = ModelDefaults.Load(folder.Path);
        Assert.True(defaults.Names("ireva"));
        Assert.False(defaults.Names("rome"));
        Assert.Equal(IReVaSettings.For(Config) with { Theta = 0.9f, Retrofit = false }, defaults.SettingsFor("ireva", Config));
        Assert.Equal(FineTuningSettings.For(Config) with { Epochs = 3 }, defaults.SettingsFor("ft", Config));
    }

    [Fact]
    public void Sentences_that_the_model_knows_are_read_and_stay_when_settings_are_written()
    {
        Write("""{"sentences":["Anatole France was born in Paris","naïve"]}""");
        ModelDefaults.Write(folder.Path, IReVaSettings.For(Config) with { Theta = 0.9f }, Config);
        var defaults = ModelDefaults.Load(folder.Path);
        Assert.Equal(["Anatole France was born in Paris", "naïve"], defaults.Sentences);
        Assert.True(defaults.Names("ireva"));
    }

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("[]", "expected an object")]
    [InlineData("""{"editing":{"ireva":{"theta":0.9}}""", "not valid JSON")]
    [InlineData("""{"edits":{}}""", "edits is not known here, expected \"editing\"")]
    [InlineData("""{"sentences":"a b"}""", "sentences is \"a b\", expected a list")]
    [InlineData("""{"sentences":[1]}""", "expected a text")]
    [InlineData(
        """{"editing":{"clairvoyance":{}}}""",
        "editing.clairvoyance: there is no such method, expected one of alphaedit, emmet, ft, grace, ireva, ireva-scoped, ke, ")]
    [InlineData("""{"editing":{"ireva":[]}}""", "editing.ireva is a list, expected an object with settings")]
    [InlineData("""{"editing":{"ireva":{"thta":0.9}}}""", "editing.ireva.thta is no setting of method ireva, expected one of layer, theta")]
    [InlineData("""{"editing":{"ireva":{"theta":"0.9"}}}""", "editing.ireva.theta is \"0.9\", expected a number between 0 and 1")]
    [InlineData("""{"editing":{"ireva":{"theta":1}}}""", "editing.ireva.theta is 1, expected a number between 0 and 1")]
    [InlineData("""{"editing":{"ireva":{"alpha":1e99}}}""", "editing.ireva.alpha is 1e99, expected a finite number other than 0")]
    [InlineData("""{"editing":{"ireva":{"layer":6}}}""", "editing.ireva.layer is 6, expected a block from 0 to 5")]
    [InlineData("""{"editing":{"rome":{"layer":-1}}}""", "editing.rome.layer is -1, expected a block from 0 to 5")]
    [InlineData("""{"editing":{"ireva":{"epochs":2.5}}}""", "editing.ireva.epochs is 2.5, expected a whole number")]
    [InlineData("""{"editing":{"ireva":{"layer":1.5}}}""", "editing.ireva.layer is 1.5, expected a whole number")]
    [InlineData("""{"editing":{"ireva":{"layer":"4"}}}""", "editing.ireva.layer is \"4\", expected a block from 0 to 5")]
    [InlineData("""{"editing":{"ireva":{"theta":NaN}}}""", "editing.ireva.theta is NaN, expected a number between 0 and 1")]
    [InlineData("""{"editing":{"ft":{"chunk":1e10}}}""", "editing.ft.chunk is 1e10, expected a whole number, 2147483647 at most")]
    [InlineData("""{"editing":{"rome":{"seed":99999999999999999999}}}""", "expected a whole number, 18446744073709551615 at most")]
    [InlineData("""{"editing":{"ireva":{"recWeight":-1}}}""", "editing.ireva.recWeight is -1, expected a finite number from 0")]
    [InlineData("""{"editing":{"ireva":{"retrofit":1}}}""", "editing.ireva.retrofit is 1, expected true or false")]
    [InlineData("""{"editing":{"ireva":{"theta":0.9,"theta":0.8}}}""", "not valid JSON")]
    public void A_file_that_is_not_as_it_should_be_is_told(string content, string said)
    {
        Write(content);
        InputException e = Assert.Throws<InputException>(() =>
        {
            var defaults = ModelDefaults.Load(folder.Path);
            foreach (IEditor editor in EditorCatalog.All) defaults.SettingsFor(editor.Name, Config);
        });
        Assert.StartsWith(folder.File("sharpformer.json"), e.Message, StringComparison.Ordinal);
        Assert.Contains(said, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void What_is_written_is_read_and_other_methods_stay()
    {
        Write("""{"editing":{"ft":{"epochs":3},"ireva":{"layer":2,"theta":0.6}}}""");
        IReVaSettings found = IReVaSettings.For(Config) with { Theta = 0.8f, Alpha = 1.5f };
        Assert.Equal(folder.File("sharpformer.json"), ModelDefaults.Write(folder.Path, found, Config));
        var defaults = ModelDefaults.Load(folder.Path);
        Assert.Equal(found, defaults.SettingsFor("ireva", Config));
        Assert.Equal(3, ((FineTuningSettings)defaults.SettingsFor("ft", Config)).Epochs);
        JsonObject named = JsonNode.Parse(File.ReadAllText(folder.File("sharpformer.json")))!["editing"]!["ireva"]!.AsObject();
        Assert.Equal(["theta", "alpha"], named.Select(setting => setting.Key)); // what is the method's own is left out
    }

    [Fact]
    public void A_session_and_the_model_of_few_words_use_it_and_the_model_stays_the_same()
    {
        TestFiles.CopyModel(folder.Path);
        ModelFingerprint before = ModelFingerprinter.Compute(folder.Path);
        Write("""{"editing":{"ireva":{"theta":0.9,"alpha":2}}}""");
        Assert.Equal(before, ModelFingerprinter.Compute(folder.Path));
        using (var model = EditableModel.Load(folder.Path))
        {
            Assert.Equal(IReVaSettings.For(Config) with { Theta = 0.9f, Alpha = 2 }, model.Session.SettingsFor());
            Assert.Equal(2, IReVaSettings.Of(model.Teach("Paris is in", "Spain")).Alpha);
        }

        File.Delete(folder.File("sharpformer.json"));
        using (var model = EditableModel.Load(folder.Path)) // then α follows the width
            Assert.Equal(0.2f * 1600 / 256, IReVaSettings.Of(model.Teach("Paris is in", "Spain")).Alpha);
    }

    [Fact]
    public void The_bundled_model_says_what_its_page_recommends() => Assert.Equal(
        new IReVaSettings { Layer = 4, Theta = 0.85f, Alpha = 1, RecWeight = 0.1f, AsPublished = false },
        ModelDefaults.Load(TestFiles.Model).SettingsFor("ireva", Config));

    private void Write(string content) => File.WriteAllText(folder.File("sharpformer.json"), content);
}
