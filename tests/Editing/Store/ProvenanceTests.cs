using System.Text.Json;
using Sharpformer.Editing;
using Sharpformer.Editing.Exchange;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>What a file said of a fact stays with its edit, in a store and on the way to another.</summary>
public sealed class ProvenanceTests : IDisposable
{
    private readonly StoreFolder folder = new();

    private static readonly EditRequest Fact = new("a", "b", null, "s")
    {
        Paraphrases = ["p"],
        Provenance = Provenance.Of([("owner", "Ann"), ("reason", "ticket 3 Ü"), ("", "no name"), ("none", null), ("owner", "Bob")]),
    };

    public void Dispose() => folder.Dispose();

    [Fact]
    public void It_is_stored_with_the_request_and_guarded_by_its_checksum()
    {
        Assert.Equal([("owner", "Ann"), ("reason", "ticket 3 Ü"), ("", "no name")], Fact.Provenance);
        Assert.NotEqual(Fact, Fact with { Provenance = Provenance.None });
        EditRequest bare = Fact with { Paraphrases = [] };
        using (EditStore store = folder.Open())
        {
            foreach (EditRequest fact in (EditRequest[])[Fact, bare, Fact with { Provenance = Provenance.None }])
                store.Add(StoreFolder.Edit(1) with { Request = fact });
        }

        using EditStore again = EditStore.Open(folder.File, readOnly: true);
        Assert.Equal([Fact, bare, Fact with { Provenance = Provenance.None }], again.List(
            withParts: false, includeRemoved: false).Select(edit => edit.Request));
        EditRequest half = Fact with { Provenance = Provenance.Of([("owner", "\ud800")]) };
        using EditStore memory = EditStore.InMemory();
        memory.Bind(StoreFolder.Model, StoreFolder.NEmbd);
        Fails.With<InputException>("half a surrogate pair", () => memory.Add(StoreFolder.Edit(1) with { Request = half }));
    }

    [Fact]
    public void It_goes_along_in_JSON_Lines_and_nothing_is_written_where_there_is_none()
    {
        string path = Path.Combine(folder.Root, "e.jsonl"), other = Path.Combine(folder.Root, "other.db");
        using (EditStore store = folder.Open())
        {
            store.Add(StoreFolder.Edit(1) with { Request = Fact });
            store.Add(StoreFolder.Edit(2));
            using StreamWriter writer = File.CreateText(path);
            EditLines.Write(writer, store);
        }

        string[] lines = File.ReadAllLines(path);
        Assert.Contains("\"provenance\":{\"owner\":\"Ann\",", lines[1], StringComparison.Ordinal);
        Assert.DoesNotContain("provenance", lines[2], StringComparison.Ordinal);
        EditLines.Import(path, other);
        using (EditStore store = EditStore.Open(other, readOnly: true)) Assert.Equal(Fact, store.Get(1).Request);
        File.WriteAllText(path, File.ReadAllText(path).Replace("Ann", "Eve", StringComparison.Ordinal));
        Fails.With<InputException>("line 2", () => EditLines.Import(path, Path.Combine(folder.Root, "third.db")));
    }

    [Fact]
    public void A_null_among_its_texts_is_refused() =>
        Assert.Throws<JsonException>(() => Provenance.Of(new Dictionary<string, string> { ["owner"] = null! }));
}
