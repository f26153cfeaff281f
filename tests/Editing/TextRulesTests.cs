using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Editing;

public class TextRulesTests
{
    private static readonly Tokenizer Tokens = Tokenizer.Load(TestFiles.Model);

    [Theory]
    [InlineData("painter", " painter")]
    [InlineData(" painter", " painter")]
    [InlineData("painter ", " painter")]
    [InlineData("\npainter\t", " painter")]
    [InlineData(", of course", ", of course")]
    [InlineData(") and more", ") and more")]
    [InlineData("…", "…")]
    [InlineData("\"Autumn\"", " \"Autumn\"")]
    [InlineData("(see there)", " (see there)")]
    [InlineData("'t Hooft", " 't Hooft")]
    [InlineData("«Осень»", " «Осень»")]
    [InlineData("7", " 7")]
    [InlineData("$5", " $5")]
    [InlineData("-5", " -5")]
    [InlineData("-er", "-er")]
    [InlineData("& Sons", " & Sons")]
    [InlineData("/or", "/or")]
    [InlineData("*", "*")]
    [InlineData("Осень", " Осень")]
    [InlineData("서울", " 서울")]
    [InlineData("北京", "北京")]
    [InlineData("𠀋", "𠀋")]
    [InlineData("「北京」", "「北京」")]
    [InlineData("とうきょう", "とうきょう")]
    [InlineData("トーキョー", "トーキョー")]
    [InlineData("กรุงเทพ", "กรุงเทพ")]
    [InlineData("ວຽງຈັນ", "ວຽງຈັນ")]
    [InlineData("ភ្នំពេញ", "ភ្នំពេញ")]
    [InlineData("နေပြည်တော်", "နေပြည်တော်")]
    public void A_target_gets_one_blank_where_one_would_write_one(string target, string continuation)
    {
        Assert.Equal(continuation, TextRules.Default.Continuation(target));
        Assert.Equal(target.Trim(), TextRules.Default.Target(target));
    }

    [Theory]
    [InlineData("painter ", " painter ")]
    [InlineData("\npainter", "\npainter")]
    [InlineData("\u3000painter", "\u3000painter")]
    public void Spaces_that_are_kept_are_kept(string target, string continuation)
    {
        TextRules rules = TextRules.Default with { KeepsSpaces = true };
        Assert.Equal(continuation, rules.Continuation(target));
        Assert.Equal("works as ", rules.Prompt("works as "));
    }

    [Fact]
    public void No_leading_space_means_none_and_the_published_rule_always_sets_one()
    {
        TextRules never = TextRules.Default with { LeadingSpace = LeadingSpace.Never };
        Assert.Equal("painter", never.Continuation(" painter"));
        Assert.Equal(" painter", (never with { KeepsSpaces = true }).Continuation(" painter"));
        Assert.Equal(" 北京", TextRules.Published.Continuation("北京"));
        Assert.Equal(" ), starting on", TextRules.Published.Continuation("), starting on"));
        Assert.Equal(" x ", TextRules.Published.Continuation(" x "));
    }

    [Theory]
    [InlineData("Mirela Tost works as ", null, "Mirela Tost works as")]
    [InlineData(" indented\u00A0\r\n", null, " indented")]
    [InlineData("{} works as", "Mirela Tost", "Mirela Tost works as")]
    [InlineData("{} and {}", "{}", "{} and {}")]
    [InlineData("no place", "Mirela Tost", "no place")]
    public void A_prompt_is_filled_and_trimmed_at_its_end(string prompt, string? subject, string expected) =>
        Assert.Equal(expected, TextRules.Default.Prompt(prompt, subject));

    [Theory]
    [InlineData(null)]
    [InlineData("  ")]
    public void A_place_for_a_subject_without_one_is_refused(string? subject)
    {
        var record = new EditRecord { Prompt = "{} works as", Target = "painter", Subject = subject };
        string expected = "The prompt \"{} works as\" holds {}, and there is no subject to fill it. Hint: give the subject: by --subject, "
            + "or in the record's field \"subject\".";
        Assert.Equal(expected, Assert.Throws<InputException>(() => Of(record.ToRequest(""))).Message);
        Assert.Equal(expected, Assert.Throws<InputException>(() => record.EditPrompt("")).Message);
    }

    [Fact]
    public void A_record_is_asked_as_it_is_taught()
    {
        var record = new EditRecord { Prompt = "{} works as", Paraphrases = ["The job of {} is"], Target = " painter ", Subject = "Ann" };
        TokenizedRequest taught = Of(record.ToRequest(" A: "));
        Assert.Equal(("Ann works as A:", "painter"), (taught.Request.Prompt, taught.Request.Target));
        Assert.Equal(taught.Request.Prompt, record.EditPrompt(" A: "));
        Assert.Equal(["The job of Ann is A:"], record.ParaphrasePrompts(" A: "));
        Assert.Equal(Tokens.Encode(" painter"), taught.Tokens.Target);
    }

    [Theory]
    [InlineData("works as", "painter", false)]
    [InlineData("works as", " painter", false)] // comes back with the leading space
    [InlineData("works as ", "painter", true)]
    [InlineData("works as", "painter ", true)]
    [InlineData("works as", "  painter", true)]
    [InlineData("works as", " , painter", true)]
    public void What_is_changed_is_told(string prompt, string target, bool isTold)
    {
        var request = new EditRequest(prompt, target);
        Assert.Equal(isTold ? request : null, Of(request).Asked);
        TextRules keeping = TextRules.Default with { KeepsSpaces = true };
        Assert.Null(TokenizedRequest.Of(Tokens, request, 128, keeping).Asked);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData(" ", "blank")]
    [InlineData("\n\t", "blank")]
    public void A_prompt_of_blanks_is_refused_whether_spaces_are_kept_or_not(string prompt, string what)
    {
        var keeping = new TextRules { KeepsSpaces = true };
        var error = Assert.Throws<InputException>(() => TokenizedRequest.Of(Tokens, new EditRequest(prompt, "x"), 128, keeping));
        Assert.Equal($"The prompt is {what}, expected a text that the target continues.", error.Message);
        Assert.Throws<InputException>(() => Of(new EditRequest(prompt, "x")));
        Assert.Throws<InputException>(() => Of(new EditRequest("x", prompt)));
    }

    [Theory]
    [InlineData("zsre")]
    [InlineData("pararel")]
    [InlineData("counterfact")]
    public void Published_data_sets_keep_their_tokens(string set)
    {
        foreach (EditRecord record in EditRecord.Load(TestFiles.Facts(set)))
        {
            Assert.Equal(record.Prompt + " Answer:", record.EditPrompt(" Answer:"));
            Assert.Equal(" " + record.Target, TextRules.Default.Continuation(record.Target));
        }
    }

    private static TokenizedRequest Of(EditRequest request) => TokenizedRequest.Of(Tokens, request, 128);
}
