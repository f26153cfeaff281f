using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Cli;

/// <summary><c>model logits</c>: what the base model predicts at every position.</summary>
internal static class ModelLogitsCommand
{
    /// <summary>Positions whose logits are held at once; a long prompt's together would be hundreds of megabytes.</summary>
    private const int PositionsAtOnce = 32;

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "logits", "Print the base model's prediction at every position, and with --json the logits at the last one.");
        ModelOptions model = ModelOptions.AddTo(command, trusts: false);
        Option<string> prompt = CommonOptions.Prompt("The text to read.");
        var tokens = new Option<int[]>("--tokens")
        {
            Description = "Token ids instead of a text, with commas between them; then no tokenizer files are needed.",
            HelpName = "IDS",
            CustomParser = result =>
            {
                string[] parts = result.Tokens[0].Value.Split(',');
                var ids = new int[parts.Length];
                for (int i = 0; i < ids.Length; i++)
                {
                    if (int.TryParse(parts[i].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out ids[i])) continue;
                    result.AddError(
                        $"--tokens has '{parts[i]}' as number {i + 1}, expected token ids with commas between them, for example 1,2,3.");
                    break;
                }

                return ids;
            },
        };
        command.Add(prompt);
        command.Add(tokens);
        command.Validators.Add(result =>
        {
            if (result.GetResult(prompt) is null == result.GetResult(tokens) is null) result.AddError("Give either --prompt or --tokens.");
        });
        command.SetAction(parse =>
        {
            int[]? given = parse.GetResult(tokens) is null ? null : parse.GetRequiredValue(tokens); // an absent array would be an empty one
            string asked = given is null ? CommonOptions.PromptOf(parse, prompt) : "";
            using Session session = model.Open(parse, needsTokenizer: given is null);
            return Run(Terminal.Of(parse), session, given ?? session.PromptTokens(asked), hasText: given is null);
        });
        return command;
    }

    private static int Run(Terminal terminal, Session session, int[] tokens, bool hasText)
    {
        (int[] argmax, double[] logsumexp, float[] last) = session.Compute(() => Predictions(session.Model, tokens));
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["tokens"] = tokens.AsJson(),
                ["argmax"] = argmax.AsJson(),
                ["logsumexp"] = logsumexp.Select(one => (JsonNode)one).AsJson(),
                ["lastLogits"] = last.Select(one => (JsonNode)one).AsJson(),
            });
            return 0;
        }

        Table table = Terminal.NewTable("position", "token", "most likely next", "log-sum-exp");
        for (int i = 0; i < tokens.Length; i++)
            Terminal.AddRow(table, Terminal.Number(i), Token(tokens[i]), Token(argmax[i]), Terminal.Nats(logsumexp[i]));
        terminal.Show(table);
        return 0;

        string Token(int id) => hasText ? $"{Terminal.Number(id)} {Terminal.Quoted(session.TokenText(id))}" : Terminal.Number(id);
    }

    private static (int[] ArgMax, double[] LogSumExp, float[] Last) Predictions(CausalLm model, int[] tokens)
    {
        var argmax = new int[tokens.Length];
        var logsumexp = new double[tokens.Length];
        float[] last = [];
        Tensor hidden = model.Hidden(new TokenBatch([tokens]), model.NewCache(1, tokens.Length)).Value;
        for (int start = 0; start < tokens.Length; start += PositionsAtOnce)
        {
            using BufferScope chunk = model.Device.Scope();
            int count = Math.Min(PositionsAtOnce, tokens.Length - start);
            Tensor logits = model.Logits(hidden.Slice(start, count)).Value;
            model.Device.ArgMax(logits).CopyTo(argmax, start);
            for (int i = 0; i < count; i++) logsumexp[start + i] = RowMath.LogSumExp(last = logits.Slice(i, 1).ToArray());
        }

        return (argmax, logsumexp, last);
    }
}
