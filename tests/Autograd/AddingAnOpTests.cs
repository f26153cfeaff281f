namespace Sharpformer.Tests.Autograd;

public sealed class AddingAnOpTests
{
    [Fact]
    public void The_page_shows_the_code_of_the_sample()
    {
        string sample = File.ReadAllText(TestFiles.Sample("new-op.cs"));
        string[] parts = File.ReadAllText(TestFiles.Docs("adding-an-op.md")).Split("```csharp\n");
        Assert.True(parts.Length > 4, "The page has lost its code.");
        foreach (string part in parts[1..])
            Assert.Contains(part[..part.IndexOf("```", StringComparison.Ordinal)], sample, StringComparison.Ordinal);
    }
}
