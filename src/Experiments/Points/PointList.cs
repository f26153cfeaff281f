using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Experiments.Plans;
using Sharpformer.Tensors;

namespace Sharpformer.Experiments.Points;

/// <summary>The points of a plan on some models.</summary>
public static class PointList
{
    /// <summary>The points, model by model, set by set: those that ask the same prompts stand together.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="models">Folders of models.</param>
    /// <param name="data">The plan's data, read.</param>
    /// <param name="open">Opens a model.</param>
    /// <exception cref="InputException">A model cannot be opened, or a method has no such setting.</exception>
    public static IReadOnlyList<PlannedPoint> Of(
        ExperimentPlan plan, IReadOnlyList<string> models, IReadOnlyList<DataSet> data, Func<string, Session> open)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(open);
        var points = new List<PlannedPoint>();
        foreach ((string folder, string name) in Named(models))
        {
            using Session session = open(folder);
            (PlannedMethod Method, PlannedPoint Template)[] templates =
                [.. plan.Methods.SelectMany(method => Variations(plan, method, (folder, name), session).Select(one => (method, one)))];
            foreach (DataSet set in data)
                foreach (ulong seed in plan.Seeds)
                    foreach ((PlannedMethod method, PlannedPoint one) in templates) points.AddRange(OnData(plan, method, one, set, seed));
        }

        return points;
    }

    /// <summary>Models by the names of their folders; with the folder above where two are called alike.</summary>
    private static IEnumerable<(string Folder, string Name)> Named(IReadOnlyList<string> models)
    {
        string[] folders = [.. models.Select(folder => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))).Distinct()];
        foreach (string folder in folders)
        {
            string name = Path.GetFileName(folder);
            if (folders.Count(other => Path.GetFileName(other) == name) > 1)
                name = $"{Path.GetFileName(Path.GetDirectoryName(folder))}/{name}";
            yield return (folder, name);
        }
    }

    private static IEnumerable<PlannedPoint> OnData(
        ExperimentPlan plan, PlannedMethod method, PlannedPoint template, DataSet set, ulong seed)
    {
        if (method.Data.Count > 0 && !method.Data.Contains(set.Source.Name)) yield break;
        foreach (int count in method.Counts.Count > 0 ? method.Counts : plan.Counts)
        {
            EditSettings? settings = template.Point.Settings;
            if (settings is not null && NamedSettings.NamesOf(settings.Method).Contains("seed") && !method.Set.ContainsKey("seed"))
                settings = Seeded(settings, seed);
            yield return template with
            {
                Point = template.Point with
                {
                    Data = set.Source,
                    DataHash = set.Hash,
                    Count = count,
                    Seed = seed,
                    Settings = settings,
                },
            };
        }
    }

    /// <summary>A method with each combination of what is varied, on no data yet.</summary>
    private static IEnumerable<PlannedPoint> Variations(
        ExperimentPlan plan, PlannedMethod method, (string Folder, string Name) model, Session session)
    {
        var point = new ExperimentPoint(
            method.Method, null, method.Ablation, session.Fingerprint, plan.Data[0], "", 0, 0, plan.Measures);
        var nothing = new Dictionary<string, string>();
        var template = new PlannedPoint(method.Label, nothing, model.Folder, model.Name, point) { Net = method.Net };
        if (method.Method == PlannedMethod.None) return [template];
        EditSettings settings = session.SettingsFor(method.Method, method.Variant);
        string? failure = null;
        try
        {
            settings = session.WithNet(settings, method.Net);
        }
        catch (InputException e)
        {
            failure = e.Message;
        }

        return Combinations(method, session.Model.Config.NLayer).Select(values =>
        {
            JsonObject named = method.Set.DeepClone().AsObject();
            foreach ((string name, JsonElement value) in values) named[name] = JsonNode.Parse(value.GetRawText());
            return template with
            {
                At = values.ToDictionary(value => value.Name, value => value.Value.ToString()),
                Point = point with { Settings = With(settings, named) },
                Failure = failure,
            };
        });

        EditSettings With(EditSettings of, JsonObject named) => NamedSettings.With(
            of, JsonSerializer.SerializeToElement(named, ExperimentsJson.Default.JsonObject), session.Model.Config,
            $"plan {plan.Name}", method.Label);
    }

    private static IEnumerable<(string Name, JsonElement Value)[]> Combinations(PlannedMethod method, int nLayer)
    {
        IEnumerable<(string Name, JsonElement Value)[]> all = [[]];
        IEnumerable<KeyValuePair<string, IReadOnlyList<JsonElement>>> varied = method.Grid;
        if (method.HasAllLayers)
        {
            varied = varied.Append(KeyValuePair.Create(
                "layer", (IReadOnlyList<JsonElement>)[.. Enumerable.Range(0, nLayer).Select(
                    l => JsonSerializer.SerializeToElement(l, ExperimentsJson.Default.Int32))]));
        }

        foreach ((string name, IReadOnlyList<JsonElement> values) in varied)
            all = all.SelectMany(before => values.Select(value => ((string, JsonElement)[])[.. before, (name, value)]));
        return all;
    }

    private static EditSettings Seeded(EditSettings settings, ulong seed)
    {
        JsonObject values = JsonNode.Parse(settings.ToJson())!.AsObject();
        values["seed"] = seed;
        return EditSettings.Parse(settings.Method, values.ToJsonString());
    }
}
