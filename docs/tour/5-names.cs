#:project ../../src/Autograd/Autograd.csproj
#:property PublishAot=false
// Chapter 5: a model that makes up names. Run it with: dotnet run 5-names.cs
//
// This is a GPT with about a thousand weights, trained from noise until it speaks. It has all that chapter 4 has, only little of it: one
// block, 8 numbers wide, and letters for tokens. It reads first names letter by letter and learns to say which letter comes next. Then it
// is left to itself: the letter it says is appended to what it has read, and it is asked again, until it says that the name ends.
//
// Training is the loop of chapter 2. What is new:
//  - The loss. The model gives every letter a probability p. The loss is -ln p of the letter that came, on average: the cross-entropy. If
//    all 26 letters and the end were equally likely to it, that would be ln 27 = 3.296. A loss of 2.3 is as unsure as a choice among 10.
//  - The batch. A step looks at 64 names drawn at random, not at all of them: the gradient is rougher, but many more steps can be made.
//  - The optimizer. AdamW divides a weight's step by the size its gradients usually have, so that all weights move at about the same pace.
//    It also pulls all weights a little towards 0, which keeps the model from learning single names by heart.
//  - The examination. Every tenth name is kept back. Only the loss on those says whether the model has learnt how names are made.
using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using static Sharpformer.Autograd.Ops;

const int V = 27, C = 8, Heads = 2, Inner = 24, T = 12; // tokens: 26 letters and the end; width; heads; the mlp's width; longest name + end
const int End = 0, Steps = 400, Batch = 64;

string[] names = Names.All.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
string[] kept = [.. names.Where((_, i) => i % 10 == 9)], learnt = [.. names.Except(kept)];

using var device = new CpuDevice(threads: 1); // for so small a model, to share the work costs more than it saves
var rng = new Rng(1);
Tensor[] weights =
[
    Noise(V, C), Noise(T, C),                                                    // token table, position table
    Ones(C), Zeros(C), Noise(C, 3 * C), Zeros(3 * C), Noise(C, C), Zeros(C),     // norm; queries, keys and values; attention's output
    Ones(C), Zeros(C), Noise(C, Inner), Zeros(Inner), Noise(Inner, C), Zeros(C), // norm; the mlp's two products
    Ones(C), Zeros(C),                                                           // last norm
];
Console.WriteLine($"{weights.Sum(weight => weight.Count):n0} weights; {learnt.Length} names to learn from, {kept.Length} kept back");
Console.WriteLine($"before: {string.Join(' ', MadeUp(6))}");

var optimizer = new AdamW(learningRate: 0.04f, weightDecay: 0.3f);
foreach (Tensor weight in weights) optimizer.Add(weight);
for (int step = 0; step <= Steps; step++)
{
    using BufferScope scope = device.Scope(); // what a step allocates is free again after it
    if (step % 100 == 0) Console.WriteLine($"step {step,3}: loss {LossOf(learnt):f3}, on the names kept back {LossOf(kept):f3}");
    optimizer.LearningRate = 0.04f * (1 - (float)step / Steps); // large steps at first, small ones to settle
    string[] batch = [.. Enumerable.Range(0, Batch).Select(_ => learnt[rng.NextInt(learnt.Length)])];
    var tape = new Tape();
    Variable[] parameters = [.. weights.Select(tape.Parameter)];
    tape.Backward(Loss(parameters, batch));
    optimizer.Step([.. parameters.Select(parameter => parameter.Gradient!)]);
}

// Is that much? A table of how often each letter follows each other one is a model, too, and needs no training.
Console.WriteLine($"counting pairs of letters: {LossByPairs():f3} on the names kept back");
string[] made = MadeUp(100);
string[] newOnes = [.. made.Except(names)];
Console.WriteLine($"after: {string.Join(' ', newOnes.Take(9))}\n       {string.Join(' ', newOnes.Skip(9).Take(9))}");
Console.WriteLine($"Of {made.Length} names it made up, {made.Length - made.Count(names.Contains)} are not on the list.");

