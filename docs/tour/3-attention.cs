#:project ../../src/Autograd/Autograd.csproj
#:property PublishAot=false
// Chapter 3: attention. Run it with: dotnet run 3-attention.cs
//
// A model reads a text as rows of numbers, one row for each position. So far a row knows only its own letter or word. Attention is how
// it learns of the others: it looks something up in the positions before it, as in a dictionary, except that the match may be partial.
//
// Every position has three rows, each made by a product with weights as in chapter 1:
//     its query q: what it is looking for,
//     its key k:   what it can be found by,
//     its value v: what it tells whoever finds it.
// A position t compares its query with the key of every position s up to itself. The score is their dot product, q·k. The softmax turns
// scores into shares of 100 %: p[s] = exp(score[s]) / Σ exp(score). What t takes home is the mix of values by these shares, Σ p[s]·v[s].
// It sees no later position, because the model is to guess what comes next: it is *causal*.
//
// In a trained model all these numbers are learnt. Here they are made by hand, so that they can be understood: each letter of a word
// asks for the last vowel so far.
using Sharpformer.Autograd;
using Sharpformer.Tensors.Cpu;

const string Word = "madrid";
const int T = 6, C = 3; // positions, and how wide queries, keys and values are

float[] queries = new float[T * C], keys = new float[T * C], values = new float[T * C];
for (int t = 0; t < T; t++)
{
    bool isVowel = "aeiou".Contains(Word[t]);
    (queries[t * C], queries[t * C + 1]) = (14, 3);        // "a vowel, that counts 14, and a late one: 3 for each place"
    (keys[t * C], keys[t * C + 1]) = (isVowel ? 1 : 0, t); // "a vowel, or none, at place t"
    values[t * C] = Word[t] - 'a' + 1;                      // "my letter is": a = 1, b = 2, …
}

// Scores are divided by √C, or wider rows would have larger dot products, and a softmax of large numbers looks at one position only.
float scale = 1 / MathF.Sqrt(C);

float[] shares = new float[T * T], mix = new float[T * C];
for (int t = 0; t < T; t++)
{
    double total = 0;
    for (int s = 0; s <= t; s++) // positions up to itself
    {
        double score = 0;
        for (int c = 0; c < C; c++) score += queries[t * C + c] * keys[s * C + c];
        shares[t * T + s] = (float)Math.Exp(score * scale);
        total += shares[t * T + s];
    }

    for (int s = 0; s <= t; s++)
    {
        shares[t * T + s] /= (float)total;
        for (int c = 0; c < C; c++) mix[t * C + c] += shares[t * T + s] * values[s * C + c];
    }
}

Console.WriteLine($"    {string.Concat(Word.Select(letter => $"{letter,6}"))}   takes home");
for (int t = 0; t < T; t++)
{
    string row = string.Concat(Enumerable.Range(0, T).Select(s => s <= t ? $"{shares[t * T + s],6:p0}" : "     ."));
    Console.WriteLine($"  {Word[t]} {row}   {mix[t * C],6:f3}, nearest {(char)('a' - 1 + (int)MathF.Round(mix[t * C]))}");
}

// The same with the engine: queries, keys and values side by side in one tensor, because one product makes all three.
using var device = new CpuDevice();
float[] qkv = [.. Enumerable.Range(0, T).SelectMany(t => (float[])[.. Row(queries, t), .. Row(keys, t), .. Row(values, t)])];
float[] engine = Ops.SelfAttention(device.From(qkv, T, 3 * C), heads: 1, sequences: 1, scale).Value.ToArray();
float worst = mix.Zip(engine, (ours, theirs) => MathF.Abs(ours - theirs)).Max();
Console.WriteLine($"The engine's differ by {(worst < 1e-5f ? "less than 0.00001" : worst)}.");

// What is still to come changes nothing of what was: with another last letter, all rows but the last stay as they are, bit for bit.
qkv[^C] = 26; // the last letter is z now
float[] other = Ops.SelfAttention(device.From(qkv, T, 3 * C), heads: 1, sequences: 1, scale).Value.ToArray();
Console.WriteLine($"Another last letter leaves the rows before it as they are: {other.AsSpan(..^C).SequenceEqual(engine.AsSpan(..^C))}.");

static ReadOnlySpan<float> Row(float[] x, int t) => x.AsSpan(t * C, C);

// A model has several such heads side by side in each block, each with its own narrow queries, keys and values: one may look for the
// last vowel, one for the start of the word. What they take home stands side by side too.
//
// For real: src/Autograd/Ops/SelfAttention.cs. Its first Gemm makes all scores, CausalSoftmaxRow the shares, its second Gemm
// the mixes, for all heads and sequences at once. Below that stands how gradients go back. CausalAttention.cs is for writing on: there keys
// and values of earlier positions come from a cache.

// It prints:
//
//            m     a     d     r     i     d   takes home
//     m  100 %     .     .     .     .     .   13.000, nearest m
//     a    0 % 100 %     .     .     .     .    1.001, nearest a
//     d    0 % 100 %   0 %     .     .     .    1.006, nearest a
//     r    0 %  99 %   0 %   1 %     .     .    1.172, nearest a
//     i    0 %   1 %   0 %   0 %  99 %     .    8.956, nearest i
//     d    0 %   1 %   0 %   0 %  99 %   0 %    8.948, nearest i
//   The engine's differ by less than 0.00001.
//   Another last letter leaves the rows before it as they are: True.
