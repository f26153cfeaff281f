#:project ../../src/Transformer/Transformer.csproj
#:property PublishAot=false
// Chapter 4: a block and a model. Run it with: dotnet run 4-model.cs
//
// Here is all of GPT-2. It reads tokens, which are words or pieces of words, each a number. What is known at a position is one row of C
// numbers, the residual stream. It starts as the token's row in a table plus the position's row in another. Then block after block adds
// to it, and nothing is ever overwritten:
//
//     h = h + attention(norm(h))     what other positions have to tell (chapter 3)
//     h = h + mlp(norm(h))           what the model knows: two products with a bend in between
//
// norm brings a row to mean 0 and variance 1, then stretches it by learnt weights: so rows keep a sensible size through many blocks.
// The bend (GELU) is about max(0, x), rounded at the corner; without it two products would be no more than one. Each of the mlp's inner
// numbers works like an entry of a memory (Geva et al. 2021): its column of the first matrix says when it speaks, its row of the second
// what it says.
//
// In the end the row is compared with every token's row of the table. The dot products are the logits: the higher, the likelier is it
// that this token comes next. A softmax makes probabilities of them.
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

string folder = args is [var given] ? given : "../../models/facts-gpt2";
using var device = new CpuDevice();
CausalLm model = CausalLm.Load(folder, device);
Tokenizer tokenizer = Tokenizer.Load(folder, model.Config);
int[] tokens = tokenizer.Encode("Anatole France was born in");
(int T, int C, int L, int heads) = (tokens.Length, model.Config.NEmbd, model.Config.NLayer, model.Config.NHead);
Console.WriteLine($"{T} tokens: {string.Join('|', tokens.Select(token => tokenizer.Decode([token])))}");
Console.WriteLine($"{L} blocks, {C} wide, {model.Weights.Sum(weight => weight.Value.Count):n0} weights");

// The weights as plain arrays, in the order in which a forward pass needs them: Norm and Linear, below, take theirs off this queue.
var weights = new Queue<float[]>(model.Weights.Select(weight => weight.Value.ToArray()));
float[] tokenTable = weights.Dequeue(), positionTable = weights.Dequeue();

float[] h = new float[T * C];
for (int t = 0; t < T; t++)
    for (int c = 0; c < C; c++)
        h[t * C + c] = tokenTable[tokens[t] * C + c] + positionTable[t * C + c];

for (int l = 0; l < L; l++)
{
    float[] qkv = Linear(Norm(h), 3 * C);
    Add(h, Linear(Attention(qkv), C));
    float[] inner = Linear(Norm(h), model.Config.NInner);
    for (int i = 0; i < inner.Length; i++) inner[i] = Gelu(inner[i]);
    Add(h, Linear(inner, C));
}

float[] last = Norm(h)[^C..]; // the last position's row: what comes next?
float[] logits = [.. tokenTable.Chunk(C).Select(row => Dot(row, last))];

// The same with the engine.
float[] engine = model.Logits(model.Hidden(new TokenBatch(tokens), model.NewCache(1, T), rows: [T - 1])).Value.ToArray();
double total = logits.Sum(z => Math.Exp(z));
Console.WriteLine("next token   ours   engine   probability");
foreach (int token in Enumerable.Range(0, logits.Length).OrderByDescending(token => logits[token]).Take(4))
{
    double probability = Math.Exp(logits[token]) / total;
    Console.WriteLine($"{tokenizer.Decode([token]),-10} {logits[token],6:f3}   {engine[token],6:f3}   {probability,11:p1}");
}

float worst = logits.Zip(engine, (ours, theirs) => MathF.Abs(ours - theirs)).Max();
Console.WriteLine($"Of all {logits.Length:n0} logits none differs by {(worst < 1e-3f ? "more than 0.001" : worst)}.");

// Each row to mean 0 and variance 1, times a gain, plus a bias.
float[] Norm(float[] x)
{
    float[] gain = weights.Dequeue(), bias = weights.Dequeue(), y = new float[x.Length];
    for (int start = 0; start < x.Length; start += C)
    {
        float mean = 0, variance = 0;
        for (int c = 0; c < C; c++) mean += x[start + c] / C;
        for (int c = 0; c < C; c++) variance += (x[start + c] - mean) * (x[start + c] - mean) / C;
        for (int c = 0; c < C; c++)
            y[start + c] = (x[start + c] - mean) / MathF.Sqrt(variance + model.Config.LayerNormEpsilon) * gain[c] + bias[c];
    }

    return y;
}

// x·W + b, as in chapter 1.
float[] Linear(float[] x, int columns)
{
    float[] w = weights.Dequeue(), bias = weights.Dequeue(), y = new float[T * columns];
    int inner = x.Length / T;
    for (int t = 0; t < T; t++)
    {
        bias.CopyTo(y, t * columns);
        for (int i = 0; i < inner; i++)
            for (int c = 0; c < columns; c++)
                y[t * columns + c] += x[t * inner + i] * w[i * columns + c];
    }

    return y;
}

// Chapter 3, for several heads: each has its own D of the C columns of queries, keys and values.
float[] Attention(float[] qkv)
{
    int D = C / heads;
    float[] y = new float[T * C];
    for (int head = 0; head < heads; head++)
        for (int t = 0; t < T; t++)
        {
            var exp = new float[t + 1];
            for (int s = 0; s <= t; s++) exp[s] = MathF.Exp(Dot(Part(t, 0), Part(s, C)) / MathF.Sqrt(D));
            float sum = exp.Sum();
            for (int s = 0; s <= t; s++)
                for (int d = 0; d < D; d++)
                    y[t * C + head * D + d] += exp[s] / sum * Part(s, 2 * C)[d];

            ReadOnlySpan<float> Part(int t, int column) => qkv.AsSpan(t * 3 * C + column + head * D, D);
        }

    return y;
}

static float Gelu(float x) => 0.5f * x * (1 + MathF.Tanh(MathF.Sqrt(2 / MathF.PI) * (x + 0.044715f * x * x * x)));

static void Add(float[] x, float[] y)
{
    for (int i = 0; i < x.Length; i++) x[i] += y[i];
}

static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
{
    float sum = 0;
    for (int i = 0; i < x.Length; i++) sum += x[i] * y[i];
    return sum;
}

// For real: src/Transformer/Block.cs is the block as formulas, CausalLm.cs the model, Families/Gpt2.cs which weights make it a GPT-2.
// Tokenization/ cuts text into tokens. To write a text, Generator.cs takes a likely token, appends it, and asks again.

// It prints:
//
//   7 tokens: An|at|ole| France| was| born| in
//   6 blocks, 256 wide, 6,567,680 weights
//   next token   ours   engine   probability
//    Paris     20.686   20.686        99.6 %
//    par       14.613   14.613         0.2 %
//    French    14.041   14.041         0.1 %
//    Geneva    12.158   12.158         0.0 %
//   Of all 7,015 logits none differs by more than 0.001.
