using System.Text.Json;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Cli;

/// <summary>What the last program of schema version 1 said about a store, today's says too.</summary>
public sealed class StoreVersion1Tests
{
    private static readonly string Original = TestFiles.Data(Path.Combine("store-v1", "edits.db"));
    private static readonly JsonElement Said =
        JsonDocument.Parse(File.ReadAllText(TestFiles.Data(Path.Combine("store-v1", "said.json")))).RootElement;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void All_that_it_said_is_said_again(bool migrated)
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        string store = folder.File("edits.db");
        File.Copy(Original, store);
        if (migrated) EditStore.Open(store).Dispose();
        byte[] before = File.ReadAllBytes(store);
        AssertSaid(Said.GetProperty("list"), CliRun.Json(["edits", "list", "--all", "--edits", store]));
        foreach (JsonElement edit in Said.GetProperty("show").EnumerateArray())
            AssertSaid(edit, CliRun.Json(["edits", "show", edit.GetProperty("id").ToString(), "--edits", store]));
        Assert.Equal(before, File.ReadAllBytes(store));
        Assert.Equal(!migrated, before.AsSpan().SequenceEqual(File.ReadAllBytes(Original)));
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
