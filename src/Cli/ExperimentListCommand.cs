using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Experiments.Plans;

namespace Sharpformer.Cli;

/// <summary><c>experiment list</c>: the experiments that come with the program, and what one of them holds.</summary>
internal static class ExperimentListCommand
{
    /// <summary>The command with its argument.</summary>
    public static Command Create()
    {
        var command = new Command("list", "List the experiments that come with the program, or print one, from which to make another.");
        var name = new Argument<string?>("NAME")
        {
            Description = "The experiment to print.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        name.CompletionSources.Add([.. PlanReader.BuiltIn]);
        name.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var given }] && !PlanReader.BuiltIn.Contains(given))
                result.AddError($"NAME is '{given}', {CommonOptions.Expected(given, PlanReader.BuiltIn)}");
        });
        command.Add(name);
        command.SetAction(parse =>
        {
            Terminal terminal = Terminal.Of(parse);
            if (parse.GetValue(name) is { } one)
            {
                if (terminal.Json) terminal.Document(new JsonObject { ["name"] = one, ["plan"] = JsonNode.Parse(PlanReader.TextOf(one)) });
                else terminal.Line(PlanReader.TextOf(one).TrimEnd());
                return 0;
            }

            ExperimentPlan[] plans = [.. PlanReader.BuiltIn.Select(PlanReader.Named)];
            if (terminal.Json)
            {
                terminal.Document(new JsonObject
                {
                    ["experiments"] = plans.Select(plan => new JsonObject
                    {
                        ["name"] = plan.Name,
                        ["title"] = plan.Title,
                        ["about"] = plan.About,
                        ["methods"] = plan.Methods.Select(method => method.Label).AsJson(),
                        ["data"] = plan.Data.Select(data => data.Name).AsJson(),
                        ["counts"] = plan.Counts.AsJson(),
                        ["seeds"] = plan.Seeds.Select(seed => (JsonNode)seed).AsJson(),
                        ["measures"] = plan.Measures.AsJson(),
                    }).AsJson(),
                });
                return 0;
            }

            Table table = Terminal.NewTable("name", "what", "methods", "data", "edits");
            foreach (ExperimentPlan plan in plans)
            {
                Terminal.AddRow(
                    table, plan.Name, plan.Title, Terminal.Number(plan.Methods.Count),
                    string.Join(", ", plan.Data.Select(data => data.Name)),
                    string.Join(", ", plan.Counts.Select(count => Terminal.Count(count))));
            }

            terminal.Show(table);
            return 0;
        });
        return command;
    }
}
