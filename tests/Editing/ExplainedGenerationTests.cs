using System.Xml.Linq;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.FineTuning;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Reports;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing;

/// <summary>Which edit speaks at which token, and what is drawn of it.</summary>
public sealed class ExplainedGenerationTests : IDisposable
{
    private const string Prompt = "Lucian Freud died in";
    private static readonly IReVaSettings Plain = new() { Layer = 4, Theta = 0.85f, Alpha = 1, Retrofit = false };

    private readonly Session session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 1 });

    public ExplainedGenerationTests() => session.UseMemory();

    public void Dispose() => session.Dispose();

    [Fact]
    public void Every_token_is_explained_as_its_prompt_alone_would_be()
    {
        session.Teach(session.Tokenize([new(Prompt, "Karl Scheurer"), new("The capital of France is", "Rome")]), Plain);
        ExplainedGeneration text = session.ExplainGeneration(Prompt, 8);
        Assert.Equal(session.Generate(Prompt, 8).Tokens, text.Tokens.Select(token => token.Token));
        Assert.Equal(text.Made.Text, string.Concat(text.Tokens.Select(token => token.Text)));
        Firing[] answers = [.. text.Tokens.Select(token => token.First).Where(first => first.State == FiringState.Answers)];
        Assert.True(answers.Length >= 2);
        Assert.All(answers, first => Assert.Equal(1, first.Edit));
        string before = Prompt;
        foreach (ExplainedToken token in text.Tokens)
        {
            Explanation alone = session.Explain(before);
            Assert.Equal((alone.First.Edit, alone.First.Part), (token.First.Edit, token.First.Part));
            Assert.Equal(alone.First.Margin, token.First.Margin, 1e-3);
            TokenChange? change = alone.Changes.Where(c => c.Token == token.Token).Cast<TokenChange?>().FirstOrDefault();
            Assert.Equal(change!.Value.ProbabilityAfter, token.ProbabilityAfter, 1e-4);
            Assert.Equal(change.Value.ProbabilityBefore, token.ProbabilityBefore, 1e-4);
            before += token.Text;
        }
    }

    [Fact]
    public void Weights_that_are_changed_and_withdrawn_edits_do_not_speak()
    {
        session.Teach(session.Tokenize([new(Prompt, "Rome")]), Plain);
        session.Withdraw(1);
        session.Teach(session.Tokenize([new("The capital of France is", "Oslo")]), FineTuningSettings.For(session.Model.Config));
        ExplainedGeneration text = session.ExplainGeneration("The capital of France is", 1);
        Assert.Equal(" Oslo", text.Tokens[0].Text);
        Assert.NotEqual(FiringState.Answers, text.Tokens[0].First.State);
        Assert.True(text.Tokens[0].ProbabilityAfter > text.Tokens[0].ProbabilityBefore);
        Assert.Equal(FiringState.Withdrawn, session.ExplainGeneration(Prompt, 1).Tokens[0].First.State);
        Assert.Contains("change weights", GenerationPage.Of(session.Origin(), session.EditedSide, text), StringComparison.Ordinal);
        Fails.With<InputException>("prompt is empty", () => session.ExplainGeneration("", 1));
    }

    [Fact]
    public void The_picture_frames_who_speaks_and_texts_stay_texts()
    {
        session.Teach(session.Tokenize([new(Prompt, "</svg><script>"), new("The capital of France is", "Rome")]), Plain);
        ExplainedGeneration text = session.ExplainGeneration(Prompt, 3);
        var edits = session.Edits().ToDictionary(edit => edit.Id);
        string svg = GenerationPicture.Of(text, edits);
        XElement picture = XElement.Parse(svg);
        XNamespace ns = picture.Name.Namespace;
        int spoken = text.Tokens.Count(token => token.First.State == FiringState.Answers);
        Assert.InRange(spoken, 1, 3);
        Assert.Equal(spoken, picture.Elements(ns + "rect").Count(rect => (string?)rect.Attribute("class") == "frame"));
        Assert.Equal(2 * 3, picture.Elements(ns + "rect").Count(rect => (double)rect.Attribute("width")! == 34)); // edits × tokens
        Assert.DoesNotContain("<script", svg, StringComparison.Ordinal);
        Assert.Contains("prefers-color-scheme: dark", svg, StringComparison.Ordinal);
        string page = GenerationPage.Of(session.Origin(), session.EditedSide, text);
        Assert.DoesNotMatch("<script|(?i)src=|href=", page);
        Assert.DoesNotContain("change weights", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_edits_there_is_nothing_to_draw_but_a_picture_all_the_same()
    {
        ExplainedGeneration text = session.ExplainGeneration(Prompt, 2);
        Assert.All(text.Tokens, token => Assert.Equal(FiringState.None, token.First.State));
        Assert.All(text.Tokens, token => Assert.Equal(token.ProbabilityBefore, token.ProbabilityAfter));
        string picture = GenerationPicture.Of(text, new Dictionary<long, Edit>());
        Assert.Contains("No edit sits beside the model.", picture, StringComparison.Ordinal);
    }
}
