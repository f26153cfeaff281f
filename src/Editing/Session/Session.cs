using Sharpformer.Editing;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.Gpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer;

/// <summary>
/// The public face for programs: one model, one store of edits, one device. Everything that can be asked of them is a method with a
/// record as its result; nothing prints, nothing parses. Calls from several threads are safe: they wait for one another.
/// </summary>
public sealed partial class Session : IDisposable
{
    private readonly DeviceThread queue = new();
    private readonly SessionOptions options;
    private readonly string folder;
    private readonly LoadedFiles files;
    private readonly Device device;
    private readonly Tokenizer? tokenizer;
    private ModelFingerprint? fingerprint;
    private bool isRemembered; // the fingerprint was, and not hashed
    private string? configuration;
    private ModelDefaults? defaults;
    private EditStore? store;
    private StoreMoment? at;
    private EditedModel? edited;
    private int disposed;

    private Session(string folder, SessionOptions options)
    {
        (this.folder, this.options) = (folder, options);
        (device, Choice, Model, files, tokenizer) = queue.Run(() =>
        {
            Device opened = options.Found is { } found
                ? Accelerators.Open(options.Device, options.Threads, found, out DeviceChoice choice)
                : Accelerators.Open(options.Device, options.Threads, out choice);
            try
            {
                CausalLm model = CausalLm.Load(folder, opened, options.Notice, options.Weights, options.Adapter);
                Tokenizer? itsOwn = options.NeedsTokenizer ? Tokenizer.Load(folder, model.Config) : null;
                return (opened, choice, model, new LoadedFiles(folder), itsOwn);
            }
            catch
            {
                opened.Dispose();
                throw;
            }
        });
    }

    /// <summary>Loads a model folder: maps the weights, reads the tokenizer.</summary>
    /// <param name="modelFolder">config.json, weights and tokenizer, as a model hub has them.</param>
    /// <param name="options">How; null takes the defaults.</param>
    /// <exception cref="InputException">The folder does not hold a usable model, or the device is not there.</exception>
    public static Session Open(string modelFolder, SessionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(modelFolder);
        return new Session(modelFolder, options ?? new SessionOptions());
    }

    /// <summary>The base model. It is computed with on the session's queue only, see <see cref="Compute{T}"/>.</summary>
    public CausalLm Model { get; }

    /// <summary>On what it computes, and why.</summary>
    public DeviceChoice Choice { get; }

    /// <summary>Its tokenizer.</summary>
    /// <exception cref="InvalidOperationException">It was opened without one.</exception>
    public Tokenizer Tokenizer => tokenizer ?? throw new InvalidOperationException("The model was loaded without its tokenizer.");

    /// <summary>
    /// Who the model is; hashed when first asked for, or remembered, where the checkpoint is large and its files are those that were hashed
    /// before: see docs/models.md for what that goes by, and <see cref="SessionOptions.Verify"/>. What is written down to last (exports,
    /// statistics, trained networks, the first edit of a store) has every byte hashed.
    /// </summary>
    /// <exception cref="InputException">Its files were changed since they were loaded.</exception>
    public ModelFingerprint Fingerprint
    {
        get
        {
            if (fingerprint is not null) return fingerprint;
            if (options.Verify) return fingerprint = Verified();
            ModelFingerprint found = ModelFingerprinter.Find(
                options.Memory, folder, options.Weights, options.Adapter, out isRemembered);
            files.RequireThere();
            return fingerprint = found;
        }
    }

    /// <summary>The same, every byte hashed.</summary>
    /// <exception cref="InputException">What was remembered is wrong, and edits may have been taken for this model's by it.</exception>
    public ModelFingerprint VerifiedFingerprint
    {
        get
        {
            if (fingerprint is { } told && !isRemembered) return told;
            ModelFingerprint? believed = fingerprint;
            fingerprint = Verified();
            return believed is null || believed == fingerprint ? fingerprint : throw new InputException(
                $"{folder}: its weights are not those whose fingerprint was remembered, though their files look the same.",
                "what is remembered is mended: run it again.");
        }
    }

    /// <summary>What else changes its answers, see <see cref="ModelConfiguration"/>.</summary>
    internal string Configuration => configuration ??= ModelConfiguration.Of(
        Model.Config, tokenizer ?? (Tokenizer.IsIn(folder) ? Tokenizer.Load(folder, Model.Config) : null),
        ModelFingerprinter.AreQ8(folder, options.Weights), ModelFingerprinter.OfAdapter(options.Adapter));

    /// <summary>What the model folder says about how it is edited; read when first asked for.</summary>
    /// <exception cref="InputException">Its file is not as it should be.</exception>
    public ModelDefaults Defaults => defaults ??= ModelDefaults.Load(folder);

    /// <summary>Threads that share the work; null on an accelerator.</summary>
    public int? Threads => (device as CpuDevice)?.Threads;

    /// <summary>The name of the accelerator; null on the CPU.</summary>
    public string? Accelerator => (device as GpuDevice)?.AcceleratorName;

