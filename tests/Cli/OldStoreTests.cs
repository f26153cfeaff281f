using System.Text.Json;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Cli;

/// <summary>What the last program of an older schema version said about a store, today's says too.</summary>
public sealed class OldStoreTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public void All_that_it_said_is_said_again(int version, bool migrated)
    {
        string original = TestFiles.Data(Path.Combine($"store-v{version}", "edits.db"));
        using JsonDocument said = JsonDocument.Parse(File.ReadAllText(TestFiles.Data(Path.Combine($"store-v{version}", "said.json"))));
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        string store = folder.File("edits.db");
        File.Copy(original, store);
        if (migrated) EditStore.Open(store).Dispose();
        byte[] before = File.ReadAllBytes(store);
        AssertSaid(said.RootElement.GetProperty("list"), CliRun.Json(["edits", "list", "--all", "--edits", store]));
        foreach (JsonElement edit in said.RootElement.GetProperty("show").EnumerateArray())
            AssertSaid(edit, CliRun.Json(["edits", "show", edit.GetProperty("id").ToString(), "--edits", store]));
        Assert.Equal(before, File.ReadAllBytes(store));
        Assert.Equal(!migrated, before.AsSpan().SequenceEqual(File.ReadAllBytes(original)));
    }

    /// <summary>Every field of the old answer is in the new one, with the very number or text.</summary>
    private static void AssertSaid(JsonElement expected, JsonElement actual)
    {
        if (expected.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in expected.EnumerateObject()) AssertSaid(property.Value, actual.GetProperty(property.Name));
        }
        else if (expected.ValueKind == JsonValueKind.Array)
        {
            Assert.Equal(expected.GetArrayLength(), actual.GetArrayLength());
            foreach ((JsonElement e, JsonElement a) in expected.EnumerateArray().Zip(actual.EnumerateArray())) AssertSaid(e, a);
        }
        else
        {
            Assert.True(JsonElement.DeepEquals(expected, actual), $"{expected} became {actual}");
        }
    }
}
