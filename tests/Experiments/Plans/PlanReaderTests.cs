using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Experiments.Plans;
using Sharpformer.Experiments.Reports;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Experiments.Plans;

/// <summary>Plans: those that come with the program, files of one's own, and what is said about those that are none.</summary>
public sealed class PlanReaderTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_plan_that_comes_with_the_program_is_one()
    {
        Assert.All(PlanReader.BuiltIn, name =>
        {
            ExperimentPlan plan = PlanReader.Named(name);
            Assert.Equal(name, plan.Name);
            Assert.NotEmpty(plan.About);
            Assert.NotEmpty(plan.Views);
            Assert.Equal(plan.Methods.Count, plan.Methods.Select(method => method.Label).Distinct().Count());
            Assert.All(
                plan.Data.SelectMany(data => data.Files),
                file => Assert.True(File.Exists(TestFiles.Facts(Path.GetFileNameWithoutExtension(file)))));
        });
    }

    [Fact]
    public void A_plan_says_what_is_varied()
    {
        ExperimentPlan plan = Of("""
            {"title": "T", "models": ["m"], "data": ["zsre", {"name": "own", "files": ["a.json"], "answerTrigger": "?",
              "split": {"by": "relation", "part": 2, "of": 3}}],
             "methods": ["none", {"label": "L", "method": "ireva", "set": {"alpha": 1}, "grid": {"theta": [0.5, 0.6], "layer": "all"},
               "counts": [7], "ablation": "noActivation"}],
             "counts": [1, 10], "seeds": [3], "measures": ["withdrawal", "said"],
             "views": [{"chart": ["es"], "x": "theta", "log": true, "title": "V"}]}
            """);
        Assert.Equal(("plan", "T", ""), (plan.Name, plan.Title, plan.About));
        Assert.Equal([folder.File("m")], plan.Models);
        Assert.Equal((" Answer:", " Answer:"), (plan.Data[0].Triggers.AnswerTrigger, plan.Data[0].Triggers.LocTrigger));
        Assert.Equal(("own", "?", "?"), (plan.Data[1].Name, plan.Data[1].Triggers.AnswerTrigger, plan.Data[1].Triggers.LocTrigger));
        Assert.Equal("relation 2/3", plan.Data[1].Split!.ToString());
        PlannedMethod method = plan.Methods[1];
        Assert.Equal(("L", "ireva", Ablation.NoActivation, true), (method.Label, method.Method, method.Ablation, method.HasAllLayers));
        Assert.Equal(["0.5", "0.6"], method.Grid["theta"].Select(value => value.ToString()));
        Assert.Equal([7], method.Counts);
        Assert.Equal([1, 10], plan.Counts);
        Assert.Equal([3UL], plan.Seeds);
        Assert.Equal(["said", "withdrawal"], plan.Measures); // always in one order: it is part of a point's name
        Assert.Equal(("V", "theta", true), (plan.Views[0].Title, plan.Views[0].X, plan.Views[0].IsLogarithmic));
    }

    [Fact]
    public void What_a_plan_does_not_say_is_as_usual()
    {
        ExperimentPlan plan = Of("""{"data": ["zsre"], "methods": ["rome"], "counts": [1]}""");
        Assert.Equal([1UL], plan.Seeds);
        Assert.Equal(["said", "text"], plan.Measures);
        Assert.Equal(ReportColumn.Usual, Assert.Single(plan.Views).Columns);
    }

    [Theory]
    [InlineData("""{"methods": ["rome"], "counts": [1]}""", "has no \"data\"")]
    [InlineData("""{"data": [], "methods": ["rome"], "counts": [1]}""", "data is a list, expected at least one in it")]
    [InlineData("""{"data": ["zsre"], "methods": ["rom"], "counts": [1]}""", "methods[0] is \"rom\", expected one of none, alphaedit")]
    [InlineData("""{"data": ["zsr"], "methods": ["rome"], "counts": [1]}""", "data[0] is \"zsr\", expected one of counterfact, zsre")]
    [InlineData("""{"data": ["zsre"], "methods": ["rome"], "counts": [0]}""", "counts[0] is 0, expected a whole number of edits from 1 to")]
    [InlineData("""{"data": ["zsre"], "methods": ["rome"], "counts": [1], "seeds": [-1]}""", "seeds[0] is -1, expected a whole number")]
    [InlineData("""{"data": ["zsre"], "methods": ["rome"], "counts": [1], "count": 1}""", "count is not known here, expected one of title")]
    [InlineData("""{"data": ["zsre"], "methods": ["rome"], "counts": [1], "measures": ["all"]}""", "measures[0] is \"all\", expected")]
    [InlineData("""{"data": ["zsre"], "methods": ["rome"], "counts": [1], "views": [{"table": ["eS"]}]}""", "views[0].table[0] is \"eS\"")]
    [InlineData("""{"data": ["zsre"], "methods": ["rome"], "counts": [1], "views": [{"chart": ["es"]}]}""", "views[0] has no \"x\"")]
    [InlineData(
        """{"data": ["zsre"], "methods": [{"method": "rome", "ablation": "noActivation"}], "counts": [1]}""",
        "methods[0].ablation is \"noActivation\", expected no ablation: only ireva can be ablated")]
    [InlineData("""{"data": ["zsre", "zsre"], "methods": ["rome"], "counts": [1]}""", "another one of the list is called zsre")]
    [InlineData("""{"data": ["zsre"], "methods": ["rome", "rome"], "counts": [1]}""", "another one of the list is called rome")]
    [InlineData("""{"data": ["zsre"], "methods": [3], "counts": [1]}""", "methods[0] is 3, expected a method's name, or an object")]
    [InlineData("""{"data": ["zsre"], "methods": [{"method": "ft", "label": "rome"}], "counts": [1]}""", "label is \"rome\", expected")]
    [InlineData("""{"data": ["zsre"], "methods": [{"method": "ft", "set": [1]}], "counts": [1]}""", "set is a list, expected an object")]
    [InlineData("""{"data": ["zsre"], "methods": [{"method": "ft", "data": ["no"]}], "counts": [1]}""", "data[0] is \"no\", expected one")]
    [InlineData("""{"data": ["zsre"], "methods": [{"method": "none", "set": {}}], "counts": [1]}""", "set is not known here")]
    [InlineData(
        """{"data": ["zsre"], "methods": [{"method": "ireva", "set": {"theta": 1}, "grid": {"theta": [1]}}], "counts": [1]}""",
        "grid.theta is a list, expected nothing: \"set\" has it already")]
    [InlineData("""{"data": ["zsre"], "methods": ["ft"], "counts": [1], "views": [{}]}""", "views[0] has neither \"table\" nor")]
    [InlineData(
        """{"data": ["zsre"], "methods": ["ft"], "counts": [1], "views": [{"chart": ["es"], "x": "theta"}]}""", "x is \"theta\", expected")]
    [InlineData("""{"data": [{"name": "", "files": ["a"]}], "methods": ["ft"], "counts": [1]}""", "name is \"\", expected a line of text")]
    [InlineData(
        """{"data": [{"name": "a", "files": ["a"], "endings": {"b": "?"}}], "methods": ["ft"], "counts": [1]}""", "endings.b is of")]
    [InlineData("""{"data": ["zsre"], "methods": ["ft"], "counts": [99999999999]}""", "edits from 1 to 10000000")]
    [InlineData("{", "not valid JSON")]
    public void What_is_no_plan_is_told_with_its_place(string json, string said) => Fails.With<InputException>(said, () => Of(json));

    [Theory]
    [InlineData(".json")]
    [InlineData("a b.json")]
    [InlineData("-x.json")]
    public void A_plan_is_named_by_its_file_and_files_by_it(string name)
    {
        File.WriteAllText(folder.File(name), """{"data": ["zsre"], "methods": ["rome"], "counts": [1]}""");
        Fails.With<InputException>("the file's name is the experiment's, expected letters", () => PlanReader.Load(folder.File(name)));
    }

    [Fact]
    public void A_plan_can_be_narrowed()
    {
        ExperimentPlan plan = PlanReader.Named("memories").Narrowed(["GRACE", "sola"], [], [5], [1, 2]);
        Assert.Equal(["SoLA", "GRACE"], plan.Methods.Select(method => method.Label));
        Assert.All(plan.Methods, method => Assert.Empty(method.Counts)); // a method's own counts give way too
        Assert.Equal([5], plan.Counts);
        Assert.Equal([1UL, 2UL], plan.Seeds);
        Assert.Equal(plan.Data.Count, PlanReader.Named("memories").Narrowed([], [], [], []).Data.Count);
    }

    [Fact]
    public void Published_figures_are_found_by_table_set_row_and_column()
    {
        Assert.Equal(97.47, PublishedFigures.Find("table1", "zsre", "iReVa+L", "es"));
        Assert.Equal(2.87, PublishedFigures.Find("table3", "zsre", "no activation", "ns"));
        Assert.Null(PublishedFigures.Find("table1", "counterfact", "iReVa", "es"));
        Assert.Null(PublishedFigures.Find("table1", "zsre", "iReVa", "said"));
    }

    private ExperimentPlan Of(string json)
    {
        File.WriteAllText(folder.File("plan.json"), json);
        return PlanReader.Load(folder.File("plan.json"));
    }
}
