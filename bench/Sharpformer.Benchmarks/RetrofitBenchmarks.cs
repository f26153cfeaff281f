using BenchmarkDotNet.Attributes;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Benchmarks;

/// <summary>Teaching facts to the bundled model: trace, birth and five steps of training, without L_irr.</summary>
public class RetrofitBenchmarks
{
    private static readonly IReVaSettings Settings = new() { Layer = 4, Theta = 0.85f, Alpha = 1, RecWeight = 0.1f, IrrWeight = 0 };

    private IReVaTeaching teaching = null!;
    private TokenizedRequest[] requests = [];

    /// <summary>Facts that are taught together.</summary>
    [Params(1, 16, 128)]
    public int Facts { get; set; }

    /// <summary>Loads the model and reads the facts.</summary>
    [GlobalSetup]
    public void Setup()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "models", "facts-gpt2");
        CausalLm model = CausalLm.Load(folder, Operands.Device);
        var tokenizer = Tokenizer.Load(folder);
        teaching = new IReVaTeaching(model, KeyValueAdaptor.For(model, Settings.Layer), Settings);
        requests = [.. EditRecord.Load(Path.Combine(AppContext.BaseDirectory, "data", "zsre.json"), Facts)
            .Select(record => TokenizedRequest.Of(tokenizer, record.ToRequest(" Answer:"), model.Config.NPositions))];
    }

    /// <summary>Nothing is kept, so that every run begins with the same adaptor.</summary>
    [Benchmark]
    public int Teach() => IReVaTeaching.Chunks(requests).Sum(chunk => teaching.TeachTogether(chunk).Count);
}
