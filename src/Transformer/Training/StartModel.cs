using System.Text;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Transformer.Training;

/// <summary>What a run starts from: an architecture and its tokenizer, whose weights are random or another model's.</summary>
internal sealed class StartModel
{
    private readonly string? from;

    private StartModel(string? from, string tokenizerFolder, ModelConfig config) =>
        (this.from, TokenizerFolder, Config, Tokenizer) = (from, tokenizerFolder, config, Tokenizer.Load(tokenizerFolder, config));

    /// <summary>The architecture.</summary>
    public ModelConfig Config { get; }

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Where its files are.</summary>
    public string TokenizerFolder { get; }

    /// <summary>Finds out what a run starts from.</summary>
    /// <exception cref="InputException">A file is missing or damaged, or model and tokenizer do not fit.</exception>
    public static StartModel Of(TrainingJob job)
    {
        if (job.From is { } folder)
        {
            return job.Config.Shape is null
                ? new StartModel(folder, job.Tokenizer ?? folder, ModelConfig.Load(folder))
                : throw new InputException(
                    $"{job.Config.Name} has the shape of a model, but {folder} has one of its own, expected one of the two.",
                    "leave \"model\" out of the configuration to go on from a model.");
        }

        if (job.Config.Shape is null) throw job.Config.NoShape();
        string? beside = job.Config.Name is { } file ? Path.GetDirectoryName(Path.GetFullPath(file)) : null;
        string tokenizer = job.Tokenizer ?? (beside is not null && Tokenizer.IsIn(beside) ? beside : null) ?? throw new InputException(
            "A model from scratch needs a tokenizer, but none is named and none is beside the configuration.",
            "--tokenizer takes a model folder, or one with vocab.json and merges.txt, or tokenizer.json.");
        var any = Tokenizer.Load(tokenizer);
        ModelConfig config = job.Config.ModelOf(any.VocabularySize);
        return new StartModel(null, tokenizer, config with { BosTokenId = any.Special.Bos, EosTokenIds = any.EosIds });
    }

    /// <summary>Who it is, as SHA-256 in lower-case hex: of its weights, or of the shape of one that is random.</summary>
    public string Identity() => SecureHash.Sha256Of(all =>
    {
        if (from is null)
        {
            all.Write(Encoding.UTF8.GetBytes(RandomCheckpoint.ConfigJson(Config, DType.F32)));
            return;
        }

        foreach (string path in ModelFolder.WeightFiles(from))
        {
            using FileStream file = File.OpenRead(path);
            file.CopyTo(all);
        }
    });

    /// <summary>Bytes of its weights as they are stored, or in memory where they are random.</summary>
    public long StoredBytes => from is not null
        ? ModelFolder.WeightFiles(from).Sum(FileLength.Of)
        : WeightList.Of(Config).Sum(weight => weight.Shape.Count * sizeof(float));

    /// <summary>The model itself.</summary>
    /// <exception cref="InputException">Its weights are missing or damaged.</exception>
    public CausalLm Build(Device device, ulong seed, Action<string>? notice) =>
        from is null ? RandomCheckpoint.Build(Config, seed, device) : CausalLm.Load(from, device, notice);

    /// <summary>Makes sure that a model's weights lie as they will be written.</summary>
    /// <exception cref="InputException">One does not.</exception>
    public void CheckLayout(CausalLm model)
    {
        foreach (((string name, Shape shape), Autograd.Variable weight) in WeightList.Of(model.Config).Zip(model.Weights))
        {
            if (weight.Shape == shape) continue;
            throw new InputException(
                $"{from}: {name} is stored as {weight.Shape}, expected {shape}.",
                "'model convert' writes it so; train from what that writes.");
        }
    }
}
