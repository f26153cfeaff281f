using Sharpformer.Editing;
using Sharpformer.Editing.Adaptor;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.Gpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Cli;

/// <summary>A model folder, ready to compute.</summary>
internal sealed class LoadedModel : IDisposable
{
    private readonly string folder;
    private readonly Device device;
    private readonly Tokenizer? tokenizer;
    private ModelFingerprint? fingerprint;

    private LoadedModel(string folder, Device device, bool needsTokenizer, Action<string>? notice)
    {
        (this.folder, this.device) = (folder, device);
        Lm = CausalLm.Load(folder, device, notice);
        if (!needsTokenizer) return;
        tokenizer = Tokenizer.Load(folder, Lm.Config);
    }

    /// <summary>Maps the weights and reads the tokenizer.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="device">Where to compute; belongs to the model from now on.</param>
    /// <param name="needsTokenizer">Whether to fail without tokenizer files.</param>
    /// <param name="notice">Told what is no error but worth knowing.</param>
    /// <exception cref="InputException">The folder does not hold a usable model.</exception>
    public static LoadedModel Open(string folder, Device device, bool needsTokenizer, Action<string>? notice = null)
    {
        try
        {
            return new LoadedModel(folder, device, needsTokenizer, notice);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>The model that comes with the program.</summary>
    public static string BundledFolder => Path.Combine(AppContext.BaseDirectory, "models", "facts-gpt2");

    /// <summary>The base model.</summary>
    public CausalLm Lm { get; }

    /// <summary>Threads that share the work; null on an accelerator.</summary>
    public int? Threads => (device as CpuDevice)?.Threads;

    /// <summary>What computes, in words.</summary>
    public string ComputesOn => Threads is { } threads ? Terminal.Counted(threads, "thread") : $"{device.Name}, {((GpuDevice)device).AcceleratorName}";

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer => tokenizer ?? throw new InvalidOperationException("The model was loaded without its tokenizer.");

    /// <summary>Who it is; hashed when first asked for.</summary>
    public ModelFingerprint Fingerprint => fingerprint ??= ModelFingerprinter.Compute(folder);

    /// <summary>The block to edit unless told otherwise.</summary>
    public int SuggestedLayer => IReVaSettings.SuggestedLayer(Lm.Config);

    /// <summary>The block that <c>--layer</c> names.</summary>
    /// <exception cref="InputException">The model has no such block.</exception>
    public int? CheckedLayer(int? asked) => asked is { } layer && layer >= Lm.Config.NLayer
        ? throw new InputException($"--layer is {layer}, the model's blocks are 0 to {Lm.Config.NLayer - 1}.")
        : asked;

    /// <summary>Opens a store for reading and makes sure it belongs to this model.</summary>
    public EditStore OpenStore(string path)
    {
        EditStore store = EditStore.Open(path, readOnly: true);
        try
        {
            store.Bind(Fingerprint, Lm.Config.NEmbd);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>The block beside which a store's edits sit; the suggested one where it has none yet.</summary>
    public int Layer(EditStore store) => store.FirstSettings(IReVaSettings.Name) is IReVaSettings first ? first.Layer : SuggestedLayer;

    /// <summary>The adaptor that a store's edits make; without a store one that never answers.</summary>
    public KeyValueAdaptor Adaptor(EditStore? store)
    {
        IReadOnlyList<Edit> edits = store?.List(withParts: true, includeRemoved: false) ?? [];
        return KeyValueAdaptor.Of(device, store is null ? SuggestedLayer : Layer(store), Lm.Config.NEmbd, Lm.Config.Activation, edits);
    }

    /// <summary>The folder where traces are kept; null without a path.</summary>
    /// <exception cref="InputException">It cannot be made.</exception>
    public TraceFolder? Traces(string? path) => path is null ? null : new TraceFolder(path, Lm, Fingerprint.Weights);

    /// <summary>A request as tokens.</summary>
    /// <exception cref="InputException">It is empty or too long.</exception>
    public Lesson Lesson(EditRequest request) => Editing.Adaptor.Lesson.Of(Tokenizer, request, Lm.Config.NPositions);

    /// <summary>Finds out-of-scope states for the edits to make; null when the settings have no use for any.</summary>
    public OutOfScopeSampler? NewSampler(IReadOnlyList<int[]> prompts, IReVaSettings settings) => settings.UsesOutOfScope()
        ? new OutOfScopeSampler(Lm, settings.Layer, Tokenizer.BosId, Tokenizer.EosId, prompts, settings.Seed)
        : null;

    /// <summary>The tokens of a prompt.</summary>
    /// <exception cref="InputException">It is empty or longer than the model's positions.</exception>
    public int[] Prompt(string text) => Lm.CheckedPrompt(Tokenizer.Encode(text));

    /// <summary>A token's text. A vocabulary padded to a round size has rows without any.</summary>
    public string TokenText(int id) => id < Tokenizer.VocabularySize ? Tokenizer.Decode([id]) : $"<token {id}>";

    /// <inheritdoc/>
    public void Dispose() => device.Dispose();
}
