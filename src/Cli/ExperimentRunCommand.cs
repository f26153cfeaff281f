using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Sharpformer.Experiments.Plans;
using Sharpformer.Experiments.Points;
using Sharpformer.Experiments.Running;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary><c>experiment run</c>: the points of an experiment that are not done yet.</summary>
internal static class ExperimentRunCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "run",
            "Run an experiment: each of its points teaches edits and asks for everything. Points that are done are passed over, so a run "
                + "that was stopped goes on by repeating it; one that fails is told, and the rest go on.");
        var plan = new Argument<string>("PLAN") { Description = "An experiment of 'experiment list', or a file; see docs/experiments.md." };
        plan.CompletionSources.Add([.. PlanReader.BuiltIn]);
        Option<string[]> models = new("--model") { Description = "A model folder; may be given several times.", HelpName = "DIR" };
        Option<string> data = CommonOptions.File(
            "--data", "The folder of the plan's data. [default: data/facts here, or where the plan's file is]", required: false, "DIR");
        Option<string> output = CommonOptions.File(
            "--output", "The folder of results, which experiments share; made if it does not exist.", required: true, "DIR");
        output.Aliases.Add("-o");
        Option<string[]> methods = Names("--methods", "Only these methods, by the plan's labels or their own names.");
        Option<string[]> sets = Names("--sets", "Only these data sets.");
        Option<int[]> counts = Numbers<int>("--counts", "How many edits, in place of the plan's.", 1);
        Option<ulong[]> seeds = Numbers<ulong>("--seeds", "Seeds in place of the plan's; with several, reports show their spread.", 0);
        Option<string> statistics = CommonOptions.Statistics(), traces = CommonOptions.Traces();
        Option<(int, int)?> shard = CommonOptions.Portion(
            "--shard", "Run every Nth point only, from the Ith, so that several machines share an experiment.");
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what it would take, and what is missing for it; run nothing." };
        command.Add(plan);
        Option[] all = [models, data, output, methods, sets, counts, seeds, statistics, traces, shard, dryRun];
        foreach (Option option in all) command.Add(option);
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(plan) is not { Tokens: [{ Value: var name }] }) return;
            if (!PlanReader.BuiltIn.Contains(name) && !Path.Exists(name))
                result.AddError($"PLAN is '{name}', which is no file, {CommonOptions.Expected(name, PlanReader.BuiltIn)}");
        });
        command.SetAction(parse =>
        {
            Terminal terminal = Terminal.Of(parse);
            string name = parse.GetRequiredValue(plan);
            ExperimentPlan asked = Narrowed(
                Read(name), parse.GetValue(methods) ?? [], parse.GetValue(sets) ?? [], parse.GetValue(counts) ?? [],
                parse.GetValue(seeds) ?? []);
            string folder = parse.GetValue(data) ?? DataFolder(name);
            IReadOnlyList<string> given = parse.GetValue(models) is { Length: > 0 } named ? named : asked.Models;
            if (given.Count == 0) throw new InputException($"Experiment {asked.Name} names no model.", "give one or more by --model DIR.");
            var places = new PointPlaces(parse.GetValue(statistics), parse.GetValue(traces));
            var results = new ResultFolder(parse.GetRequiredValue(output));
            IReadOnlyList<DataSet> read = DataSet.Load(asked.Data, folder);
            IReadOnlyList<PlannedPoint> points = PointList.Of(asked, given, read, Open);
            if (parse.GetValue(dryRun))
            {
                IReadOnlyList<PointEstimate> estimates = Measurement.Run(terminal, (_, cancellation) =>
                    new RunEstimate(results, Open, places).Of(points, read, cancellation));
                ExperimentView.Estimate(terminal, asked, estimates);
                return 0;
            }

            RunReport report = Run(terminal, results, (progress, cancellation) => new ExperimentRunner(results, Open, places)
                .Run(asked, points, read, parse.GetValue(shard), progress, cancellation));
            return ExperimentView.Ran(terminal, asked, results, report);

            Session Open(string model) => device.Open(parse, model, needsTokenizer: true, notice => terminal.Note($"note: {notice}"));
        });
        return command;
    }

    private static ExperimentPlan Read(string name) =>
        PlanReader.BuiltIn.Contains(name) ? PlanReader.Named(name) : PlanReader.Load(name);

    private static ExperimentPlan Narrowed(
        ExperimentPlan plan, string[] methods, string[] sets, IReadOnlyList<int> counts, IReadOnlyList<ulong> seeds)
    {
        Require("--methods", methods, [.. plan.Methods.SelectMany(one => new[] { one.Label, one.Method }).Distinct()]);
        Require("--sets", sets, [.. plan.Data.Select(one => one.Name)]);
        return plan.Narrowed(methods, sets, counts, seeds);

        void Require(string option, string[] given, string[] known)
        {
            if (given.FirstOrDefault(one => !known.Contains(one)) is { } unknown)
                throw new InputException($"{option} names '{unknown}', {CommonOptions.Expected(unknown, known)}");
        }
    }

    private static string DataFolder(string plan)
    {
        if (!PlanReader.BuiltIn.Contains(plan)) return Path.GetDirectoryName(Path.GetFullPath(plan))!;
        string usual = Path.Combine("data", "facts");
        return Directory.Exists(usual) ? usual : throw new InputException(
            $"The data of experiment {plan} is not here: there is no folder {usual}.", "name the folder by --data DIR.");
    }

    private static RunReport Run(
        Terminal terminal, ResultFolder results, Func<IProgress<Step>, CancellationToken, RunReport> run)
    {
        using var interruption = new Interruption();
        try
        {
            return ProgressReport.Run(terminal, progress => run(progress, interruption.Token));
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            throw new InputException(
                $"Interrupted: the points that are done are in {results.Folder}.", "repeat the command to go on.")
            {
                Kind = ErrorKind.Interrupted,
            };
        }
    }

    private static Option<string[]> Names(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "NAME,…",
        AllowMultipleArgumentsPerToken = false,
        CustomParser = result => [.. Words(result, name)],
    };

    private static Option<T[]> Numbers<T>(string name, string description, T least)
        where T : struct, System.Numerics.INumber<T> => new(name)
        {
            Description = description,
            HelpName = "N,…",
            AllowMultipleArgumentsPerToken = false,
            CustomParser = result =>
            {
                var numbers = new List<T>();
                foreach (string word in Words(result, name))
                {
                    if (T.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out T n) && n >= least) numbers.Add(n);
                    else result.AddError($"{name} is '{word}', expected whole numbers from {least}, with commas between them.");
                }

                return [.. numbers.Distinct()];
            },
        };

    private static string[] Words(ArgumentResult result, string name)
    {
        string[] words = [.. result.Tokens.SelectMany(
            token => token.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
        if (words.Length == 0) result.AddError($"{name} is blank, expected one or more, with commas between them.");
        return words;
    }
}
