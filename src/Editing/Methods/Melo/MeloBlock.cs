using System.Runtime.CompilerServices;
using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Melo;

/// <summary>
/// A batch's block of LoRA, as each of its edits holds it: <c>36.mlp.c_fc.A</c> <c>[r,C]</c> and <c>36.mlp.c_fc.B</c> <c>[r,NInner]</c>
/// for every matrix. A model that has it is made when it is first asked for, and is one and the same from then on.
/// </summary>
internal sealed class MeloBlock
{
    private readonly MeloSettings settings;
    private readonly float[][] halves; // A and B of each matrix in turn
    private readonly Lazy<Tensor[]> tensors;
    private readonly ConditionalWeakTable<CausalLm, CausalLm> models = [];

    private MeloBlock(MeloSettings settings, float[][] halves, Device device)
    {
        (this.settings, this.halves) = (settings, halves);
        tensors = new(() => [.. halves.Select(half =>
        {
            Tensor tensor = device.AllocateUnscoped(new Shape(settings.Rank, half.Length / settings.Rank)); // lives as long as the block
            device.Upload(half, tensor);
            return tensor;
        })]);
    }

    /// <summary>The names of the parts that hold both halves.</summary>
    public static (string A, string B) NamesOf(MlpMatrix matrix) => ($"{matrix.Name}.A", $"{matrix.Name}.B");

    /// <summary>The block that an edit holds: the one before, where it is that.</summary>
    /// <exception cref="ArgumentException">The edit lacks a part.</exception>
    public static MeloBlock Of(Edit edit, Device device, MeloBlock? before)
    {
        var settings = (MeloSettings)edit.Settings;
        float[][] halves = [.. settings.Matrices.Select(NamesOf).SelectMany(names => new[] { Part(names.A), Part(names.B) })];
        return before is not null && before.settings.Equals(settings) && before.halves.Zip(halves).All(Same)
            ? before
            : new MeloBlock(settings, halves, device);

        static bool Same((float[] One, float[] Other) pair) => pair.One.AsSpan().SequenceEqual(pair.Other);

        float[] Part(string name) =>
            edit.Part(name)?.Values ?? throw new ArgumentException($"Melo: edit {edit.Id} has no part '{name}'.");
    }

    /// <summary>A model with a block.</summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">Say where.</param>
    /// <param name="halves">A and B of each matrix in turn; gradients flow to them where they are parameters.</param>
    public static CausalLm Added(CausalLm model, MeloSettings settings, IReadOnlyList<Variable> halves)
    {
        IReadOnlyList<MlpMatrix> matrices = settings.Matrices;
        for (int i = 0; i < matrices.Count; i++)
        {
            var addition = new LowRank(halves[2 * i], halves[(2 * i) + 1], settings.Scale) { IsBInRows = true };
            model = matrices[i].With(model, map => map with { Additions = [addition] });
        }

        return model;
    }

    /// <summary>A model with this block.</summary>
    public CausalLm On(CausalLm model) =>
        models.GetValue(model, plain => Added(plain, settings, [.. tensors.Value.Select(half => (Variable)half)]));
}
