using System.Text;
using Sharpformer.Transformer.Tokenization.Normalizers;

namespace Sharpformer.Tests.Transformer.Tokenization.Normalizers;

/// <summary>Normalisation forms; the expectations are those of Python's unicodedata.</summary>
public class UnicodeFormTests
{
    [Theory]
    [InlineData("plain", "plain", "plain", "plain", "plain")]
    [InlineData("é", "é", "e\u0301", "é", "e\u0301")]
    [InlineData("e\u0301", "é", "e\u0301", "é", "e\u0301")]
    [InlineData("x\u0303\u0301\u0327", "x\u0327\u0303\u0301", "x\u0327\u0303\u0301", "x\u0327\u0303\u0301", "x\u0327\u0303\u0301")]
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323", "\u017F\u0323\u0307", "\u1E69", "s\u0323\u0307")]
    [InlineData("\u212B\u2126", "ÅΩ", "A\u030AΩ", "ÅΩ", "A\u030AΩ")]
    [InlineData("가각", "가각", "\u1100\u1161\u1100\u1161\u11A8", "가각", "\u1100\u1161\u1100\u1161\u11A8")]
    [InlineData("\u1100\u1161\u11A8", "각", "\u1100\u1161\u11A8", "각", "\u1100\u1161\u11A8")]
    [InlineData("ﬁ①Ａｶﾞ", "ﬁ①Ａｶﾞ", "ﬁ①Ａｶﾞ", "fi1Aガ", "fi1Aカ\u3099")]
    [InlineData("\u0958", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165", "\U0001D157\U0001D165", "\U0001D157\U0001D165", "\U0001D157\U0001D165")]
    [InlineData("\u0301a", "\u0301a", "\u0301a", "\u0301a", "\u0301a")]
    public void Each_form_is_that_of_the_standard(string text, string c, string d, string kc, string kd)
    {
        Assert.Equal(c, UnicodeForm.Normalize(text, NormalizationForm.FormC));
        Assert.Equal(d, UnicodeForm.Normalize(text, NormalizationForm.FormD));
        Assert.Equal(kc, UnicodeForm.Normalize(text, NormalizationForm.FormKC));
        Assert.Equal(kd, UnicodeForm.Normalize(text, NormalizationForm.FormKD));
    }

    [Fact]
    public void A_form_stays_itself_and_all_forms_mean_the_same()
    {
        for (int seed = 0; seed < 1000; seed++)
        {
            string text = RandomText.Create(seed), d = UnicodeForm.Normalize(text, NormalizationForm.FormD);
            string c = UnicodeForm.Normalize(text, NormalizationForm.FormC);
            Assert.Equal(c, UnicodeForm.Normalize(c, NormalizationForm.FormC));
            Assert.Equal(c, UnicodeForm.Normalize(d, NormalizationForm.FormC));
            Assert.Equal(d, UnicodeForm.Normalize(c, NormalizationForm.FormD));
        }
    }

    [Fact]
    public void Many_marks_in_a_row_are_no_trouble()
    {
        string text = "a" + string.Concat(Enumerable.Repeat("\u0301\u0327", 100_000));
        Assert.Equal(text.Length, UnicodeForm.Normalize(text, NormalizationForm.FormD).Length);
    }
}
