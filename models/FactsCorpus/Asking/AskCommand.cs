using System.Globalization;
using System.Text.Json;
using Sharpformer.FactsCorpus.Material;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.FactsCorpus.Asking;

/// <summary><c>ask</c>: the share of right answers in each frame.</summary>
internal static class AskCommand
{
    private const int Limit = 1500;

    /// <summary>Runs it.</summary>
    /// <exception cref="InputException">An argument is wrong, or the model cannot be read.</exception>
    public static void Run(string[] args, TextWriter output)
    {
        var arguments = new Arguments(args, "--model", "--limit", "--seed", "--json");
        string folder = arguments.Text("--model");
        int limit = arguments.Count("--limit", Limit);
        ulong seed = arguments.Seed();
        using var device = new CpuDevice();
        CausalLm model = CausalLm.Load(folder, device);
        var tokenizer = Tokenizer.Load(folder, model.Config);
        var examiner = new Examiner(model, tokenizer);
        var material = RawMaterial.Load();
        var frames = new Frames(material, tokenizer, seed, limit);
        Row[] rows = [.. frames.All().Select(frame => Row.Of(frame.Name, examiner.Judge(frame.Asks)))];
        double chance = 100 * Guesses.Commonest(material), fromNames = 100 * Guesses.FromNames(material);
        if (!arguments.IsJson)
        {
            WriteTable(output, rows, chance, fromNames);
            return;
        }

        var result = new { model = folder, limit, seed, rows, chance = Math.Round(chance, 2), fromNames = Math.Round(fromNames, 2) };
        output.WriteLine(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));
    }

    private static void WriteTable(TextWriter output, Row[] rows, double chance, double fromNames)
    {
        output.WriteLine("frame                    asked  right: first token   whole answer");
        foreach (Row row in rows)
            Write($"{row.Frame,-22}{row.Asked,8}{row.First,18:F1} %{row.Whole,13:F1} %");
        Write($"{"unknown, by chance",-30}{chance,18:F1} %");
        Write($"{"unknown, guessed from names",-30}{fromNames,18:F1} %");

        void Write(FormattableString line) => output.WriteLine(line.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>One frame.</summary>
    /// <param name="Frame">Its name.</param>
    /// <param name="Asked">How many prompts.</param>
    /// <param name="First">Percent of them where the first token was right.</param>
    /// <param name="Whole">Percent of them where all tokens were.</param>
    private sealed record Row(string Frame, int Asked, double First, double Whole)
    {
        public static Row Of(string frame, (bool First, bool Whole)[] verdicts) =>
            new(frame, verdicts.Length, Percent(verdicts.Count(v => v.First), verdicts), Percent(verdicts.Count(v => v.Whole), verdicts));

        private static double Percent(int right, (bool First, bool Whole)[] of) => Math.Round(100.0 * right / of.Length, 2);
    }
}
