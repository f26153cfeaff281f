using System.Text.Json.Nodes;
using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Transformer.Adapters;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Families;

namespace Sharpformer.Transformer.Training;

/// <summary>
/// Low-rank additions to a model whose own weights stay as they are stored: neither a gradient of their size nor a merged copy is
/// ever made. What is trained is written as PEFT writes it.
/// </summary>
internal sealed class LoraTraining
{
    private readonly CausalLm model;
    private readonly LoraPlan plan;
    private readonly JsonObject config;
    private readonly Addition[] additions;

    private LoraTraining(CausalLm model, LoraPlan plan, JsonObject config, Addition[] additions) =>
        (this.model, this.plan, this.config, this.additions) = (model, plan, config, additions);

    /// <summary>The modules that are added to, as PEFT knows them.</summary>
    public IEnumerable<string> Modules => additions.Select(addition => addition.Module);

    /// <summary>Finds the linear maps that a plan means.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="baseModel">What the adapter calls the base model.</param>
    /// <exception cref="InputException">A name of the plan means none.</exception>
    public static LoraTraining Of(CausalLm model, LoraPlan plan, string? baseModel)
    {
        Addition[] all = [.. Maps(model)];
        IReadOnlyList<string> wanted = plan.Modules.Count > 0 ? plan.Modules : Family.Of(model.Config).LoraModules;
        string[] ends = [.. all.SelectMany(map => Ends(map.Module)).Distinct()];
        foreach (string name in wanted)
        {
            if (name == TargetModules.AllLinear || all.Any(map => TargetModules.IsEnd(name, map.Module))) continue;
            throw new InputException(
                $"lora: {Quoted.Text(name)} is no linear map of a block.{Nearest.Question(name, ends)}",
                $"a model of the family {model.Config.ModelType} has {string.Join(", ", ends.Where(end => !end.Contains('.')))}; "
                + $"{TargetModules.AllLinear} means all of them. Token table, positions, norms and head cannot be trained this way.");
        }

        // The adapter's own settings decide, so that whoever reads them finds a pair of matrices for all they mean.
        JsonObject config = Config(plan, model.Config, wanted, baseModel);
        LoraSettings settings = JsonPart.Of("lora", config, LoraSettings.Of);
        return new LoraTraining(model, plan, config,
        [
            .. all.Where(map => settings.Targets.Has(map.Module, isInBlock: true))
                .Select(map => map with { Scale = settings.ScaleOf(map.Module) }),
        ]);
    }

    /// <summary>A trainer of the additions. As in PEFT they begin with A uniform within ±1/√in and B zero, which adds nothing.</summary>
    /// <param name="settings">How; its seed decides A.</param>
    /// <param name="isDrawn">Whether A is drawn, which takes long where it is large and is in vain where nothing is computed.</param>
    public Trainer NewTrainer(TrainingSettings settings, bool isDrawn = true)
    {
        var rng = new Rng(settings.Seed);
        return new Trainer([.. additions.SelectMany(Begin)], Build, settings);

        IEnumerable<TrainedWeight> Begin(Addition map)
        {
            Tensor a = model.Device.AllocateUnscoped(new Shape(plan.Rank, map.Inputs));
            Tensor b = model.Device.AllocateUnscoped(new Shape(map.Outputs, plan.Rank));
            if (isDrawn) Draw(map, a);
            model.Device.Fill(b, 0);
            return [new(map.NameOf("A"), a), new(map.NameOf("B"), b)];
        }

        void Draw(Addition map, Tensor a)
        {
            float[] values = new float[a.Count];
            Rng own = rng.Fork(map.NameOf("A"));
            double bound = 1 / Math.Sqrt(map.Inputs); // Kaiming's √(6 / ((1 + a²)·in)) with PEFT's a = √5
            for (int i = 0; i < values.Length; i++) values[i] = (float)(bound * ((2 * own.NextDouble()) - 1));
            model.Device.Upload(values, a);
        }
    }

    /// <summary>That the rank is beyond what a matrix can have, in a sentence; null where it is not. PEFT takes such ranks too.</summary>
    public string? Excess() => additions.MinBy(map => Math.Min(map.Inputs, map.Outputs)) is { } least
        && Math.Min(least.Inputs, least.Outputs) is var most && plan.Rank > most
        ? FormattableString.Invariant($"The rank {plan.Rank} is more than {least.Module} can have, which is {most}.") : null;

