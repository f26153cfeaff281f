using System.Reflection;
using Sharpformer.Autograd;
using Sharpformer.Cli;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Tests.Cli;

/// <summary>All kernels, compiled for NVIDIA GPUs without one; what their assembler says is told by scripts/check-ptx.sh.</summary>
public sealed class KernelCatalogueTests
{
    private static readonly IReadOnlyList<MethodInfo> Kernels = KernelCatalogue.Kernels(typeof(Program).Assembly);

    [Fact]
    public void Knows_every_kernel_with_every_functor()
    {
        string[] names = [.. Kernels.Select(PtxCompiler.NameOf)];
        Assert.Equal(names.Length, names.Distinct(StringComparer.OrdinalIgnoreCase).Count()); // they are file names
        Assert.Contains("MapKernels.Fill", names);
        Assert.Contains("RowKernels.Rows(LayerNormRow)", names); // a functor of another assembly
        Assert.Contains("RowKernels.Rows(AddContributionsRow)", names);
        foreach (Activation f in Enum.GetValues<Activation>()) // generic functors, with all that fits them
        {
            Assert.Contains($"MapKernels.Unary(ActivateOp({f}))", names);
            Assert.Contains($"MapKernels.Binary(ActivateBackwardOp({f}))", names);
            Assert.Contains($"MapKernels.BinaryRepeated(BiasActivateOp({f}))", names);
            Assert.Contains($"MapKernels.Ternary(BiasActivateBackwardOp({f}))", names);
        }

        foreach (string layouts in (string[])["AlongK,AlongK", "AlongK,AlongX", "AlongX,AlongK", "AlongX,AlongX"])
        {
            foreach (string stored in (string[])["StoredF32", "StoredF16", "StoredBF16"])
            {
                Assert.Contains($"GemmTileKernels.Run({layouts},{stored})", names);
                Assert.Contains($"GemmSmallTileKernels.Run({layouts},{stored})", names);
            }
        }

        Assert.Equal(2 * 3 * 3, names.Count(name => name.StartsWith("GemmSkinnyKernels.", StringComparison.Ordinal)));
        Assert.All(Kernels, kernel => Assert.Single(kernel.GetParameters()));
    }

    [Fact]
    public void Every_kernel_compiles_without_calls_and_without_memory_of_its_own()
    {
        // A context is for one thread at a time; two share the work.
        int half = Kernels.Count / 2;
        Parallel.For(0, 2, part =>
        {
            using var compiler = new PtxCompiler("sm_80");
            foreach (MethodInfo kernel in part == 0 ? Kernels.Take(half) : Kernels.Skip(half))
            {
                string name = PtxCompiler.NameOf(kernel), code = compiler.Compile(kernel);
                Assert.Contains(".target sm_80", code, StringComparison.Ordinal);
                Assert.Contains(".visible .entry", code, StringComparison.Ordinal);
                Assert.Equal(
                    name.StartsWith("GemmTensorCoreKernels.", StringComparison.Ordinal),
                    code.Contains("mma.sync", StringComparison.Ordinal));
                foreach (string never in (string[])[".extern", ".local", "tanh.approx"])
                {
                    // Tensor cores' sums leave inline assembly through memory, once for each product.
                    bool allowed = never == ".local" && code.Contains("mma.sync", StringComparison.Ordinal);
                    Assert.True(allowed || !code.Contains(never, StringComparison.Ordinal), $"{name} has '{never}'.");
                }
            }
        });
    }

    [Fact]
    public void Tiles_are_read_as_vectors()
    {
        using var compiler = new PtxCompiler("sm_90");
        string code = compiler.Compile(
            Kernels.Single(kernel => PtxCompiler.NameOf(kernel) == "GemmTileKernels.Run(AlongK,AlongX,StoredF32)"));
        foreach (string vectors in (string[])["ld.global.v4.f32", "ld.shared.v4.f32", "st.shared.v4.f32", "st.global.v4.f32"])
        {
            string generic = vectors.Replace(".global", "", StringComparison.Ordinal);
            Assert.True(
                code.Contains(vectors, StringComparison.Ordinal) || code.Contains(generic, StringComparison.Ordinal), vectors);
        }
    }

    [Theory]
    [InlineData("sm_5")]
    [InlineData("80")]
    [InlineData("sm_+80")]
    [InlineData("gfx90a")]
    public void Refuses_what_is_no_architecture(string given)
    {
        Assert.Contains($"'{given}'", Assert.Throws<InputException>(() => new PtxCompiler(given)).Message, StringComparison.Ordinal);
        CliRun.Of("devices", "kernels", "--arch", given, "--output", Path.GetTempPath()).AssertFailed(given, "sm_80");
    }
}
