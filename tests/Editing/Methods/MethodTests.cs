using Sharpformer.Editing;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Editing.Methods;

/// <summary>What tests of single methods have in common: the bundled model on two threads, and what is looked at in edited ones.</summary>
public abstract class MethodTests : IDisposable
{
    protected MethodTests() => Model = CausalLm.Load(TestFiles.Model, Device);

    protected static Tokenizer Tokens { get; } = Tokenizer.Load(TestFiles.Model);

    protected CpuDevice Device { get; } = new(2);

    protected CausalLm Model { get; }

    public void Dispose()
    {
        Device.Dispose();
        GC.SuppressFinalize(this);
    }

    protected TokenizedRequest Request(EditRequest request) => TokenizedRequest.Of(Tokens, request, Model.Config.NPositions);

    protected static Edit Withdrawn(Edit edit) => edit with { Status = EditStatus.Withdrawn };

    /// <summary>The second MLP matrix of a block.</summary>
    protected static float[] Weight(EditedModel edited, int layer) => edited.Model.Blocks[layer].Mlp.Down.Matrices[0].Value.ToArray();

    protected static double Norm(float[] x) => Math.Sqrt(x.Sum(v => (double)v * v));

    protected static double Distance(float[] x, float[] y) => Norm([.. x.Zip(y, (a, b) => a - b)]);
}
