using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;

namespace Sharpformer.Tests.Editing.Methods.IReVa;

/// <summary>Whose turn it is when an answer was withdrawn and another one taught.</summary>
public sealed class TurnsTests
{
    private const string Prompt = "The capital of France is";

    [Fact]
    public void Where_a_text_goes_on_as_a_withdrawn_answer_the_base_model_speaks()
    {
        var settings = new IReVaSettings { Layer = 4, Alpha = 1, Theta = 0.85f, IrrWeight = 0, AsPublished = false };
        using var session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 1 });
        session.UseMemory();
        Teach("Lucian Freud died in", "Bern");
        Teach(Prompt, "Rome and Oslo");
        session.Withdraw(2);
        Teach(Prompt, "Lima and Bern");
        string begun = Prompt + " Rome";
        float[] logits = session.NextTokenLogits(begun);
        Assert.All(logits, logit => Assert.True(float.IsFinite(logit)));
        Assert.Equal(session.Generate(new EditedModel(session.Model), begun, 4).Text, session.Generate(begun, 4).Text);
        Assert.Equal(" Lima and Bern", session.Generate(Prompt, 4).Text[..14]);
        Assert.NotEmpty(session.Explain(begun).Nearest);

        void Teach(string prompt, string target) => session.Teach(session.Tokenize([new EditRequest(prompt, target)]), settings);
    }
}
