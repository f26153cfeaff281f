using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Cli;

/// <summary><c>model tokenize</c>: texts to token ids.</summary>
internal static class ModelTokenizeCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command("tokenize", "Turn a text, or each line of a file, into token ids; needs only the tokenizer files.");
        Option<string> model = ModelOptions.Model(), text = CommonOptions.Text("--text", "The text.");
        model.Description = "The model folder, or any folder with the files of its tokenizer.";
        Option<string> input = CommonOptions.TextFile("--input", "A UTF-8 file with one text per line.");
        command.Add(model);
        command.Add(text);
        command.Add(input);
        command.Validators.Add(result =>
        {
            if (result.GetResult(text) is null == result.GetResult(input) is null) result.AddError("Give either --text or --input.");
        });
        command.SetAction(parse =>
        {
            Tokenizer tokenizer = Tokenizer.Load(parse.GetRequiredValue(model));
            return Run(
                Terminal.Of(parse), tokenizer,
                parse.GetValue(input) is { } file ? TextFile.Lines(TextFile.Read(file)) : [parse.GetRequiredValue(text)]);
        });
        return command;
    }

    private static int Run(Terminal terminal, Tokenizer tokenizer, string[] texts)
    {
        if (tokenizer.UnknownId is { } unknown && texts.Sum(text => tokenizer.Encode(text).Count(id => id == unknown)) is > 0 and int count)
            terminal.Note(
                $"note: {Terminal.Counted(count, "token")} {tokenizer.TokenText(unknown)}: the tokenizer has none for what stands there.");
        if (terminal.Json)
        {
            terminal.Document(texts.Select(text => new JsonObject { ["text"] = text, ["ids"] = tokenizer.Encode(text).AsJson() }).AsJson());
            return 0;
        }

        foreach (string text in texts)
        {
            int[] ids = tokenizer.Encode(text);
            terminal.Line($"{string.Join(' ', ids)}    {Terminal.Visible(string.Join(' ', ids.Select(tokenizer.TokenText)))}");
        }

        return 0;
    }
}