    /// <summary>The two files of the adapter.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="trainer">Its matrices.</param>
    /// <param name="dtype">How they are stored.</param>
    /// <param name="cancellation">Stops it.</param>
    public void Write(string folder, Trainer trainer, DType dtype, CancellationToken cancellation)
    {
        SafeTensorsWriter.Write(
            Path.Combine(folder, LoraAdapter.WeightsName),
            [.. trainer.Weights.Select(half => new SafeTensorsEntry(half.Name, half.Value, dtype))],
            new Dictionary<string, string> { ["format"] = "pt" }, cancellation);
        File.WriteAllText(Path.Combine(folder, LoraSettings.FileName), config.ToJsonString(RandomCheckpoint.JsonText) + "\n");
    }

    private CausalLm Build(IReadOnlyList<Variable> halves, ulong? seed)
    {
        var byMatrix = new Dictionary<Variable, LowRank>(ReferenceEqualityComparer.Instance);
        for (int i = 0; i < additions.Length; i++)
        {
            ulong own = seed is { } step ? new Rng(step).Fork(additions[i].Module).NextUInt64() : 0;
            byMatrix.Add(additions[i].Matrix, new LowRank(
                halves[2 * i], halves[(2 * i) + 1], additions[i].Scale, seed is null ? 0 : (float)plan.Dropout, own));
        }

        return model with { Blocks = [.. model.Blocks.Select(block => block.WithMaps(Added))] };

        LinearWeights Added(LinearWeights map) => map.Matrices.Any(byMatrix.ContainsKey)
            ? map with { Additions = [.. map.Matrices.Select(matrix => byMatrix.GetValueOrDefault(matrix))] }
            : map;
    }

    /// <summary>Every linear map of the blocks.</summary>
    private static IEnumerable<Addition> Maps(CausalLm model)
    {
        const string End = ".weight";
        var names = new Dictionary<Variable, string>(ReferenceEqualityComparer.Instance);
        foreach ((string name, Variable weight) in WeightNames.Of(model).Zip(model.Weights)) names.Add(weight, name);
        foreach (Block block in model.Blocks)
        {
            foreach (LinearWeights map in (LinearWeights[])[block.Attention.Qkv, block.Attention.Output, block.Mlp.Up, block.Mlp.Down])
            {
                foreach (Variable matrix in map.Matrices)
                {
                    (int rows, int columns) = (matrix.Value.Rows, matrix.Value.Columns);
                    (int inputs, int outputs) = map.IsOutIn ? (columns, rows) : (rows, columns);
                    yield return new Addition(LoraSettings.FullName(names[matrix][..^End.Length]), matrix, inputs, outputs);
                }
            }
        }
    }

    /// <summary><c>adapter_config.json</c>: the keys that PEFT itself has had since 0.7.</summary>
    private static JsonObject Config(LoraPlan plan, ModelConfig model, IReadOnlyList<string> modules, string? baseModel) => new()
    {
        ["peft_type"] = LoraSettings.Kind,
        ["task_type"] = "CAUSAL_LM",
        ["base_model_name_or_path"] = baseModel,
        ["revision"] = null,
        ["inference_mode"] = true,
        ["r"] = plan.Rank,
        ["lora_alpha"] = plan.Alpha == Math.Truncate(plan.Alpha) ? JsonValue.Create((long)plan.Alpha) : JsonValue.Create(plan.Alpha),
        ["lora_dropout"] = plan.Dropout,
        ["use_rslora"] = plan.IsRankStabilized,
        ["target_modules"] = modules.Contains(TargetModules.AllLinear)
            ? TargetModules.AllLinear : new JsonArray([.. modules.Select(name => (JsonNode)name)]),
        ["fan_in_fan_out"] = model.ModelType == "gpt2", // its Conv1D holds [in,out]
        ["bias"] = "none",
        ["modules_to_save"] = null,
        ["init_lora_weights"] = true,
        ["layers_to_transform"] = null,
        ["layers_pattern"] = null,
        ["rank_pattern"] = new JsonObject(),
        ["alpha_pattern"] = new JsonObject(),
    };

    /// <summary>What a list may call a module in every block: <c>c_attn</c>, <c>attn.c_attn</c>.</summary>
    private static IEnumerable<string> Ends(string module)
    {
        string[] words = module.Split('.');
        for (int first = words.Length - 1; first >= 0 && !int.TryParse(words[first], out _); first--)
            yield return string.Join('.', words[first..]);
    }

    /// <summary>A linear map that is added to.</summary>
    private sealed record Addition(string Module, Variable Matrix, int Inputs, int Outputs, float Scale = 0)
    {
        public string NameOf(string half) => $"base_model.model.{Module}.lora_{half}.weight";
    }
}
