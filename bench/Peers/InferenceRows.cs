using Sharpformer.Peers.Formats;
using Sharpformer.Peers.Sides;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Peers;

/// <summary>Reading prompts and decoding, beside llama.cpp and ONNX Runtime. Random weights, the same on all sides.</summary>
/// <param name="files">The models.</param>
/// <param name="alternation">How to time.</param>
/// <param name="threads">Threads of each side.</param>
internal sealed class InferenceRows(PeerFiles files, Alternation alternation, int threads)
{
    private const int Prompts = 64, PromptTokens = 20, LongPrompt = 512;

    /// <summary>The decoded tokens are the 16 around the context that a row names.</summary>
    private const int Decoded = 16;

    /// <summary>64 prompts of 20 tokens, and one of 512.</summary>
    public IEnumerable<Row> ReadingRows()
    {
        foreach (DType type in (DType[])[DType.F32, DType.F16])
        {
            using var ours = new OurSide(files.Ours("gpt2", type), threads);
            using OnnxSide? onnx = type == DType.F32 ? new OnnxSide(files.Onnx("gpt2"), ours.Config, threads) : null;
            string gguf = files.Gguf("gpt2", type == DType.F32 ? GgufType.F32 : GgufType.F16);
            using (var llama = new LlamaSide(gguf, threads, Prompts, PromptTokens, Prompts * PromptTokens))
            {
                foreach (Row row in Reading($"124M {type}, {Prompts} prompts of {PromptTokens} tokens", ours, Prompts, PromptTokens,
                    new Rival(llama, null), new Rival(onnx, 1.15)))
                    yield return row;
            }

            using (var llama = new LlamaSide(gguf, threads, 1, LongPrompt, LongPrompt))
            {
                foreach (Row row in Reading($"124M {type}, one prompt of {LongPrompt} tokens", ours, 1, LongPrompt,
                    new Rival(llama, null), new Rival(onnx, 1.15)))
                    yield return row;
            }
        }
    }

    /// <summary>One sequence at 64 and 512 tokens, and four at 64.</summary>
    public IEnumerable<Row> DecodingRows()
    {
        using var f32 = new OurSide(files.Ours("gpt2", DType.F32), threads);
        using var f16 = new OurSide(files.Ours("gpt2", DType.F16), threads);
        using var q8 = new OurSide(files.Ours("gpt2", DType.Q8), threads);
        using var onnx = new OnnxSide(files.Onnx("gpt2"), f32.Config, threads);
        foreach ((int sequences, int context) in ((int, int)[])[(1, 64), (1, 512), (4, 64)])
        {
            using LlamaSide llamaF32 = Llama(GgufType.F32), llamaF16 = Llama(GgufType.F16), llamaQ8 = Llama(GgufType.Q8_0);
            string work = sequences == 1 ? $"decoding at {context}" : $"decoding {sequences} sequences at {context}";
            double? goal = sequences == 1 ? 1.1 : null, goalOfQ8 = sequences == 1 ? 1 : null;
            foreach (Row row in (Row[])
            [
                .. Decoding($"124M F32, {work}", f32, DType.F32, sequences, context, new Rival(llamaF32, goal), new Rival(onnx, goal)),
                .. Decoding(
                    $"124M F16, {work}", f16, DType.F16, sequences, context, new Rival(llamaF16, goal, GgufType.F16),
                    new Rival(llamaQ8, null, GgufType.Q8_0)),
                .. Decoding($"124M Q8, {work}", q8, DType.Q8, sequences, context, new Rival(llamaQ8, goalOfQ8, GgufType.Q8_0)),
            ])
                yield return row;

            LlamaSide Llama(GgufType type) =>
                new(files.Gguf("gpt2", type), threads, sequences, context + (Decoded / 2), sequences * context);
        }
    }

    /// <summary>GPT-2 XL's size from F16: decoding at 64, and a prompt of 512.</summary>
    public IEnumerable<Row> LargeRows()
    {
        using var ours = new OurSide(files.Ours("gpt2-xl", DType.F16), threads);
        using var llama = new LlamaSide(files.Gguf("gpt2-xl", GgufType.F16), threads, 1, LongPrompt, LongPrompt);
        Rival goingOn = new(llama, 1.1, GgufType.F16), reading = new(llama, 2, GgufType.F16);
        foreach (Row row in Decoding("XL F16, decoding at 64", ours, DType.F16, 1, 64, goingOn)) yield return row;
        foreach (Row row in Reading($"XL F16, one prompt of {LongPrompt} tokens", ours, 1, LongPrompt, reading)) yield return row;
    }

