using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.TPatcher;

/// <summary>The last block with more neurons in its MLP, in float32 memory that no scope ends.</summary>
internal static class WiderMlp
{
    /// <summary>The model with neurons behind those it has.</summary>
    public static CausalLm With(CausalLm model, IReadOnlyList<Patch> patches)
    {
        int layer = model.Blocks.Count - 1;
        Block block = model.Blocks[layer];
        (LinearWeights up, LinearWeights down) = (block.Mlp.Up, block.Mlp.Down);
        using BufferScope scope = model.Device.Scope();
        Tensor bias = up.Bias!.Value.Float32Copy();
        Tensor wider = model.Device.AllocateUnscoped(new Shape(bias.Columns + patches.Count));
        model.Device.Upload([.. bias.ToArray(), .. patches.Select(patch => patch.Bias)], wider);
        return model.WithBlock(layer, block with
        {
            Mlp = block.Mlp with
            {
                Up = up with
                {
                    Matrices = [Wider(up.Matrices.Single().Value, [.. patches.Select(patch => patch.Key)], asRows: up.IsOutIn)],
                    Bias = wider,
                },
                Down = down with
                {
                    Matrices = [Wider(down.Matrices.Single().Value, [.. patches.Select(patch => patch.Value)], asRows: !down.IsOutIn)],
                },
            },
        });
    }

    /// <summary>A matrix with more rows behind its own, or with the same as columns.</summary>
    private static Tensor Wider(Tensor matrix, float[][] more, bool asRows)
    {
        Device device = matrix.Device;
        (Tensor whole, int n, int width) = (matrix.Float32Copy(), more.Length, more[0].Length);
        float[] rows = [.. more.SelectMany(row => row)];
        if (asRows)
        {
            Tensor longer = device.AllocateUnscoped(new Shape(whole.Rows + n, whole.Columns));
            device.Copy(whole, longer.Slice(0, whole.Rows));
            device.Upload(rows, longer.Slice(whole.Rows, n));
            return longer;
        }

        float[] columns = new float[rows.Length];
        for (int i = 0; i < columns.Length; i++) columns[i] = rows[(i % n * width) + (i / n)];
        Tensor broader = device.AllocateUnscoped(new Shape(whole.Rows, whole.Columns + n));
        device.Copy(whole, MatrixView.Of(broader) with { Columns = whole.Columns });
        device.Copy(device.From(columns, width, n), MatrixView.Of(broader) with { Offset = whole.Columns, Columns = n });
        return broader;
    }
}
