using System.Globalization;
using System.Numerics;
using System.Reflection;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>What must hold before an edit is stored, after it is read, and between a store and its model.</summary>
internal static class StoreChecks
{
    /// <summary>
    /// No method's numbers come near it. One flipped bit of an exponent goes far beyond, and in stores of versions 1 and 2, which have no
    /// checksums, that is all that can be noticed.
    /// </summary>
    public const float LargestUnchecked = 1e9f;

    /// <summary>Refuses an edit that does not fit together or does not fit the store.</summary>
    public static void Storable(Edit edit, StoreIdentity identity)
    {
        if (edit.PromptTokens.Length == 0) throw new ArgumentException("EditStore.Add: the edit has no prompt tokens.");
        if (edit.TargetTokens.Length == 0) throw new ArgumentException("EditStore.Add: the edit has no target tokens.");
        if (edit.FinalLoss is double.NaN) throw new ArgumentException("EditStore.Add: the final loss is NaN, expected a number or null.");
        Storable(edit.Request.Prompt, "prompt");
        Storable(edit.Request.Target, "target");
        Storable(edit.Request.Subject ?? "", "subject");
        Storable(edit.Request.Source, "source");
        foreach (string paraphrase in edit.Request.Paraphrases) Storable(paraphrase, "paraphrase");
        foreach ((string name, string text) in edit.Request.Provenance) Storable(name + text, "provenance");
        Finite(edit.Settings, $"Edit {Quoted.Text(edit.Request.Prompt)}");
        foreach (EditPart part in edit.Parts) Storable(part, edit.Request.Prompt);
        if (edit.Parts.Select(part => part.Name).Distinct().Count() < edit.Parts.Count)
        {
            string names = string.Join(", ", edit.Parts.Select(part => part.Name));
            throw new ArgumentException($"EditStore.Add: two parts of one name: {names}.");
        }

        if (edit.Settings.Misfit(edit, identity.NEmbd) is { } misfit)
            throw new ArgumentException($"EditStore.Add: no edit of method {edit.Method}: {misfit}.");
    }

