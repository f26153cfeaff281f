using System.Security.Cryptography;
using Sharpformer.Editing;
using Sharpformer.Tensors;
using Sharpformer.Tests.Transformer.Tokenization;

namespace Sharpformer.Tests.Editing;

public sealed class ModelFingerprinterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fingerprint-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void One_weights_file_has_its_plain_hash()
    {
        Write("model.safetensors", "abc"u8);
        Write("vocab.json", "a"u8);
        Write("merges.txt", "bc"u8);
        const string Abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // FIPS 180-2, appendix B.1
        Assert.Equal(new ModelFingerprint(Abc, Abc), ModelFingerprinter.Compute(_folder));
    }

    [Fact]
    public void Shards_are_hashed_in_ordinal_order_whatever_the_order_of_their_making()
    {
        byte[] large = new byte[(1 << 20) * 2 + 1];
        new Random(5).NextBytes(large);
        Write("model-00002.safetensors", "second"u8);
        Write("model-00001.safetensors", large);
        Write("Zmodel.safetensors", "capital first"u8);
        Write("model.safetensors.index.json", """{"weight_map": {"a": "model-00001.safetensors", "b": "model-00002.safetensors"}}"""u8);
        Write("pytorch_model.bin", "the same weights once more"u8);
        Directory.CreateDirectory(Path.Combine(_folder, "old"));
        Write("old/model.safetensors", "not here"u8);
        byte[] all = [.. "capital first"u8, .. large, .. "second"u8];
        ModelFingerprint fingerprint = ModelFingerprinter.Compute(_folder);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(all)), fingerprint.Weights);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData([])), fingerprint.Tokenizer);
    }

    [Fact]
    public void A_folder_as_PyTorch_writes_it_has_the_hash_of_its_shards()
    {
        Write("pytorch_model-00001-of-00002.bin", "first"u8);
        Write("pytorch_model-00002-of-00002.bin", "second"u8);
        Write("training_args.bin", "not weights"u8);
        Write("adapter.safetensors", "not these weights"u8);
        Write(
            "pytorch_model.bin.index.json",
            """{"weight_map": {"b": "pytorch_model-00002-of-00002.bin", "a": "pytorch_model-00001-of-00002.bin"}}"""u8);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData("firstsecond"u8)), ModelFingerprinter.Compute(_folder).Weights);
    }

    [Fact]
    public void Any_changed_byte_changes_the_fingerprint()
    {
        Write("model.safetensors", new byte[100]);
        Write("vocab.json", "{}"u8);
        Write("merges.txt", "x"u8);
        ModelFingerprint before = ModelFingerprinter.Compute(_folder);
        Write("model.safetensors", [.. new byte[99], 1]);
        ModelFingerprint after = ModelFingerprinter.Compute(_folder);
        Assert.NotEqual(before.Weights, after.Weights);
        Assert.Equal(before.Tokenizer, after.Tokenizer);
        Write("merges.txt", "y"u8);
        Assert.NotEqual(before.Tokenizer, ModelFingerprinter.Compute(_folder).Tokenizer);
    }

    [Fact]
    public void The_tokenizers_fingerprint_is_of_tokenizer_json_where_it_is_alone()
    {
        using var folder = new TokenizerFolder();
        folder.Load();
        folder.Write("model.safetensors", "x");
        string single = ModelFingerprinter.Compute(folder.Path).Tokenizer;
        Assert.Equal(Hash("tokenizer.json"), single);
        folder.Write("tokenizer_config.json", "{}");
        Assert.Equal(single, ModelFingerprinter.Compute(folder.Path).Tokenizer);
        folder.WritePair();
        string pair = ModelFingerprinter.Compute(folder.Path).Tokenizer;
        Assert.Equal(Hash("vocab.json", "merges.txt"), pair);
        File.Delete(folder.File("tokenizer.json"));
        Assert.Equal(pair, ModelFingerprinter.Compute(folder.Path).Tokenizer);

        string Hash(params string[] names) =>
            Convert.ToHexStringLower(SHA256.HashData([.. names.SelectMany(name => File.ReadAllBytes(folder.File(name)))]));
    }

    [Fact]
    public void Missing_things_are_named()
    {
        InputException empty = Assert.Throws<InputException>(() => ModelFingerprinter.Compute(_folder));
        Assert.Contains("neither model.safetensors nor pytorch_model.bin", empty.Message, StringComparison.Ordinal);
        InputException none = Assert.Throws<InputException>(() => ModelFingerprinter.Compute(_folder + "-none"));
        Assert.Contains("does not exist", none.Message, StringComparison.Ordinal);
        Write("model.safetensors", [1]);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => ModelFingerprinter.Compute(_folder, cancel: cancelled.Token));
    }

    private void Write(string name, ReadOnlySpan<byte> bytes) => File.WriteAllBytes(Path.Combine(_folder, name), bytes);
}
