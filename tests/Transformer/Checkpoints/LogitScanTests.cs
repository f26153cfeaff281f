using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.Transformer.Checkpoints;

public sealed class LogitScanTests : IDisposable
{
    private readonly CpuDevice device = new(threads: 1);
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose()
    {
        device.Dispose();
        folder.Dispose();
    }

    private static string Tiny => TestFiles.Golden("families/gpt2-tiny-f32");

    [Fact]
    public void A_model_that_is_whole_has_numbers_only()
    {
        CausalLm model = CausalLm.Load(Tiny, device);
        Assert.Equal(new LogitScan(9, 0, -1, -1), LogitScan.Run(model, [1, 2, 3, 4, 5, 6, 7, 8, 9]));
    }

    [Fact]
    public void A_single_infinite_logit_is_found_and_named()
    {
        float[] bias = new float[301];
        bias[17] = float.NegativeInfinity;
        ChangedModel.WriteWith(Tiny, folder.Path, device, ("lm_head.bias", bias));
        CausalLm model = CausalLm.Load(folder.Path, device);
        Assert.Equal(new LogitScan(3, 3, 0, 17), LogitScan.Run(model, [1, 2, 3]));
    }

    [Fact]
    public void Finite_weights_may_give_logits_that_are_not()
    {
        ChangedModel.Write(Tiny, folder.Path, device, (name, values) =>
        {
            if (name == "wte.weight") values.AsSpan(40 * 48, 48).Fill(3e38f); // a token that is not read
        });
        LogitScan scan = LogitScan.Run(CausalLm.Load(folder.Path, device), [1, 2, 3, 4]);
        Assert.Equal((4, 4L, 0, 40), (scan.Positions, scan.NotFinite, scan.FirstPosition, scan.FirstToken));
    }
}
