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
        var frames = new Frames(RawMaterial.Load(), tokenizer, seed, limit);
        Row[] rows = [.. frames.All().Select(frame =>
            new Row(frame.Name, frame.Asks.Count, examiner.AreRight(frame.Asks).Count(right => right)))];
        double chance = 100 * frames.Chance();
        if (!arguments.IsJson)
        {
            WriteTable(output, rows, chance);
            return;
        }

        var result = new { model = folder, limit, seed, rows, chance = Math.Round(chance, 2) };
        output.WriteLine(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));
    }

    private static void WriteTable(TextWriter output, Row[] rows, double chance)
    {
        output.WriteLine("frame                    asked   right   share");
        foreach (Row row in rows)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Frame,-22}{row.Asked,8}{row.Right,8}{row.Share,6:F1} %"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"unknown, by chance",-38}{chance,6:F1} %"));
    }

    /// <summary>One frame.</summary>
    /// <param name="Frame">Its name.</param>
    /// <param name="Asked">How many prompts.</param>
    /// <param name="Right">How many were answered rightly.</param>
    private sealed record Row(string Frame, int Asked, int Right)
    {
        /// <summary>In percent.</summary>
        public double Share => Math.Round(100.0 * Right / Asked, 2);
    }
}
