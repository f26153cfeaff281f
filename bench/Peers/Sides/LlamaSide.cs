using LLama.Native;

namespace Sharpformer.Peers.Sides;

/// <summary>
/// llama.cpp, as LLamaSharp brings it. Keys and values are float16 and attention is its fused one: of the settings tried, those were
/// the fastest or as fast as any.
/// </summary>
internal sealed class LlamaSide : ISide
{
    /// <summary>It reads keys of as many positions at a time, so a sequence has room for a multiple of that.</summary>
    private const int Cells = 256;

    private readonly SafeLlamaModelHandle model;
    private readonly SafeLLamaContextHandle context;
    private readonly LLamaBatch batch = new();
    private readonly int vocabulary;
    private int[] lastRows = []; // of the batch, one a sequence
    private int sequences, promptLength, position;

    /// <param name="file">The model, in GGUF.</param>
    /// <param name="threads">How many threads it computes with.</param>
    /// <param name="sequences">How many sequences there may be at once.</param>
    /// <param name="tokens">How long they may become.</param>
    /// <param name="atOnce">How many tokens go through the model together.</param>
    public LlamaSide(string file, int threads, int sequences, int tokens, int atOnce)
    {
        Library();
        Name = "llama.cpp " + file[(file.LastIndexOf('-') + 1)..^".gguf".Length];
        model = SafeLlamaModelHandle.LoadFromFile(file, LLamaModelParams.Default());
        LLamaContextParams settings = LLamaContextParams.Default();
        settings.n_ctx = (uint)(sequences * ((tokens + Cells - 1) / Cells) * Cells);
        settings.n_seq_max = (uint)sequences;
        settings.n_batch = (uint)Math.Max(atOnce, sequences);
        settings.n_ubatch = settings.n_batch;
        settings.n_threads = settings.n_threads_batch = threads;
        settings.type_k = settings.type_v = GGMLType.GGML_TYPE_F16;
        settings.llama_flash_attn_type = LLamaFlashAttentionType.LLAMA_FLASH_ATTENTION_TYPE_ENABLED;
        settings.kv_unified = sequences == 1;
        settings.no_perf = true;
        context = SafeLLamaContextHandle.Create(model, settings);
        vocabulary = model.Vocab.Count;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Loads the library once, and which: LLamaSharp takes that of the processor's widest vectors.</summary>
    public static string Library()
    {
        if (!NativeLibraryConfig.LLama.LibraryHasLoaded)
        {
            NativeLibraryConfig.All.WithLogCallback((level, message) =>
            {
                if (level == LLamaLogLevel.Error) Console.Error.Write(message);
            });
        }

        NativeApi.llama_empty_call();
        string line = File.ReadLines("/proc/self/maps").First(line => line.EndsWith("libggml-cpu.so", StringComparison.Ordinal));
        return Path.GetFileName(Path.GetDirectoryName(line))!;
    }

    /// <inheritdoc/>
    public void Read(int[][] prompts, Span<float> logits = default)
    {
        context.MemoryClear(false);
        batch.Clear();
        lastRows = new int[prompts.Length];
        for (int s = 0; s < prompts.Length; s++)
            for (int t = 0; t < prompts[s].Length; t++)
                lastRows[s] = batch.Add((LLamaToken)prompts[s][t], (LLamaPos)t, (LLamaSeqId)s, t == prompts[s].Length - 1);
        Decode(logits);
    }

    /// <inheritdoc/>
    public void Begin(int[][] prompts, int room)
    {
        Read(prompts);
        (sequences, promptLength) = (prompts.Length, prompts[0].Length);
        position = promptLength;
    }

    /// <inheritdoc/>
    public void Rewind()
    {
        for (int s = 0; s < sequences; s++) context.MemorySequenceRemove((LLamaSeqId)s, (LLamaPos)promptLength, -1);
        position = promptLength;
    }

    /// <inheritdoc/>
    public void Next(int[] tokens, Span<float> logits = default)
    {
        batch.Clear();
        for (int s = 0; s < tokens.Length; s++)
            lastRows[s] = batch.Add((LLamaToken)tokens[s], (LLamaPos)position, (LLamaSeqId)s, logits: true);
        position++;
        Decode(logits);
    }

    public void Dispose()
    {
        context.Dispose();
        model.Dispose();
    }

    private void Decode(Span<float> logits)
    {
        DecodeResult result = context.Decode(batch);
        if (result != DecodeResult.Ok) throw new InvalidOperationException($"llama_decode: {result}.");
        context.Synchronize();
        if (logits.IsEmpty) return;
        for (int s = 0; s < lastRows.Length; s++) context.GetLogitsIth(lastRows[s]).CopyTo(logits[(s * vocabulary)..]);
    }
}
