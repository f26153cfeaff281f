using System.Globalization;
using System.Runtime.InteropServices;
using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Reports;
using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Editing.Exchange;

/// <summary>
/// The neurons of a store as one safetensors file that other programs can apply beside the model's MLP; docs/adaptor-file.md says how, and
/// scripts/apply_adaptor.py does.
/// </summary>
internal static class AdaptorFile
{
    /// <summary>The format's name and version.</summary>
    public const string FormatName = "sharpformer ireva adaptor", Version = "1";

    /// <summary>Writes it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">Who the model is.</param>
    /// <param name="activation">f: the model's own.</param>
    /// <param name="edits">iReVa's edits with their parts, in order: active and withdrawn ones.</param>
    /// <param name="nEmbd">C: the model's width.</param>
    /// <param name="reference">What the adaptor must give for some rows; null for none.</param>
    /// <param name="cancellation">Stops; nothing is left behind then.</param>
    /// <returns>How many neurons.</returns>
    public static int Write(
        string path, ModelFingerprint model, Activation activation, IReadOnlyList<Edit> edits, int nEmbd, AdaptorReference? reference,
        CancellationToken cancellation)
    {
        var keys = new List<float[]>();
        var values = new List<float[]>();
        var thresholds = new List<float>();
        var alphas = new List<float>();
        var ids = new List<long>();
        List<int> places = [], tokens = [], promptOf = [];
        List<byte> withdrawn = [], turns = [];
        var prompts = new TokenLists();
        foreach (Edit edit in edits)
        {
            IReVaSettings made = IReVaSettings.Of(edit);
            int prompt = prompts.Add(edit.PromptTokens);
            IReadOnlyList<Neuron> neurons = IReVaParts.Neurons(edit);
            for (int i = 0; i < neurons.Count; i++)
            {
                (Neuron neuron, bool takesTurns) = (neurons[i], !made.AsPublished && neurons.Count > 1);
                keys.Add(neuron.Key);
                values.Add(neuron.Value);
                thresholds.Add(neuron.Threshold);
                alphas.Add(made.Alpha);
                ids.Add(edit.Id);
                places.Add(i);
                tokens.Add(neuron.TargetToken);
                promptOf.Add(prompt);
                withdrawn.Add(edit.Status == EditStatus.Withdrawn ? (byte)1 : (byte)0);
                turns.Add(takesTurns ? (byte)1 : (byte)0);
            }
        }

        int n = keys.Count;
        List<SafeTensorsEntry> tensors =
        [
            Rows("keys", keys, nEmbd), Rows("values", values, nEmbd), Numbers<float>("thresholds", "F32", thresholds),
            Numbers<float>("alphas", "F32", alphas), Numbers<long>("edits", "I64", ids), Numbers<int>("places", "I32", places),
            Numbers<int>("tokens", "I32", tokens), Numbers<int>("prompts", "I32", promptOf), Numbers<byte>("withdrawn", "U8", withdrawn),
            Numbers<byte>("takes_turns", "U8", turns), .. prompts.Entries("prompt"),
        ];
        if (reference is not null)
        {
            var texts = new TokenLists();
            foreach (int[] text in reference.Texts) texts.Append(text);
            tensors.AddRange(
            [
                Rows("reference.inputs", reference.Inputs, nEmbd), Rows("reference.outputs", reference.Outputs, nEmbd),
                Numbers<int>("reference.winners", "I32", reference.Winners), .. texts.Entries("reference.text"),
            ]);
        }

        var metadata = new Dictionary<string, string>
        {
            ["format"] = FormatName,
            ["version"] = Version,
            ["layer"] = edits is [var first, ..] ? IReVaSettings.Of(first).Layer.ToString(CultureInfo.InvariantCulture) : "",
            ["activation"] = ActivationName(activation),
            ["epsilon"] = "1e-08",
            ["weights"] = model.Weights,
            ["tokenizer"] = model.Tokenizer,
        };
        ReportFile.WriteBytes(path, stream => SafeTensorsWriter.Write(stream, tensors, metadata, cancellation), cancellation);
        return n;
    }

    private static string ActivationName(Activation activation) => activation switch
    {
        Activation.GeluTanh => "gelu_tanh",
        Activation.Gelu => "gelu",
        Activation.Relu => "relu",
        Activation.Silu => "silu",
        Activation.QuickGelu => "quick_gelu",
        _ => throw new ArgumentOutOfRangeException(nameof(activation)),
    };

    private static SafeTensorsEntry Rows(string name, IReadOnlyList<float[]> rows, int columns) =>
        new(name, DType.F32, new Shape(rows.Count, columns), (start, block) =>
        {
            for (int i = 0; i < block.Length;)
            {
                (long row, int column) = ((start + i) / columns, (int)((start + i) % columns));
                int count = Math.Min(columns - column, block.Length - i);
                rows[(int)row].AsSpan(column, count).CopyTo(block[i..]);
                i += count;
            }
        });

    private static SafeTensorsEntry Numbers<T>(string name, string dtype, List<T> numbers) where T : unmanaged => new(
        name, dtype, [numbers.Count],
        (start, block) => MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(numbers)).Slice((int)start, block.Length).CopyTo(block));

    /// <summary>Lists of tokens of any length as two tensors: all of them behind one another, and where each begins.</summary>
    private sealed class TokenLists
    {
        private readonly Dictionary<int[], int> numbers = new(TokenSequences.Comparer);
        private readonly List<int> tokens = [];
        private readonly List<int> starts = [0];

        /// <summary>The number of a list; the same for the same tokens.</summary>
        public int Add(int[] list)
        {
            if (!numbers.TryGetValue(list, out int number)) numbers.Add(list, number = Append(list));
            return number;
        }

        public int Append(int[] list)
        {
            tokens.AddRange(list);
            starts.Add(tokens.Count);
            return starts.Count - 2;
        }

        public SafeTensorsEntry[] Entries(string name) =>
            [Numbers($"{name}.tokens", "I32", tokens), Numbers($"{name}.starts", "I32", starts)];
    }
}

/// <summary>What an adaptor gives, for R rows.</summary>
/// <param name="Inputs">x: the MLP's input, <c>[R,C]</c>.</param>
/// <param name="Texts">The tokens up to each row's own.</param>
/// <param name="Outputs">What is added to the block's output, <c>[R,C]</c>.</param>
/// <param name="Winners">The neuron that wins, by its row.</param>
internal sealed record AdaptorReference(
    IReadOnlyList<float[]> Inputs, IReadOnlyList<int[]> Texts, IReadOnlyList<float[]> Outputs, List<int> Winners);
