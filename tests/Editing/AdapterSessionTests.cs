using Sharpformer.Editing;
using Sharpformer.Tensors;
using Sharpformer.Tests.Editing.Store;

namespace Sharpformer.Tests.Editing;

/// <summary>A model with an adapter is another one, with stores of its own.</summary>
public sealed class AdapterSessionTests : IDisposable
{
    private static readonly string Model = TestFiles.Golden("families/gpt2-tiny-f32");
    private static readonly string Patterns = TestFiles.Golden("adapters/gpt2-patterns"), Tables = TestFiles.Golden("adapters/gpt2-tables");

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_store_made_with_an_adapter_refuses_the_base_model_alone_and_another_adapter()
    {
        Make(folder.File("edits.db"), Patterns);
        Use(folder.File("edits.db"), Patterns);
        Fails.With<InputException>(
            "this one is loaded without: its answers are others. Hint: name the adapter with --adapter",
            () => Use(folder.File("edits.db"), null));
        Fails.With<InputException>("was made over a model with another LoRA adapter", () => Use(folder.File("edits.db"), Tables));
    }

    [Fact]
    public void A_store_made_without_refuses_an_adapter()
    {
        Make(folder.File("edits.db"), null);
        Use(folder.File("edits.db"), null);
        Fails.With<InputException>("Hint: leave --adapter out", () => Use(folder.File("edits.db"), Patterns));
    }

    [Fact]
    public void A_store_of_an_older_program_was_made_without()
    {
        using (var store = Sharpformer.Editing.Store.EditStore.Open(folder.File("edits.db"), create: true))
        {
            store.Bind(ModelFingerprinter.Compute(Model), 48); // says nothing of a configuration
            store.Add(StoreFolder.Edit(1, 48));
        }

        Use(folder.File("edits.db"), null);
        Fails.With<InputException>("over a model without an adapter", () => Use(folder.File("edits.db"), Patterns));
    }

    [Fact]
    public void An_adapter_in_another_folder_with_the_same_meaning_is_the_same()
    {
        string copy = Copy("\"revision\": null", "\"revision\": \"main\", \"inference_mode\": false");
        Assert.Equal(ModelFingerprinter.Compute(Model, adapter: Patterns), ModelFingerprinter.Compute(Model, adapter: copy));
        Make(folder.File("edits.db"), Patterns);
        Use(folder.File("edits.db"), copy);
    }

    [Fact]
    public void Other_settings_over_the_same_tensors_are_another_adapter()
    {
        string copy = Copy("\"lora_alpha\": 6", "\"lora_alpha\": 7");
        Assert.NotEqual(ModelFingerprinter.OfAdapter(Patterns), ModelFingerprinter.OfAdapter(copy));
        ModelFingerprint with = ModelFingerprinter.Compute(Model, adapter: Patterns);
        ModelFingerprint other = ModelFingerprinter.Compute(Model, adapter: copy);
        Assert.NotEqual(with.Weights, other.Weights);
        Assert.NotEqual(ModelFingerprinter.Compute(Model).Weights, with.Weights);
        Assert.Equal(with.Tokenizer, other.Tokenizer);
    }

    private static void Make(string store, string? adapter)
    {
        using Session session = Open(adapter);
        session.OpenStore(store, StoreAccess.Create);
        session.Store.Add(StoreFolder.Edit(1, session.Model.Config.NEmbd));
    }

    private static void Use(string store, string? adapter)
    {
        using Session session = Open(adapter);
        session.OpenStore(store);
        Assert.Equal(1, session.Store.Count().Active);
    }

    private static Session Open(string? adapter) =>
        Session.Open(Model, new SessionOptions { Device = "cpu", NeedsTokenizer = false, Adapter = adapter });

    private string Copy(string from, string to)
    {
        string copy = Directory.CreateDirectory(folder.File("copy")).FullName;
        foreach (string file in Directory.GetFiles(Patterns)) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        string config = Path.Combine(copy, "adapter_config.json"), text = File.ReadAllText(config);
        Assert.Contains(from, text, StringComparison.Ordinal);
        text = text.Replace("\"inference_mode\": true,", "", StringComparison.Ordinal);
        File.WriteAllText(config, text.Replace(from, to, StringComparison.Ordinal));
        return copy;
    }
}