// The model: tokens [B·T] of B names to logits [B·T,V]. Read it beside chapter 4: line by line it is the same.
Variable Logits(Variable[] w, int[] tokens)
{
    int[] positions = [.. Enumerable.Range(0, tokens.Length).Select(i => i % T)];
    Variable h = Add(Embedding(w[0], tokens), Embedding(w[1], positions));
    Variable qkv = Linear(LayerNorm(h, w[2], w[3], epsilon: 1e-5f), w[4], w[5]);
    h = Add(h, Linear(SelfAttention(qkv, Heads, sequences: tokens.Length / T, scale: 1 / MathF.Sqrt(C / Heads)), w[6], w[7]));
    Variable inner = Activate(Linear(LayerNorm(h, w[8], w[9], epsilon: 1e-5f), w[10], w[11]), Activation.GeluTanh);
    h = Add(h, Linear(inner, w[12], w[13]));
    return MatMul(LayerNorm(h, w[14], w[15], epsilon: 1e-5f), w[0], transposeY: true); // compared with every token's row
}

// A name is a row of T tokens. Of "ada" the model reads end, a, d, a and is to say a, d, a, end. The places behind that do not count.
Variable Loss(Variable[] w, string[] of)
{
    var tokens = new int[of.Length * T];
    List<int> places = [], next = [];
    for (int i = 0; i < of.Length; i++)
    {
        int[] name = [End, .. of[i].Select(Token), End];
        for (int t = 0; t < name.Length - 1; t++)
        {
            tokens[i * T + t] = name[t];
            places.Add(i * T + t);
            next.Add(name[t + 1]);
        }
    }

    return Mean(CrossEntropy(Embedding(Logits(w, tokens), [.. places]), [.. next])); // Embedding picks the rows that count
}

float LossOf(string[] of) => Loss(Constants(), of).Value.ToScalar();

Variable[] Constants() => [.. weights.Select(Variable.Constant)]; // no parameter, so no tape: nothing is remembered

// Names letter by letter, all of them side by side; each letter is drawn by its probability.
string[] MadeUp(int count)
{
    using BufferScope scope = device.Scope();
    var draw = new Rng(2);
    var tokens = new int[count * T];
    string[] texts = [.. Enumerable.Repeat("", count)];
    bool[] isOver = new bool[count];
    for (int t = 0; t < T - 1; t++)
    {
        float[] logits = Logits(Constants(), tokens).Value.ToArray();
        for (int i = 0; i < count; i++)
        {
            int token = Drawn(logits.AsSpan((i * T + t) * V, V), draw.NextDouble());
            isOver[i] |= token == End;
            if (isOver[i]) continue;
            tokens[i * T + t + 1] = token;
            texts[i] += (char)('a' + token - 1);
        }
    }

    return texts;
}

// Logits are divided by 0.7, the temperature, before the softmax: likely letters become likelier still, and names less odd.
static int Drawn(ReadOnlySpan<float> logits, double share)
{
    double[] weights = new double[V];
    for (int v = 0; v < V; v++) weights[v] = Math.Exp(logits[v] / 0.7);
    double left = share * weights.Sum();
    int token = 0;
    while (token < V - 1 && (left -= weights[token]) >= 0) token++;
    return token;
}

double LossByPairs()
{
    var counts = new double[V, V];
    for (int v = 0; v < V * V; v++) counts[v / V, v % V] = 0.5; // what was never seen is not impossible
    foreach ((int first, int second) in learnt.SelectMany(Pairs)) counts[first, second]++;
    (int First, int Second)[] asked = [.. kept.SelectMany(Pairs)];
    double sum = 0;
    foreach ((int first, int second) in asked)
    {
        double row = 0;
        for (int v = 0; v < V; v++) row += counts[first, v];
        sum -= Math.Log(counts[first, second] / row);
    }

    return sum / asked.Length;
}

static IEnumerable<(int First, int Second)> Pairs(string name)
{
    int[] tokens = [End, .. name.Select(Token), End];
    return tokens.Zip(tokens[1..]);
}

static int Token(char letter) => letter - 'a' + 1;

Tensor Noise(int rows, int columns) =>
    device.From([.. Enumerable.Range(0, rows * columns).Select(_ => 0.1f * (float)rng.NextNormal())], rows, columns);

Tensor Zeros(int n) => device.Zeros(new Shape(n));

Tensor Ones(int n) => device.From([.. Enumerable.Repeat(1f, n)], n);

