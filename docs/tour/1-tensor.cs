#:project ../../src/Tensors/Tensors.csproj
#:property PublishAot=false
// Chapter 1: a tensor and a loop. Run it with: dotnet run 1-tensor.cs
//
// A language model holds millions of numbers, and all it does is to multiply and add them. A tensor is how such numbers are kept:
// one flat array, and a shape that says how to read it. Shape [2,3] means 2 rows of 3 columns, row after row, so that element
// (r, c) lies at r·3 + c. Nothing else is stored.
//
// Nearly all the work of a model is one sum. A row of numbers, say what is known of a word so far, becomes another row:
//
//     y[c] = x[0]·W[0,c] + x[1]·W[1,c] + … + b[c]
//
// Each column of W asks a question ("how much of this, minus how much of that?"), and y holds the answers. W is called the weight,
// b the bias: they are what training finds. With several rows x[r] at once this is the product of two matrices, three loops.
using System.Diagnostics;
using System.Numerics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;

float[] x = [1, 2, 3, 4, 5, 6];              // [2,3]: two words, three numbers each
float[] w = [1, 0, -1, 2, 0, 1, 1, 0, 3, -1, 0, 1]; // [3,4]: four questions about three numbers
float[] b = [10, 20, 30, 40];                // [4]

float[] y = Product(x, w, rows: 2, inner: 3, columns: 4);
for (int r = 0; r < 2; r++)
    for (int c = 0; c < 4; c++)
        y[r * 4 + c] += b[c]; // the one row of b serves all rows of y
Print("by loops", y, columns: 4);

// The same with the engine. A tensor lives on a device, here the processor; the device has the loops, a dozen of them in all.
// Gemm is the product. Map does something to every element; what it does is a type with a static method, so that the compiler
// puts it into the loop instead of calling it. A shorter operand, like b, repeats.
using var device = new CpuDevice();
Tensor product = device.Allocate(2, 4);
device.Gemm(device.From(x, 2, 3), device.From(w, 3, 4), product);
device.Map<Plus>(product, device.From(b, 4), product);
Print("by the device", product.ToArray(), columns: 4);

// Because a tensor is only an array and a shape, these cost nothing. They are other readings of the same memory.
Console.WriteLine($"reshaped {product.Shape} -> {product.Reshape(4, 2).Shape}, its last row {product.Slice(1, 1).Shape}");

// Why not simply three loops, then? Real matrices do not fit into the processor's fast memory. Gemm makes the same sums, but cuts
// the matrices into pieces that do fit, and works on 8 numbers (a Vector<float>) with one instruction, on all cores.
// For two matrices of 1024·1024, on two cores of an AMD EPYC, the loops below take 60 to 100 times as long as Gemm; on your machine?
// dotnet run 1-tensor.cs -- time
if (args is ["time"]) Time(1024);

static float[] Product(float[] x, float[] w, int rows, int inner, int columns)
{
    var y = new float[rows * columns];
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < inner; i++)
            for (int c = 0; c < columns; c++)
                y[r * columns + c] += x[r * inner + i] * w[i * columns + c];
    return y;
}

static void Print(string how, float[] y, int columns)
{
    Console.WriteLine($"{how}:");
    foreach (float[] row in y.Chunk(columns)) Console.WriteLine($"  {string.Join(' ', row)}");
}

void Time(int n)
{
    float[] numbers = [.. Enumerable.Range(0, n * n).Select(i => (i % 7) - 3f)];
    Tensor a = device.From(numbers, n, n), c = device.Allocate(n, n);
    double loops = Fastest(() => Product(numbers, numbers, n, n, n)), gemm = Fastest(() => device.Gemm(a, a, c));
    Console.WriteLine($"{n}·{n} times {n}·{n}: {loops:f1} ms by loops, {gemm:f1} ms by Gemm");
}

static double Fastest(Action work) => Enumerable.Range(0, 5).Min(_ =>
{
    long start = Stopwatch.GetTimestamp();
    work();
    return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
});

/// <summary>x + y, once for one number and once for a register full of them.</summary>
internal readonly struct Plus : IBinaryOp
{
    public static float Apply(float x, float y) => x + y;

    public static Vector<float> Apply(Vector<float> x, Vector<float> y) => x + y;
}

// For real: src/Tensors/Tensor.cs is the array and the shape, src/Tensors/Device.cs the dozen verbs. In src/Tensors/Cpu/Gemm.cs see
// how a matrix is cut into pieces, and in GemmMicroKernel.cs the innermost loop, whose sums stay in registers.

// It prints:
//
//   by loops:
//     20 19 31 45
//     32 19 31 54
//   by the device:
//     20 19 31 45
//     32 19 31 54
//   reshaped [2,4] -> [4,2], its last row [1,4]
