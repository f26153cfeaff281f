using System.CommandLine;
using System.Text.Json.Nodes;

namespace Sharpformer.Cli;

/// <summary><c>--base</c>: the model is one that was edited elsewhere, in its weights, and is measured against this one.</summary>
internal sealed class BaseOption
{
    private readonly Option<string> option = CommonOptions.File(
        "--base",
        "The model from which --model was made by editing its weights, with whatever program: it is the base, and --model (with its "
            + "--adapter) the edited one.",
        required: false, "DIR");

    private readonly ModelOptions model;

    private BaseOption(ModelOptions model) => this.model = model;

    /// <summary>Gives <paramref name="command"/> the option.</summary>
    /// <param name="command">The command.</param>
    /// <param name="model">Its options for the model.</param>
    /// <param name="excluded">Options that say the same in another way, or do nothing then.</param>
    public static BaseOption AddTo(Command command, ModelOptions model, params Option[] excluded)
    {
        var own = new BaseOption(model);
        command.Add(own.option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(own.option) is null) return;
            foreach (Option other in excluded)
                if (result.GetResult(other) is { Implicit: false })
                    result.AddError($"--base and {other.Name} exclude each other: the edits are in the weights of --model.");
        });
        return own;
    }

    /// <summary>Opens base and edited model where a base is named, or else the model with a store.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="store">The store; null for none.</param>
    /// <param name="at">As of when it is read.</param>
    public Session Open(ParseResult parse, string? store, MomentOption at) =>
        parse.GetValue(option) is { } folder ? model.OpenEdited(parse, folder) : model.Open(parse, store, at);

    /// <summary>How the models differ, in a sentence; null where no base is named.</summary>
    public static string? Sentence(Session session)
    {
        if (session.Elsewhere is not { } difference) return null;
        string verb = difference.Differing.Count > 1 ? "differ" : "differs";
        string of = $"of {Terminal.Counted(difference.Tensors, "tensor")} {verb} from the base model's";
        if (difference.Differing.Count == 0) return $"None {of}: they are the same model.";
        IReadOnlyList<int> blocks = difference.Blocks;
        string outside = difference.IsOutsideBlocks ? "outside the blocks" : "";
        string inside = blocks.Count == 0 ? "" : $"in {(blocks.Count == 1 ? "block" : "blocks")} "
            + Terminal.Ranges([.. blocks.Select(block => (long)block)]);
        string where = string.Join(" and ", ((string[])[inside, outside]).Where(part => part.Length > 0));
        return $"{Terminal.Count(difference.Differing.Count)} {of}, {where}.";
    }

    /// <summary>The same for <c>--json</c>; null where no base is named.</summary>
    public static JsonObject? Json(Session session) => session.Elsewhere is not { } difference ? null : new JsonObject
    {
        ["tensors"] = difference.Tensors,
        ["differ"] = difference.Differing.Count,
        ["blocks"] = difference.Blocks.AsJson(),
        ["firstTouched"] = difference.FirstTouched,
        ["changed"] = difference.Differing.Select(weight => new JsonObject
        {
            ["name"] = weight.StoredName,
            ["dtype"] = weight.DType,
            ["norm"] = weight.Norm,
            ["change"] = weight.Distance,
            ["largestChange"] = weight.Largest,
        }).AsJson(),
    };
}