internal static class Names
{
    /// <summary>Common first names of at most 11 letters, so that a name and its end fit into T tokens.</summary>
    public const string All =
        """
        aaron abigail ada adam adele adrian agatha agnes aidan alan albert alexander alfred alice alina alison alma alvin amanda amber
        amelia amos amy andrea andrew angela anita anna annabel anthony antonia april archie arnold arthur astrid audrey austin barbara
        barnaby basil beatrice belinda benedict benjamin bernard bertha betty bianca blake bonnie bradley brandon brenda brian bridget
        bruce bruno byron caleb calvin camilla carla carmen caroline casper cassandra catherine cecilia cedric celia charles charlotte
        chester chloe christina christopher claire clara clarence claudia clement clifford clive colin connor conrad cora cordelia
        cornelia craig curtis cynthia cyril daisy damian daniel daphne darren david deborah delia denis derek diana dominic dora dorian
        doris dorothy douglas duncan dustin dylan edgar edith edmund edward edwin eileen elaine eleanor elena eli elias elijah elisabeth
        ella ellen elliot elmer elsa elvira emil emily emma eric erin ernest esther ethan eugene eva evan evelyn faith felicity felix
        ferdinand fiona flora florence frances francis frank frederick gabriel gareth gavin gemma geoffrey george gerald gilbert gina
        gloria gordon grace graham grant gregory greta guy gwendolyn hannah harold harriet harris harry harvey hazel heather hector
        helen helena henry herbert herman hilary hilda holly horace howard hubert hugh hugo ian ida ignatius imogen ingrid irene iris
        irma isaac isabel isaiah ivan ivy jack jacob james jane janet jasmine jason jasper jean jennifer jeremy jerome jesse jessica
        joan joel john jonah jonathan jordan joseph joshua joyce judith julia julian juliet june justin karen karl katherine keith kelly
        kenneth kevin kim kirk kurt kyle lambert lars laura laurence lavinia leah lena leo leon leonard leslie lewis lilian lily linda
        lionel lisa logan lorna louis louisa lucas lucinda lucy luke lydia mabel magnus malcolm marcia marcus margaret maria marian
        marina marion mark marlene martha martin marvin mary matilda matthew maud maurice maxwell megan melanie melissa melvin mercy
        meredith michael mildred miles millicent milo minna miranda miriam molly mona monica morgan morris moses myra nadia nancy
        naomi natalie nathan nathaniel neil nelson nicholas nicola nigel nina noah noel nora norbert norman octavia olaf olga oliver
        olivia ophelia oscar oswald otto owen pamela patricia patrick paul paula pearl penelope percy perry peter philip phoebe phyllis
        preston prudence quentin rachel ralph ramona raphael raymond rebecca regina reginald reuben rhoda richard robert robin roderick
        rodney roger roland roman ronald rosa rosalind rosemary ross rowan roy rufus rupert russell ruth ryan sabina sabrina sally
        samantha samson samuel sandra sarah saul scott sebastian selina selma seth shannon sharon sheila shirley sibyl sidney sigmund
        silas simon solomon sonia sophia stanley stella stephen steven stuart susan susanna sylvia tabitha tamara tara teresa terence
        thelma theodore thomas timothy tobias tristan ulrich una ursula valentine valerie vanessa vera vernon veronica victor victoria
        vincent viola violet virginia vivian walter wanda warren wendy wesley wilbur wilfred william winifred winston xavier yolanda
        yvonne zachary zelda zoe
        """;
}

// For real: src/Transformer/Training/Trainer.cs is this loop for any model of the engine, with gradients clipped, rates along a curve, and
// batches that add up; TrainingPass.cs is its Loss. src/Autograd/AdamW.cs is the optimizer, src/Transformer/Sampler.cs draws.

// It prints:
//
//   1,064 weights; 421 names to learn from, 46 kept back
//   before: apqkqlaeedf reyinjrqvfz cqzabxlucjo stcmchgroqj rsseicwqcrr djrrrjqmjfm
//   step   0: loss 3.357, on the names kept back 3.361
//   step 100: loss 2.297, on the names kept back 2.438
//   step 200: loss 2.232, on the names kept back 2.400
//   step 300: loss 2.175, on the names kept back 2.402
//   step 400: loss 2.135, on the names kept back 2.373
//   counting pairs of letters: 2.555 on the names kept back
//   after: avine nram crol onais morpar caguria minal ciliba laomen
//          oleth ogandcen elein momia verrim zanta alire maaren negans
//   Of 100 names it made up, 100 are not on the list.