    /// <summary>Another side of a row.</summary>
    /// <param name="Side">Null for none.</param>
    /// <param name="Goal">What the ratio shall reach; null for nothing.</param>
    /// <param name="Type">How it stores its matrices.</param>
    private sealed record Rival(ISide? Side, double? Goal, GgufType Type = GgufType.F32)
    {
        /// <summary>What it reads of each weight.</summary>
        public double BytesOfWeight => Type switch { GgufType.F32 => 4, GgufType.F16 => 2, _ => 34 / 32.0 };

        /// <summary>
        /// Compares logits. llama.cpp rounds keys, values and activations to float16, and its 8 bits are rounded in another way than ours;
        /// random weights put many tokens close to the most probable one.
        /// </summary>
        public Agreement Check(string work, float[] ours, float[] theirs, int vocabulary)
        {
            (double tolerance, double sameArgMax) = Side is OnnxSide ? (1e-4, 0.95) : Type == GgufType.Q8_0 ? (0.1, 0.6) : (5e-3, 0.95);
            return Agreeing.Check($"{work}, {Side!.Name}", ours, theirs, vocabulary, tolerance, sameArgMax);
        }
    }

    private Row[] Reading(string work, OurSide ours, int count, int length, params Rival[] rivals)
    {
        int[][] prompts = RandomTokens(ours.Config, count, length);
        float[] logits = Logits(ours);
        Way[] peers = [.. rivals.Where(rival => rival.Side is not null).Select(Checked)];
        Alternation.WarmUp(() => ours.Read(prompts));
        return alternation.Time(work, "token", count * length, Way(ours), peers);

        Way Checked(Rival rival) => Way(rival.Side!) with
        {
            Goal = rival.Goal,
            Agreement = rival.Check(work, logits, Logits(rival.Side!), ours.Config.VocabSize),
        };

        float[] Logits(ISide side)
        {
            float[] result = new float[count * ours.Config.VocabSize];
            side.Read(prompts, result); // warms the side up as well, as far as its code is compiled
            return result;
        }

        Way Way(ISide side) => new(side.Name, () => Alternation.Seconds(() => side.Read(prompts)));
    }

    private Row[] Decoding(string work, OurSide ours, DType type, int sequences, int context, params Rival[] rivals)
    {
        int before = context - Decoded / 2, vocabulary = ours.Config.VocabSize;
        int[][] text = RandomTokens(ours.Config, sequences, before + Decoded);
        float[] logits = Logits(ours);
        // We keep keys and values as float32.
        Way our = Way(ours) with { Bytes = Bytes(type switch { DType.F32 => 4, DType.F16 => 2, _ => 1 }, sizeof(float)) };
        Alternation.WarmUp(() => our.Sample());
        return alternation.Time(work, "token", sequences, our, [.. rivals.Select(Checked)]);

        Way Checked(Rival rival) => Way(rival.Side!) with
        {
            Goal = rival.Goal,
            Agreement = rival.Check(work, logits, Logits(rival.Side!), vocabulary),
            Bytes = Bytes(rival.BytesOfWeight, rival.Side is OnnxSide ? 4 : 2),
        };

        // Begins the text and reads its end twice, which warms the side up as well, as far as its code is compiled.
        float[] Logits(ISide side)
        {
            side.Begin([.. text.Select(sequence => sequence[..before])], Decoded);
            float[] result = new float[Decoded * sequences * vocabulary];
            for (int run = 0; run < 2; run++)
            {
                side.Rewind();
                for (int i = 0; i < Decoded; i++) side.Next(Tokens(i), result.AsSpan(i * sequences * vocabulary, sequences * vocabulary));
            }

            return result;
        }

        Way Way(ISide side) => new(side.Name, () =>
        {
            side.Rewind();
            return Alternation.Seconds(() =>
            {
                for (int i = 0; i < Decoded; i++) side.Next(Tokens(i));
            }) / Decoded;
        });

        int[] Tokens(int i) => Array.ConvertAll(text, sequence => sequence[before + i]);

        // The matrices once for all sequences, and the keys and values of each.
        double Bytes(double ofWeight, double ofKept)
        {
            ModelConfig c = ours.Config;
            double matrices = (double)c.NLayer * c.NEmbd * (4L * c.NEmbd + 2L * c.NInner) + (double)c.VocabSize * c.NEmbd;
            return (ofWeight * matrices) + (ofKept * 2 * c.NLayer * c.NEmbd * context * sequences);
        }
    }

    private static int[][] RandomTokens(ModelConfig config, int count, int length)
    {
        var rng = new Rng(7);
        int[] Prompt() => [.. Enumerable.Range(0, length).Select(_ => rng.NextInt(config.VocabSize))];
        return [.. Enumerable.Range(0, count).Select(_ => Prompt())];
    }
}
