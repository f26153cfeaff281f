using Microsoft.ML.OnnxRuntime;
using Sharpformer.Peers.Formats;
using Sharpformer.Transformer;

namespace Sharpformer.Peers.Sides;

/// <summary>ONNX Runtime with all its optimisations, on the graphs of <see cref="OnnxWriter"/>; float32.</summary>
internal sealed class OnnxSide : ISide
{
    private readonly RunOptions options = new();
    private readonly Lazy<InferenceSession> forward, decode; // each holds the weights once more
    private readonly ModelConfig config;
    private readonly string[] decodeInputs, decodeOutputs;
    private OrtValue[] promptPast = [], past = [];
    private int promptLength, position;

    /// <param name="folder">Both graphs.</param>
    /// <param name="config">The model's architecture.</param>
    /// <param name="threads">How many threads it computes with.</param>
    public OnnxSide(string folder, ModelConfig config, int threads)
    {
        this.config = config;
        (forward, decode) = (new(() => Session(OnnxWriter.Forward)), new(() => Session(OnnxWriter.Decode)));
        int[] layers = [.. Enumerable.Range(0, config.NLayer)];
        decodeInputs = ["ids", "positions", .. layers.Select(l => $"past_{l}")];
        decodeOutputs = ["logits", .. layers.Select(l => $"present_{l}")];

        InferenceSession Session(string graph)
        {
            using var settings = new Microsoft.ML.OnnxRuntime.SessionOptions
            {
                IntraOpNumThreads = threads,
                InterOpNumThreads = 1,
                GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            };
            return new InferenceSession(Path.Combine(folder, graph), settings);
        }
    }

    /// <inheritdoc/>
    public string Name => "ONNX Runtime";

    /// <inheritdoc/>
    public void Read(int[][] prompts, Span<float> logits = default)
    {
        int length = prompts[0].Length;
        using OrtValue ids = Longs(prompts.SelectMany(prompt => prompt), prompts.Length, length);
        using OrtValue positions = Longs(Enumerable.Range(0, length), length);
        using IDisposableReadOnlyCollection<OrtValue> outputs =
            forward.Value.Run(options, ["ids", "positions"], [ids, positions], ["logits"]);
        Tell(outputs[0], logits);
    }

    /// <inheritdoc/>
    public void Begin(int[][] prompts, int room)
    {
        Forget();
        long[] empty = [2, prompts.Length, config.NHead, 0, config.NEmbd / config.NHead];
        past = [.. Enumerable.Range(0, config.NLayer).Select(_ => OrtValue.CreateTensorValueFromMemory(Array.Empty<float>(), empty))];
        position = 0;
        Advance(prompts, default);
        (promptPast, promptLength) = (past, position);
    }

    /// <inheritdoc/>
    public void Rewind()
    {
        if (past != promptPast) Dispose(past);
        (past, position) = (promptPast, promptLength);
    }

    /// <inheritdoc/>
    public void Next(int[] tokens, Span<float> logits = default) => Advance(Array.ConvertAll(tokens, token => (int[])[token]), logits);

    public void Dispose()
    {
        Forget();
        options.Dispose();
        if (forward.IsValueCreated) forward.Value.Dispose();
        if (decode.IsValueCreated) decode.Value.Dispose();
    }

    private void Advance(int[][] tokens, Span<float> logits)
    {
        int length = tokens[0].Length;
        using OrtValue ids = Longs(tokens.SelectMany(t => t), tokens.Length, length);
        using OrtValue positions = Longs(Enumerable.Range(position, length), length);
        // Not disposed of as a whole: all but the logits are the next step's past.
        IDisposableReadOnlyCollection<OrtValue> outputs = decode.Value.Run(options, decodeInputs, [ids, positions, .. past], decodeOutputs);
        position += length;
        Tell(outputs[0], logits);
        outputs[0].Dispose();
        if (past != promptPast) Dispose(past);
        past = [.. outputs.Skip(1)];
    }

    private void Forget()
    {
        if (past != promptPast) Dispose(past);
        Dispose(promptPast);
        past = promptPast = [];
    }

    private static void Dispose(OrtValue[] values) => Array.ForEach(values, value => value.Dispose());

    private static void Tell(OrtValue result, Span<float> logits)
    {
        if (!logits.IsEmpty) result.GetTensorDataAsSpan<float>().CopyTo(logits);
    }

    private static OrtValue Longs(IEnumerable<int> values, params long[] shape) =>
        OrtValue.CreateTensorValueFromMemory(values.Select(value => (long)value).ToArray(), shape);
}
