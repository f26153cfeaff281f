using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>A weight of two models of one architecture, w and w'.</summary>
/// <param name="Name">The name that families ask for, <c>h.4.mlp.c_proj.weight</c>.</param>
/// <param name="StoredName">The name in the second model's files.</param>
/// <param name="DType">How the second model stores it.</param>
/// <param name="Norm">‖w‖, Frobenius.</param>
/// <param name="Distance">‖w' − w‖, Frobenius.</param>
/// <param name="Largest">The largest |w' − w| of an element.</param>
public sealed record ComparedWeight(string Name, string StoredName, string DType, double Norm, double Distance, double Largest);

/// <summary>Where the weights of two model folders differ in value, however they are stored; read a piece at a time.</summary>
public static class WeightComparison
{
    private const int ChunkLength = 1 << 18;

    /// <summary>The weights that differ, in the order of the second folder's files.</summary>
    /// <param name="before">A model folder.</param>
    /// <param name="after">Another of the same architecture.</param>
    /// <param name="adapterBefore">The folder of a LoRA adapter that is merged into the first; null for none.</param>
    /// <param name="adapterAfter">The same for the second.</param>
    /// <param name="cancellation">Stops between pieces.</param>
    /// <exception cref="InputException">A folder cannot be read, or a weight has another shape in the other.</exception>
    public static IReadOnlyList<ComparedWeight> Differing(
        string before, string after, string? adapterBefore = null, string? adapterAfter = null, CancellationToken cancellation = default) =>
        Differing(before, null, after, adapterBefore, adapterAfter, cancellation);

    /// <summary>The same with weights in place of some of the first folder's, and of some weights only.</summary>
    /// <param name="before">A model folder.</param>
    /// <param name="replaced">In place of the first folder's; null for none.</param>
    /// <param name="after">Another of the same architecture.</param>
    /// <param name="adapterBefore">The folder of a LoRA adapter that is merged into the first; null for none.</param>
    /// <param name="adapterAfter">The same for the second.</param>
    /// <param name="cancellation">Stops between pieces.</param>
    /// <param name="only">The names of the weights that are read; null for all.</param>
    internal static IReadOnlyList<ComparedWeight> Differing(
        string before, ReplacedWeights? replaced, string after, string? adapterBefore, string? adapterAfter, CancellationToken cancellation,
        IReadOnlyList<string>? only = null)
    {
        using var device = new CpuDevice(threads: 1);
        using Checkpoint one = Checkpoint.Open(before, device, loads: false, adapter: adapterBefore);
        using Checkpoint other = Checkpoint.Open(after, device, loads: false, adapter: adapterAfter);
        if (replaced is not null) one.Stored.LayOver(before, replaced);
        Dictionary<string, (ITensorFile File, TensorInfo Info)> w = Weights(one, before), changed = Weights(other, after);
        var differing = new List<ComparedWeight>();
        foreach (string name in changed.Keys.Union(w.Keys).Where(name => only?.Contains(name) != false))
        {
            (ITensorFile File, TensorInfo Info)? from = Find(w, name), to = Find(changed, name);
            if (from is { } a && to is { } b && !a.Info.Shape.SequenceEqual(b.Info.Shape))
                throw new InputException($"{after}: {b.Info} is {a.Info} in {before}, expected models of one architecture.");
            if (Compared(name, from, to, cancellation) is { Largest: not 0 } compared) differing.Add(compared);
        }

        return differing;
    }

    /// <summary>What is learnt, by name; a tied head counts once.</summary>
    private static Dictionary<string, (ITensorFile File, TensorInfo Info)> Weights(Checkpoint checkpoint, string folder)
    {
        ModelConfig config = checkpoint.WithStoredHead(ModelConfig.Load(folder));
        bool hasCopy = config.TiesHead && checkpoint.Has(TensorNames.Table);
        var weights = new Dictionary<string, (ITensorFile File, TensorInfo Info)>();
        foreach ((ITensorFile file, TensorInfo info) in PlainLayout.Of(checkpoint.Stored, config))
        {
            string name = checkpoint.Stored.Names.Plain(info.Name);
            if (ModelFolder.IsBuffer(name) || ModelFolder.IsOfOtherHead(name) || (hasCopy && name == TensorNames.Head)) continue;
            weights.Add(name, (file, info));
        }

        return weights;
    }

    // A head that is tied is the token table; a bias that is not stored is 0.
    private static (ITensorFile File, TensorInfo Info)? Find(Dictionary<string, (ITensorFile, TensorInfo)> weights, string name) =>
        weights.TryGetValue(name, out (ITensorFile, TensorInfo) found) ? found
        : name is TensorNames.Head or TensorNames.Table
            && weights.TryGetValue(name == TensorNames.Head ? TensorNames.Table : TensorNames.Head, out found) ? found
        : null;

    private static ComparedWeight? Compared(
        string name, (ITensorFile File, TensorInfo Info)? from, (ITensorFile File, TensorInfo Info)? to, CancellationToken cancellation)
    {
        if (from is { } a && to is { } b && a.Info.DType == b.Info.DType && a.Info.DType != "I8"
            && a.File.Bytes(a.Info.Name).HasSameBytes(b.File.Bytes(b.Info.Name))) return null;
        TensorInfo info = (to ?? from)!.Value.Info;
        float[] before = new float[Math.Min(ChunkLength, info.Count)], after = new float[before.Length];
        double norm = 0, distance = 0, largest = 0;
        for (long start = 0; start < info.Count; start += before.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = (int)Math.Min(before.Length, info.Count - start);
            from?.File.ReadFloats(from.Value.Info.Name, start, before.AsSpan(0, count));
            to?.File.ReadFloats(to.Value.Info.Name, start, after.AsSpan(0, count));
            for (int i = 0; i < count; i++)
            {
                double difference = (double)after[i] - before[i];
                norm += (double)before[i] * before[i];
                distance += difference * difference;
                largest = Math.Max(largest, Math.Abs(difference)); // a NaN stays one
            }
        }

        string dtype = to is { } stored && Q8Container.Holds(stored.File, info) ? nameof(DType.Q8) : info.DType;
        return new ComparedWeight(name, info.Name, dtype, Math.Sqrt(norm), Math.Sqrt(distance), largest);
    }
}
