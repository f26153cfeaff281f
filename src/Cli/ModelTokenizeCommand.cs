using System.CommandLine;
using System.Text;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Cli;

/// <summary><c>model tokenize</c>: texts to token ids.</summary>
internal static class ModelTokenizeCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command("tokenize", "Turn a text, or each line of a file, into token ids; needs only the tokenizer files.");
        Option<string> model = ModelOptions.Model(), text = CommonOptions.Text("--text", "The text.");
        model.Description = "The model folder, or any folder with vocab.json and merges.txt, or tokenizer.json.";
        Option<string> input = CommonOptions.File("--input", "A UTF-8 file with one text per line.", required: false);
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
            return Run(Terminal.Of(parse), tokenizer, parse.GetValue(input) is { } file ? Lines(file) : [parse.GetRequiredValue(text)]);
        });
        return command;
    }

    private static int Run(Terminal terminal, Tokenizer tokenizer, string[] texts)
    {
        if (terminal.Json)
        {
            terminal.Document(texts.Select(text => new { text, ids = tokenizer.Encode(text) }));
            return 0;
        }

        foreach (string text in texts)
        {
            int[] ids = tokenizer.Encode(text);
            terminal.Line($"{string.Join(' ', ids)}    {string.Join(' ', ids.Select(tokenizer.TokenText))}");
        }

        return 0;
    }

    /// <summary>Lines as editors count them: a line ends at a line feed, with or without a carriage return before it.</summary>
    private static string[] Lines(string path)
    {
        if (Directory.Exists(path)) throw new InputException($"{path}: expected a text file, got a folder.");
        try
        {
            string text = File.ReadAllText(path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
            string[] lines = text.Split('\n');
            return [.. (lines[^1].Length == 0 ? lines[..^1] : lines).Select(line => line.EndsWith('\r') ? line[..^1] : line)];
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException($"{path}: not valid UTF-8.", null, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message})", null, e);
        }
    }
}