    /// <summary>The store of edits.</summary>
    /// <exception cref="InvalidOperationException">None was opened.</exception>
    public EditStore Store => store ?? throw new InvalidOperationException("No store is open: OpenStore first.");

    /// <summary>Whether a store is open.</summary>
    public bool HasStore => store is not null;

    /// <summary>How the model differs that <see cref="OpenEdited"/> took for the edited one; null where there is none.</summary>
    public WeightDifference? Elsewhere { get; private set; }

    /// <summary>As of when the store is read; null is now.</summary>
    public StoreMoment? At => at;

    /// <summary>The base model, as edits are applied to it.</summary>
    private EditedModel Unedited => new(Model) { Tokenizer = tokenizer };

    /// <summary>The model with all edits of the store; the base model where there is none.</summary>
    public EditedModel Edited => queue.Run(() =>
        edited ??= EditorCatalog.Apply(Unedited, store?.List(withParts: true, includeRemoved: false, at) ?? []));

    /// <summary>Opens a store and makes sure that it belongs to the model. The one that was open before is closed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="access">What may be done with it.</param>
    /// <param name="at">Reads it as it was then; null is now.</param>
    /// <exception cref="InputException">There is none, it is damaged, or its edits are another model's.</exception>
    /// <exception cref="ArgumentException">The past cannot be changed: <paramref name="at"/> asks for read access.</exception>
    public void OpenStore(string path, StoreAccess access = StoreAccess.Change, StoreMoment? at = null) => queue.Run(() =>
    {
        if (at is not null && access != StoreAccess.Read)
            throw new ArgumentException("Session.OpenStore: a store as it was can only be read.", nameof(access));
        Use(EditStore.Open(
            path, create: access == StoreAccess.Create, options.Time, readOnly: access == StoreAccess.Read, options.Author));
        this.at = at;
    });

    /// <summary>
    /// Takes another model folder for the edited model from now on: this one's weights, edited by whatever program. A store that was open
    /// is closed.
    /// </summary>
    /// <param name="editedFolder">The folder; it may lack tokenizer files.</param>
    /// <param name="adapter">The folder of a LoRA adapter that is merged into it; null for none.</param>
    /// <exception cref="InputException">It is unusable, or another architecture or tokenizer.</exception>
    public WeightDifference OpenEdited(string editedFolder, string? adapter = null) => queue.Run(() =>
    {
        (EditedModel model, WeightDifference difference) = EditedElsewhere.Load(
            Model, tokenizer, (folder, options.Adapter), (editedFolder, adapter), options.Weights, options.Notice);
        store?.Dispose();
        (store, edited, at, then, Elsewhere) = (null, model, null, null, difference);
        return difference;
    });

    /// <summary>Keeps edits in memory from now on: an empty store without a file, gone with the session.</summary>
    public void UseMemory() => queue.Run(() => Use(EditStore.InMemory(options.Time, options.Author)));

    /// <summary>Computes something with the model on the session's queue, while nothing else does.</summary>
    public T Compute<T>(Func<T> compute) => queue.Run(() =>
    {
        using BufferScope scope = device.Scope();
        return compute();
    });

    /// <summary>Closes the store and frees the device, after what is being computed.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        queue.Run(() =>
        {
            store?.Dispose();
            device.Dispose();
        });
        queue.Dispose();
    }

    // A new store is told for good whose edits it is to hold; one in memory goes with the session.
    private void Bind(EditStore to, EditSettings? settings = null) => to.Bind(
        to is { Identity: null, IsInMemory: false } ? VerifiedFingerprint : Fingerprint, Model.Config.NEmbd, settings, Configuration);

    private ModelFingerprint Verified()
    {
        ModelFingerprint found = ModelFingerprinter.Verify(
            options.Memory, folder, options.Weights, options.Adapter, out bool wasWrong);
        files.RequireThere();
        isRemembered = false;
        if (wasWrong)
        {
            options.Notice?.Invoke(
                $"{folder}: its weights were changed without a trace in their files' times, and another fingerprint was remembered of "
                    + "them: that is mended.");
        }

        return found;
    }

    private void Use(EditStore opened)
    {
        try
        {
            Bind(opened);
            if (opened.Identity is { Config: null })
            {
                options.Notice?.Invoke(
                    $"Edit store '{opened.Path}' does not say under which configuration its edits were made (heads, activation, "
                        + "tokenizer settings, …): an older program made it, so only weights and vocabulary were compared.");
            }
        }
        catch
        {
            opened.Dispose();
            throw;
        }

        store?.Dispose();
        (store, edited, at, then, Elsewhere) = (opened, null, null, null, null);
    }
}

/// <summary>What a session may do with its store.</summary>
public enum StoreAccess
{
    /// <summary>Read it; that also works where nothing can be written.</summary>
    Read,

    /// <summary>Change it; it must exist.</summary>
    Change,

    /// <summary>Change it, and make it if it does not exist.</summary>
    Create,
}
