using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Datasets;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Cli;

/// <summary><c>dataset pararel</c>: an edit set of PARAREL's patterns and T-REx's triples.</summary>
internal static class DatasetPararelCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "pararel", "Make an edit set of PARAREL's patterns and T-REx's triples, as iReVa's paper does (Algorithm 3).");
        Option<string> patterns = CommonOptions.File(
            "--patterns", "The folder of patterns, a file per relation: P20.jsonl.", required: true, "DIR");
        Option<string> triples = CommonOptions.File(
            "--triples", "The folder of triples, in files of the same names.", required: true, "DIR");
        Option<string> questions = CommonOptions.File(
            "--questions", "NQ-open questions, one per line; each record gets the next one for locality.", required: false);
        Option<string> tokenizer = ModelOptions.Model();
        tokenizer.Description = "The model folder whose tokenizer compares the paraphrases.";
        Option<int?> limit = CommonOptions.OptionalNumber<int>(
            "--limit", "Write only the first N records of the shuffled set.", n => n >= 1, "1 or more, as a whole number");
        Option<int> seed = CommonOptions.Number("--seed", "Chooses paraphrases and the order.", 0, n => n >= 0, "a whole number from 0");
        Option<string> output = CommonOptions.Output("--output", "The file to write, in the layout zsre.", required: true);
        output.Aliases.Add("-o");
        foreach (Option option in (Option[])[patterns, triples, questions, tokenizer, limit, seed, output]) command.Add(option);
        command.SetAction(parse =>
        {
            string path = parse.GetRequiredValue(output);
            var pararel = new Pararel(Tokenizer.Load(parse.GetRequiredValue(tokenizer)));
            IReadOnlyList<EditRecord> records = pararel.Make(
                parse.GetRequiredValue(patterns), parse.GetRequiredValue(triples), parse.GetValue(questions), (ulong)parse.GetValue(seed));
            if (records.Count == 0)
                throw new InputException("No record came of these patterns and triples.", "two patterns of a relation must end in [Y].");
            if (parse.GetValue(limit) is { } most) records = [.. records.Take(most)];
            OutputFile.Write(path, writer => RecordWriter.Write(writer, records, "zsre"));
            Terminal terminal = Terminal.Of(parse);
            if (terminal.Json)
            {
                terminal.Document(new JsonObject
                {
                    ["file"] = path,
                    ["edits"] = records.Count,
                    ["tooFew"] = pararel.TooFew,
                    ["withoutSubject"] = pararel.WithoutSubject,
                });
                return 0;
            }

            terminal.Line($"{path}: {Terminal.Counted(records.Count, "edit")}.");
            terminal.Line($"Dropped: {Terminal.Counted(pararel.TooFew, "triple")} with fewer than two paraphrases that end in the object, "
                + $"{Terminal.Count(pararel.WithoutSubject)} without a subject in common.");
            return 0;
        });
        return command;
    }
}
