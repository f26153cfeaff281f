using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>What must hold before an edit is stored, after it is read, and between a store and its model.</summary>
internal static class StoreChecks
{
    /// <summary>Refuses an edit that does not fit together or does not fit the store.</summary>
    public static void Storable(Edit edit, StoreIdentity identity)
    {
        int tokens = edit.TargetTokens.Length;
        if (edit.PromptTokens.Length == 0) throw new ArgumentException("EditStore.Add: the edit has no prompt tokens.");
        if (tokens == 0) throw new ArgumentException("EditStore.Add: the edit has no target tokens.");
        if (edit.Neurons.Count != tokens)
            throw new ArgumentException($"EditStore.Add: {edit.Neurons.Count} neurons for {tokens} target tokens; expected one each.");
        if (edit.Settings.Layer != identity.Layer)
            throw new ArgumentException($"EditStore.Add: edit of block {edit.Settings.Layer}, the store holds edits of block {identity.Layer}.");

        Storable(edit.Request.Prompt, "prompt");
        Storable(edit.Request.Target, "target");
        Storable(edit.Request.Subject ?? "", "subject");
        Storable(edit.Request.Source, "source");
        EditSettings s = edit.Settings;
        (string Name, float Value)[] numbers =
        [
            ("theta", s.Theta), ("alpha", s.Alpha), ("learning rate", s.LearningRate), ("beta1", s.Beta1), ("beta2", s.Beta2),
            ("epsilon", s.Epsilon), ("weight decay", s.WeightDecay), ("rec weight", s.RecWeight), ("irr weight", s.IrrWeight),
            ("label smoothing", s.LabelSmoothing),
        ];
        foreach ((string name, float value) in numbers)
        {
            if (!float.IsFinite(value)) throw new InputException($"Edit {Quoted.Text(edit.Request.Prompt)}: {name} is {value}, expected a finite number.");
        }

        for (int i = 0; i < tokens; i++) Storable(edit, i, identity.NEmbd);
    }

    /// <summary>Refuses a neuron count other than one per target token (none once removed).</summary>
    public static Edit Whole(Edit edit, string path)
    {
        int expected = edit.Status == EditStatus.Removed ? 0 : edit.TargetTokens.Length;
        return edit.Neurons.Count == expected ? edit : throw new InputException(
            $"Edit store '{path}': edit {edit.Id} has {edit.Neurons.Count} neurons, expected {expected}.",
            EditRows.Tampered);
    }

    /// <summary>Refuses any model, width or block but the one the store was bound to.</summary>
    public static void Same(StoreIdentity stored, StoreIdentity wanted, string path)
    {
        if (stored.Model != wanted.Model)
        {
            string what = stored.Model.Weights != wanted.Model.Weights ? "model" : "tokenizer (the weights are the same)";
            throw new InputException(
                $"Edit store '{path}' belongs to another {what}: it was made for {Name(stored.Model)}, this one is {Name(wanted.Model)}.",
                stored.Model.Tokenizer == wanted.Model.Tokenizer
                    ? "load the model it was made for, from the very weight files (converted or sharded anew they count as another model), or start a new store."
                    : "load the model it was made for, or start a new store.");
        }

        if (stored.NEmbd != wanted.NEmbd)
        {
            throw new InputException(
                $"Edit store '{path}' holds keys of {stored.NEmbd} numbers, this model's n_embd is {wanted.NEmbd}.",
                "load the model it was made for, or start a new store.");
        }

        if (stored.Layer != wanted.Layer)
        {
            throw new InputException(
                $"Edit store '{path}' holds edits of block {stored.Layer}, asked for is block {wanted.Layer}.",
                $"use layer {stored.Layer}, or start a new store for block {wanted.Layer}.");
        }
    }

    /// <summary>The sentence for a change that the edit's status forbids.</summary>
    public static InputException WrongStatus(Edit edit, string wanted)
    {
        string now = edit.Status switch
        {
            EditStatus.Active => "active",
            EditStatus.Withdrawn => $"withdrawn (since {EditRows.Time(edit.WithdrawnAt ?? default)})",
            _ => $"removed (since {EditRows.Time(edit.RemovedAt ?? default)})",
        };
        string? hint = edit.Status switch
        {
            EditStatus.Active => "only a withdrawn edit can be restored.",
            EditStatus.Withdrawn => null,
            _ => "add the fact again.",
        };
        return new InputException($"Edit {edit.Id} cannot be {wanted}: it is {now}.", hint);
    }

    private static void Storable(Edit edit, int index, int nEmbd)
    {
        Neuron neuron = edit.Neurons[index];
        if (neuron.TargetToken != edit.TargetTokens[index])
            throw new ArgumentException($"EditStore.Add: neuron {index} answers with token {neuron.TargetToken}, target token {index} is {edit.TargetTokens[index]}.");
        if (neuron.Key.Length != nEmbd || neuron.Value.Length != nEmbd)
            throw new ArgumentException($"EditStore.Add: neuron {index} has key [{neuron.Key.Length}] and value [{neuron.Value.Length}], the store's width is {nEmbd}.");

        Finite(neuron.Key, "key");
        Finite(neuron.Value, "value");
        Finite([neuron.Threshold], "threshold");

        void Finite(ReadOnlySpan<float> values, string name)
        {
            for (int i = 0; i < values.Length; i++)
            {
                if (float.IsFinite(values[i])) continue;
                throw new InputException(
                    $"Edit {Quoted.Text(edit.Request.Prompt)}: {name}[{i}] of neuron {index} is {values[i]}, expected a finite number.",
                    "training ran out of float32's range; lower the learning rate, or alpha and the weights of the losses.");
            }
        }
    }

    // Half of a surrogate pair has no UTF-8 form: the stored text would differ from the given one.
    private static void Storable(string text, string name)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (!char.IsSurrogatePair(text, i)) // also false at the end of the text
                throw new InputException($"Edit: the {name} is no valid text, it has half a surrogate pair (U+{(int)text[i]:X4}) at {i}.");
            i++;
        }
    }

    private static string Name(ModelFingerprint model) =>
        $"{(model.Weights.Length > 12 ? model.Weights[..12] : model.Weights)} (weights {model.Weights}, tokenizer {model.Tokenizer})";
}
