using System.Globalization;
using System.Text;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>The <c>README.md</c> of a trained model: what it is, what it learnt from, how, and what came of it.</summary>
internal static class ModelCard
{
    /// <summary>The card.</summary>
    /// <param name="name">The model's name.</param>
    /// <param name="config">Its architecture.</param>
    /// <param name="job">What was asked for.</param>
    /// <param name="result">What came of it.</param>
    public static string Of(string name, ModelConfig config, TrainingJob job, TrainingResult result)
    {
        bool isAdapter = result.Plan.Lora is not null;
        string what = isAdapter ? "A LoRA adapter for a causal language model" : "A causal language model";
        string start = job.From is { } from ? $"{(isAdapter ? "for" : "from")} {MarkdownText.Code(from)}" : "from scratch";
        var card = new StringBuilder();
        card.Append(Invariant($"""
            ---
            library_name: {(isAdapter ? "peft" : "transformers")}
            pipeline_tag: text-generation
            ---
            # {MarkdownText.Escaped(name)}

            {what} of the family `{config.ModelType}`, trained by Sharpformer's `model train`
            {start}.
            Its licence is for its makers to state, and depends on the texts it learnt from.

            | | |
            |---|---|
            | parameters | {(isAdapter ? result.Trained : result.Parameters):N0} |
            | blocks, width, heads | {config.NLayer}, {config.NEmbd}, {config.NHead} |
            | positions, vocabulary | {config.NPositions:N0}, {config.VocabSize:N0} |
            | stored as | {result.Plan.DType} |

            ## Texts

            | use | file | documents | tokens | SHA-256 |
            |---|---|---|---|---|

            """));
        AppendFiles(card, "learnt", result.Text);
        AppendFiles(card, "asked", result.Evaluation);
        card.Append(Invariant($"""

            ## Training

            {result.Step:N0} of {result.Steps:N0} steps, {result.Tokens:N0} tokens ({Epochs(result):0.##} epochs). {Ended(result)}

            | | loss, nats a token |
            |---|---|
            | first step | {Loss(result.FirstLoss)} |
            | last step | {Loss(result.Loss)} |

            """));
        if (result.EvaluationLoss is { } asked) card.Append(Invariant($"| last evaluation | {asked:0.0000} |\n"));
        if (result.BestStep is { } best)
        {
            string kept = result.KeptBest ? ", these weights" : "";
            card.Append(Invariant($"| best evaluation, after step {best:N0}{kept} | {Loss(result.BestLoss)} |\n"));
        }

        card.Append("\n![Loss over steps](loss.svg)\n\nAll losses are in `training.jsonl`.\n\n## Settings\n\n```json\n{\n");
        card.AppendJoin(",\n", TrainingKeys.All.Where(key => key.Of(result.Plan) is not null)
            .Select(key => $"  \"{key.Name}\": {key.Of(result.Plan)!.ToJsonString()}"));
        card.Append("\n}\n```\n");
        if (job.Command is { } command) card.Append(CultureInfo.InvariantCulture, $"\n```\n{VisibleText.OneLine(command)}\n```\n");
        return card.ToString();
    }

    private static void AppendFiles(StringBuilder card, string use, IReadOnlyList<TextFileFacts> files)
    {
        foreach (TextFileFacts file in files)
        {
            string name = MarkdownText.Code(file.Name);
            card.Append(Invariant($"| {use} | {name} | {file.Documents:N0} | {file.Tokens:N0} | `{file.Sha256}` |\n"));
        }
    }

    private static double Epochs(TrainingResult result) => result.Tokens / (double)result.Text.Sum(file => (long)file.Tokens);

    private static string Ended(TrainingResult result) => result.End switch
    {
        TrainingEnd.Hours => "It ended because its time was up.",
        TrainingEnd.NoBetter => "It ended because evaluations no longer became better.",
        _ => "It ran to its end.",
    };

    private static string Loss(double? loss) => loss?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "-";

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
