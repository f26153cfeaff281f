using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing;

/// <summary>How the weights of a model that was edited by some other program differ from its base model's.</summary>
/// <param name="Folder">The edited model's folder.</param>
/// <param name="Tensors">How many weights there are.</param>
/// <param name="Differing">Those that differ, in the order of its files.</param>
/// <param name="FirstTouched">The first block that differs, see <see cref="EditedModel.FirstTouched"/>; null where nothing does.</param>
public sealed record WeightDifference(string Folder, int Tensors, IReadOnlyList<ComparedWeight> Differing, int? FirstTouched)
{
    /// <summary>The blocks that differ, in order.</summary>
    public IReadOnlyList<int> Blocks =>
        [.. Differing.Select(weight => EditedElsewhere.BlockOf(weight.Name)).OfType<int>().Distinct().Order()];

    /// <summary>Whether something outside the blocks differs: tables, the last norm, the head.</summary>
    public bool IsOutsideBlocks => Differing.Any(weight => EditedElsewhere.BlockOf(weight.Name) is null);
}

/// <summary>
/// Takes a model folder for the edited form of another: an <see cref="EditedModel"/> whose weights came from a file. What is the same in
/// both is the base model's, so that all below the first changed block is computed once.
/// </summary>
internal static class EditedElsewhere
{
    /// <summary>Loads it.</summary>
    /// <param name="baseModel">The base model.</param>
    /// <param name="tokenizer">Its tokenizer; null where it has none.</param>
    /// <param name="source">Its folder, and that of a LoRA adapter in it; null for none.</param>
    /// <param name="from">The same of the edited model, which may lack tokenizer files.</param>
    /// <param name="form">How the weights of both are held.</param>
    /// <param name="notice">Told what is no error but worth knowing.</param>
    /// <exception cref="InputException">It is unusable, or no form of that base model.</exception>
    public static (EditedModel Edited, WeightDifference Difference) Load(
        CausalLm baseModel, Tokenizer? tokenizer, (string Folder, string? Adapter) source, (string Folder, string? Adapter) from,
        WeightForm form, Action<string>? notice)
    {
        (string baseFolder, string folder) = (source.Folder, from.Folder);
        ModelConfig config = ModelConfig.Load(folder);
        RequireSame(baseModel.Config, config, baseFolder, folder);
        if (tokenizer is not null && Tokenizer.IsIn(folder)) RequireSame(tokenizer, Tokenizer.Load(folder, config), baseFolder, folder);
        IReadOnlyList<ComparedWeight> differing = WeightComparison.Differing(baseFolder, folder, source.Adapter, from.Adapter);
        var edited = new EditedModel(baseModel);
        CausalLm other = CausalLm.Load(folder, baseModel.Device, notice, form, from.Adapter);
        if (differing.Count > 0) edited = edited with { Model = Replaced(baseModel, other, [.. differing.Select(weight => weight.Name)]) };
        return (edited, new WeightDifference(folder, other.Weights.Count(), differing, edited.FirstTouched));
    }

    /// <summary>The block of a weight; null where it is in none.</summary>
    public static int? BlockOf(string weight) =>
        weight.Split('.') is ["h", var number, ..] && int.TryParse(number, out int block) ? block : null;

    private static CausalLm Replaced(CausalLm before, CausalLm after, HashSet<string> differing)
    {
        HashSet<int> blocks = [.. differing.Select(BlockOf).OfType<int>()];
        CausalLm model = after with
        {
            TokenTable = differing.Contains(TensorNames.Table) ? after.TokenTable : before.TokenTable,
            PositionTable = differing.Contains("wpe.weight") ? after.PositionTable : before.PositionTable,
            Blocks = [.. before.Blocks.Select((block, l) => blocks.Contains(l) ? after.Blocks[l] : block)],
            FinalNorm = differing.Any(name => name.StartsWith("ln_f.", StringComparison.Ordinal)) ? after.FinalNorm : before.FinalNorm,
            HeadBias = differing.Contains(TensorNames.HeadBias) ? after.HeadBias : before.HeadBias,
        };
        return model with
        {
            Head = after.Config.TiesHead ? model.TokenTable : differing.Contains(TensorNames.Head) ? after.Head : before.Head,
        };
    }

    // Whether the head is tied is a matter of weights: a program may have changed the head alone.
    private static void RequireSame(ModelConfig before, ModelConfig after, string baseFolder, string folder)
    {
        string? difference = before.NEmbd != after.NEmbd ? Differs("n_embd", before.NEmbd, after.NEmbd)
            : before.VocabSize != after.VocabSize ? Differs("vocab_size", before.VocabSize, after.VocabSize)
            : ModelConfiguration.Difference(
                ModelConfiguration.Of(before with { TiesHead = true }, tokenizer: null),
                ModelConfiguration.Of(after with { TiesHead = true }, tokenizer: null));
        if (difference is not null) throw OtherModel(baseFolder, folder, difference);

        static string Differs(string name, int was, int now) => $"{name} was {was}, this model's is {now}";
    }

    private static void RequireSame(Tokenizer before, Tokenizer after, string baseFolder, string folder)
    {
        string? difference = before.VocabularySize != after.VocabularySize
            ? $"the tokenizer had {before.VocabularySize} tokens, this model's has {after.VocabularySize}"
            : ModelConfiguration.Difference(before.Settings, after.Settings);
        for (int id = 0; id < before.VocabularySize && difference is null; id++)
        {
            string text = before.TokenText(id);
            if (text != after.TokenText(id))
                difference = $"token {id} was {Quoted.Text(text)}, this model's is {Quoted.Text(after.TokenText(id))}";
            else if (!before.Encode(text).SequenceEqual(after.Encode(text)))
                difference = $"the tokenizer cuts {Quoted.Text(text)} otherwise";
        }

        if (difference is not null) throw OtherModel(baseFolder, folder, difference);
    }

    private static InputException OtherModel(string baseFolder, string folder, string difference) => new(
        $"{folder}: is not {baseFolder} with other weights: {difference}.", "name the model that it was made from.");
}
