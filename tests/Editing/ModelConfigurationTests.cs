using Sharpformer.Editing;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Editing;

public sealed class ModelConfigurationTests : IDisposable
{
    private static readonly string Model = TestFiles.Model;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("configuration-test-");

    public ModelConfigurationTests()
    {
        foreach (string name in (string[])["config.json", "vocab.json", "merges.txt", "sharpformer.json"])
            File.Copy(Path.Combine(Model, name), In(name));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Order_white_space_and_what_says_nothing_about_answers_make_no_other_model()
    {
        string before = Of();
        Assert.Equal(before, Of());
        string config = File.ReadAllText(In("config.json"));
        string[] lines = config.Trim().Trim('{', '}').Split(",\n").Select(line => line.Trim()).Reverse().ToArray();
        File.WriteAllText(In("config.json"), "{" + string.Join(" , ", lines) + ", \"transformers_version\": \"9\"}");
        File.Delete(In("sharpformer.json"));
        File.WriteAllText(In("tokenizer_config.json"), """{ "tokenizer_class": "GPT2Tokenizer", "add_prefix_space" : false }""");
        Assert.Equal(before, Of());
    }

    [Theory]
    [InlineData("\"n_head\": 8", "\"n_head\": 4", "nHead")]
    [InlineData("\"layer_norm_epsilon\": 1E-05", "\"layer_norm_epsilon\": 1E-06", "layerNormEpsilon")]
    [InlineData("\"gelu_new\"", "\"relu\"", "activation")]
    [InlineData("\"scale_attn_weights\": true", "\"scale_attn_weights\": false", "scalesAttention")]
    [InlineData("\"eos_token_id\": 7014", "\"eos_token_id\": 7013", "eosTokenId")]
    public void What_changes_answers_makes_another_one_and_is_named(string from, string to, string name)
    {
        string before = Of();
        File.WriteAllText(In("config.json"), File.ReadAllText(In("config.json")).Replace(from, to, StringComparison.Ordinal));
        Assert.Contains(name, Difference(before, Of()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "add_prefix_space": true }""", "tokenizer.addPrefixSpace")]
    [InlineData("""{ "added_tokens_decoder": { "7013": { "content": "ĠCannes", "special": true } } }""", "tokenizer.added")]
    public void Tokenizer_settings_are_part_of_it(string tokenizer, string name)
    {
        string before = Of();
        File.WriteAllText(In("tokenizer_config.json"), tokenizer);
        Assert.Contains(name, Difference(before, Of()), StringComparison.Ordinal);
    }

    private static string Difference(string before, string after)
    {
        using var folder = new Store.StoreFolder();
        using (var store = Sharpformer.Editing.Store.EditStore.Open(folder.File, create: true))
        {
            store.Bind(Store.StoreFolder.Model, Store.StoreFolder.NEmbd, config: before);
            store.Add(Store.StoreFolder.Edit(1));
        }

        using var again = Sharpformer.Editing.Store.EditStore.Open(folder.File);
        again.Bind(Store.StoreFolder.Model, Store.StoreFolder.NEmbd, config: before);
        return Store.StoreFolder.Refused(() => again.Bind(Store.StoreFolder.Model, Store.StoreFolder.NEmbd, config: after));
    }

    private string Of()
    {
        ModelConfig config = ModelConfig.Load(_folder.FullName);
        return ModelConfiguration.Of(config, Tokenizer.Load(_folder.FullName, config));
    }

    private string In(string name) => Path.Combine(_folder.FullName, name);
}
