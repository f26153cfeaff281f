#:project ../src/Autograd/Autograd.csproj
#:property PublishAot=false
// Trains a network of two layers to compute "exclusive or", which no single layer can. Run it with: dotnet run xor.cs
using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using static Sharpformer.Autograd.Ops;

using var device = new CpuDevice(threads: 1);
Tensor inputs = device.From([0, 0, 0, 1, 1, 0, 1, 1], 4, 2);
int[] targets = [0, 1, 1, 0];

var rng = new Rng(1);
Tensor[] weights = [Random(2, 8), device.Zeros(new Shape(8)), Random(8, 2), device.Zeros(new Shape(2))];
var optimizer = new AdamW(learningRate: 0.05f);
foreach (Tensor weight in weights) optimizer.Add(weight);

for (int step = 1; step <= 200; step++)
{
    using BufferScope scope = device.Scope(); // what a step allocates is free again after it
    var tape = new Tape();
    Variable[] parameters = [.. weights.Select(tape.Parameter)];
    Variable loss = Mean(CrossEntropy(Network(parameters), targets));
    tape.Backward(loss);
    optimizer.Step([.. parameters.Select(p => p.Gradient!)]);
    if (step is 1 || step % 50 == 0) Console.WriteLine($"step {step,3}: loss {loss.Value.ToScalar():f4}");
}

int[] answers = device.ArgMax(Network([.. weights.Select(Variable.Constant)]).Value); // constants: no tape, nothing recorded
for (int i = 0; i < 4; i++) Console.WriteLine($"{i / 2} xor {i % 2} = {answers[i]}");
return answers.SequenceEqual(targets) ? 0 : 1;

// Inputs [4,2] to logits [4,2].
Variable Network(Variable[] w) => Linear(Activate(Linear(inputs, w[0], w[1]), Activation.GeluTanh), w[2], w[3]);

Tensor Random(int rows, int columns) =>
    device.From([.. Enumerable.Range(0, rows * columns).Select(_ => (float)rng.NextNormal())], rows, columns);
