using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;
using Sharpformer.Tests.Editing.Store;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing;

/// <summary>Settings as the text that is stored.</summary>
public sealed class EditSettingsTests
{
    [Fact]
    public void The_text_is_the_same_each_time_and_has_no_method()
    {
        const string Text = """
            {"layer":4,"theta":0.75,"alpha":0.2,"retrofit":true,"epochs":5,"learningRate":0.05,"beta1":0.9,"beta2":0.99,
            "epsilon":1E-08,"weightDecay":0.01,"recWeight":0.001,"irrWeight":0.001,"labelSmoothing":0,"seed":0,
            "asPublished":true}
            """;
        Assert.Equal(Text.ReplaceLineEndings(""), new IReVaSettings { Layer = 4 }.ToJson());
    }

    [Fact]
    public void Settings_of_a_store_that_says_nothing_of_it_are_as_published()
    {
        Assert.True(((IReVaSettings)EditSettings.Parse("ireva", """{"layer":4}""")).AsPublished);
        Assert.False(IReVaSettings.For(PublishedSizes.All["gpt2-xl"]).AsPublished);
    }

    [Fact]
    public void Every_float_keeps_its_bits_and_every_seed_its_digits()
    {
        float[] odd =
        [
            0f, -0f, float.Epsilon, -float.Epsilon, 1e-40f, 0.1f, 1f / 3, float.MaxValue, float.MinValue, MathF.BitDecrement(1),
            MathF.BitIncrement(1e10f), 16777217f,
        ];
        var random = new Random(5);
        IEnumerable<float> drawn = Enumerable.Range(0, 2000)
            .Select(_ => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)))
            .Where(float.IsFinite);
        foreach (float value in odd.Concat(drawn))
        {
            var settings = new IReVaSettings { Layer = 1, Theta = value, Beta1 = -value };
            var read = (IReVaSettings)EditSettings.Parse("ireva", settings.ToJson());
            Assert.Equal(settings, read);
            Assert.Equal(StoreFolder.Bits([value, -value]), StoreFolder.Bits([read.Theta, read.Beta1]));
        }

        foreach (ulong seed in (ulong[])[0, (1UL << 53) + 1, ulong.MaxValue])
            Assert.Equal(seed, ((IReVaSettings)EditSettings.Parse("ireva", new IReVaSettings { Layer = 1, Seed = seed }.ToJson())).Seed);
    }

    [Fact]
    public void What_is_left_out_has_its_default() =>
        Assert.Equal(new IReVaSettings { Layer = 3, Seed = 7 }, EditSettings.Parse("ireva", """{"seed":7,"layer":3}"""));

    [Fact]
    public void The_text_of_every_method_is_made_at_compile_time_and_is_what_looking_would_make()
    {
        var looking = new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };
        foreach (IEditor editor in EditorCatalog.All.Where(editor => editor.GetType().Assembly == typeof(EditorCatalog).Assembly))
        {
            EditSettings settings = editor.SettingsFor(PublishedSizes.All["gpt2-xl"]);
            Assert.NotNull(EditingJson.Default.GetTypeInfo(editor.SettingsType));
            string text = settings.ToJson();
            Assert.Equal(JsonSerializer.Serialize(settings, editor.SettingsType, looking), text);
            Assert.Equal(settings, EditSettings.Parse(editor.Name, text));
            string[] needed = [.. editor.SettingsType.GetProperties()
                .Where(property => property.IsDefined(typeof(RequiredMemberAttribute), inherit: true))
                .Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name))];
            string least = new JsonObject(
                JsonNode.Parse(text)!.AsObject().Where(one => needed.Contains(one.Key))
                    .Select(one => KeyValuePair.Create(one.Key, one.Value?.DeepClone()))).ToJsonString();
            var defaults = (EditSettings)JsonSerializer.Deserialize(least, editor.SettingsType, looking)!;
            Assert.Equal(defaults, EditSettings.Parse(editor.Name, least));
        }
    }

    [Theory]
    [InlineData("""{"layer":3,"momentum":0.9}""", "$.momentum")]
    [InlineData("""{"layer":3,"layer":4}""", "$.layer")]
    [InlineData("""{"theta":0.5}""", "$")]
    [InlineData("""{"layer":3.5}""", "$.layer")]
    [InlineData("""{"Layer":3}""", "$.Layer")]
    [InlineData("[]", "$")]
    [InlineData("", "$")]
    public void What_this_program_does_not_know_is_refused(string json, string place)
    {
        string message = Assert.Throws<InputException>(() => EditSettings.Parse("ireva", json)).Message;
        string expected = $"Settings of method ireva are not as this program knows them at {place}: {Quoted.Text(json)}.";
        Assert.StartsWith(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_method_is_one_line_and_its_edits_are_stored_beside_the_others()
    {
        Assert.Contains("method \"toy\" is unknown", StoreFolder.Refused(() => EditSettings.Parse("toy", "{}")), StringComparison.Ordinal);
        using var folder = new StoreFolder();
        EditorCatalog.Add(new Toy());
        try
        {
            using EditStore store = folder.OpenWith(1);
            Edit toy = store.Add(StoreFolder.Edit(3) with
            {
                Settings = new ToySettings { Blocks = [17, 18], Note = "ü" },
                Parts = [new EditPart("18.u", [2, 1, 2], [1, 2, 3, -0f]), new EditPart("17.u", [], [5]), new EditPart("none", [0, 9], [])],
                FinalLoss = null,
            });
            Assert.Equal(("toy", 2L), (toy.Method, toy.Batch));
            Edit read = store.Get(2);
            Assert.Equal("""{"blocks":[17,18],"note":"\u00FC"}""", read.Settings.ToJson());
            StoreFolder.Same(toy with { Settings = read.Settings }, read);
            Assert.Equal(["17.u", "18.u", "none"], read.Parts.Select(part => part.Name));
            Assert.Equal([1L, 2], store.List(withParts: true, includeRemoved: false).Select(edit => edit.Id));
            Assert.Contains("Edit 2 was made by method toy", StoreFolder.Refused(() => IReVaSettings.Of(read)), StringComparison.Ordinal);
            Assert.Null(store.FirstSettings("rome"));
            Assert.Equal(read.Settings.ToJson(), store.FirstSettings("toy")!.ToJson());
        }
        finally
        {
            EditorCatalog.Remove("toy");
        }
    }

    /// <summary>A method that the store needs to know by its settings alone.</summary>
    private sealed class Toy : IEditor
    {
        public string Name => "toy";

        public string Description => "Does nothing.";

        public Reversal Reversal => Reversal.Exact;

        public Type SettingsType => typeof(ToySettings);

        public EditSettings SettingsFor(ModelConfig config, string? variant = null) => new ToySettings();

        public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
            IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context) => [requests];

        public IReadOnlyList<Edit> Teach(
            IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context) => [];

        public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits) => soFar;
    }

    private sealed record ToySettings() : EditSettings("toy")
    {
        public IReadOnlyList<int> Blocks { get; init; } = [];

        public string Note { get; init; } = "";
    }
}