    /// <summary>Refuses half a surrogate pair. It has no UTF-8 form: the stored text would differ from the given one.</summary>
    public static void Storable(string text, string name)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (!char.IsSurrogatePair(text, i)) // also false at the end of the text
                throw new InputException($"Edit: the {name} is no valid text, it has half a surrogate pair (U+{(int)text[i]:X4}) at {i}.");
            i++;
        }
    }

    /// <summary>Refuses settings with what is no finite number.</summary>
    public static void Finite(EditSettings settings, string where)
    {
        foreach (PropertyInfo property in settings.GetType().GetProperties())
        {
            if (property.GetValue(settings) is float value && !float.IsFinite(value))
                throw new InputException($"{where}: {property.Name} is {value}, expected a finite number.");
        }
    }

    /// <summary>Refuses parts that are not those of the edit's method (none once removed).</summary>
    /// <param name="edit">The edit as it is now, with its parts.</param>
    /// <param name="nEmbd">C: the model's width.</param>
    /// <param name="path">The store, for the message.</param>
    /// <param name="largest">No number may be larger.</param>
    public static Edit Whole(Edit edit, int nEmbd, string path, float largest = float.MaxValue)
    {
        string? misfit = edit.Status == EditStatus.Removed
            ? edit.Parts.Count == 0 ? null : $"it is removed and has {edit.Parts.Count} parts"
            : edit.Settings.Misfit(edit, nEmbd)
                ?? edit.Parts.Select(part => Infinite(part, largest)).FirstOrDefault(odd => odd is not null);
        return misfit is null ? edit : throw new InputException(
            $"Edit store '{path}': edit {edit.Id} is not whole: {misfit}.", EditRow.Tampered);
    }

    /// <summary>Refuses any model or width but the one the store was bound to.</summary>
    public static void Same(StoreIdentity stored, StoreIdentity wanted, string path)
    {
        if (stored.Model != wanted.Model)
        {
            // Programs that write no configuration know no adapters.
            (string? was, string? now) = (ModelConfiguration.AdapterIn(stored.Config), ModelConfiguration.AdapterIn(wanted.Config));
            if (wanted.Config is not null && was != now) throw OtherAdapter(path, was, now);
            if (stored.Config is { } made && wanted.Config is { } here && ModelConfiguration.IsQ8(made) != ModelConfiguration.IsQ8(here))
                throw OtherForm(path, wasQ8: ModelConfiguration.IsQ8(made));
            string what = stored.Model.Weights != wanted.Model.Weights ? "model" : "tokenizer (the weights are the same)";
            throw new InputException(
                $"Edit store '{path}' belongs to another {what}: it was made for {Name(stored.Model)}, this one is {Name(wanted.Model)}.",
                stored.Model.Tokenizer == wanted.Model.Tokenizer
                    ? "load the model it was made for, from the very weight files (converted or sharded anew they count as another model), "
                        + "or start a new store."
                    : "load the model it was made for, or start a new store.");
        }

        if (stored.NEmbd != wanted.NEmbd)
        {
            throw new InputException(
                $"Edit store '{path}' holds keys of {stored.NEmbd} numbers, this model's n_embd is {wanted.NEmbd}.",
                "load the model it was made for, or start a new store.");
        }

        if (stored.Config is { } config && wanted.Config is { } other && config != other
            && ModelConfiguration.Difference(config, other) is { } difference)
        {
            throw new InputException(
                $"Edit store '{path}' was made for the same weights under another configuration: {difference}.",
                "load the model with the configuration that the edits were made with, or start a new store.");
        }
    }

    /// <summary>The sentence for a change that the edit's status forbids.</summary>
    public static InputException WrongStatus(long id, EditState edit, string wanted)
    {
        (string now, string? hint) = edit.Status switch
        {
            EditStatus.Active => ("active", "only a withdrawn or superseded edit can be restored."),
            EditStatus.Withdrawn => ($"withdrawn (since {Second(edit.WithdrawnAt)})", null),
            EditStatus.Superseded => ($"superseded (by edit {edit.SupersededBy})", "only an active edit can be withdrawn."),
            EditStatus.Undone => ("undone", "undo the change that undid its addition."),
            _ => ($"removed (since {Second(edit.RemovedAt)})", "add the fact again."),
        };
        return new InputException($"Edit {id} cannot be {wanted}: it is {now}.", hint);
    }

    private static InputException OtherForm(string path, bool wasQ8) => wasQ8
        ? new(
            $"Edit store '{path}' was made over weights rounded to int8 (q8), this model's are not: its answers are others.",
            "--weights q8 rounds them, or open the folder that 'model convert --dtype q8' wrote; or start a new store.")
        : new(
            $"Edit store '{path}' was made over weights as they were stored, this model's are rounded to int8 (q8): "
                + "its answers are others.",
            "leave --weights q8 out, or open the folder from which the q8 one was converted; or start a new store.");

    private static InputException OtherAdapter(string path, string? was, string? now) => (was, now) switch
    {
        ({ }, null) => new InputException(
            $"Edit store '{path}' was made over a model with a LoRA adapter ({Short(was)}), this one is loaded without: its answers are "
                + "others.",
            "name the adapter with --adapter, or start a new store."),
        (null, _) => new InputException(
            $"Edit store '{path}' was made over a model without an adapter, this one is loaded with one ({Short(now!)}): its answers are "
                + "others.",
            "leave --adapter out, or start a new store."),
        _ => new InputException(
            $"Edit store '{path}' was made over a model with another LoRA adapter: it was {Short(was)}, this one is {Short(now)}.",
            "name that one with --adapter, or start a new store."),
    };

    private static string Short(string hash) => Quoted.Bare(hash.Length > 12 ? hash[..12] : hash);

    private static string Second(DateTimeOffset? time) =>
        (time ?? default).UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static void Storable(EditPart part, string prompt)
    {
        if (part.Name.Length == 0 || !part.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
        {
            throw new ArgumentException(
                $"EditStore.Add: a part is called {Quoted.Text(part.Name)}, expected ASCII letters, digits, '.', '_' and '-'.");
        }

        if (PartRows.Count(part.Shape) != part.Values.Length)
        {
            string shape = string.Join(',', part.Shape);
            throw new ArgumentException($"EditStore.Add: part '{part.Name}' has {part.Values.Length} numbers, its shape is [{shape}].");
        }

        if (Infinite(part) is { } infinite)
        {
            throw new InputException(
                $"Edit {Quoted.Text(prompt)}: {infinite}.",
                "training ran out of float32's range; lower the learning rate, or alpha and the weights of the losses.");
        }
    }

    private static string? Infinite(EditPart part, float largest = float.MaxValue)
    {
        if (part.Name == EditPart.Losses || AreWithin(part.Values, largest)) return null;
        int i = Array.FindIndex(part.Values, value => !(MathF.Abs(value) <= largest));
        if (i < 0) return null;
        int columns = part.Shape is [_, .., var last] ? last : part.Values.Length;
        string expected = float.IsFinite(part.Values[i]) ? $"no more than {largest}" : "a finite number";
        return $"{part.Name}[{i % columns}] of row {i / columns} is {part.Values[i]}, expected {expected}";
    }

    // Several at a time: a store's millions of numbers are looked at whenever it is read.
    private static bool AreWithin(float[] values, float largest)
    {
        var most = new Vector<float>(largest);
        int i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            if (!Vector.LessThanOrEqualAll(Vector.Abs(new Vector<float>(values, i)), most)) return false;
        }

        for (; i < values.Length; i++)
        {
            if (!(MathF.Abs(values[i]) <= largest)) return false;
        }

        return true;
    }

    private static string Name(ModelFingerprint model) =>
        $"{Short(model.Weights)} (weights {model.Weights}, tokenizer {model.Tokenizer})";
}
