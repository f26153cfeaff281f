using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Editing.Store;

public sealed class EditStoreTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_edit_comes_back_bit_for_bit()
    {
        float[] odd = [-0f, float.Epsilon, -float.Epsilon, float.MaxValue, float.MinValue, 0.1f, 3f];
        Edit edit = StoreFolder.Edit(1) with
        {
            Request = new EditRequest("Zürich\0 «x»\n🦊 '); DROP TABLE edits;--", "", null, "") { Paraphrases = ["", "«\"\0🦊"] },
            PromptTokens = [int.MaxValue, 0],
            TargetTokens = [0],
            Settings = new IReVaSettings
            {
                Layer = StoreFolder.Layer,
                Theta = -0f,
                Alpha = 0.1f,
                Retrofit = false,
                Epochs = int.MaxValue,
                LearningRate = float.Epsilon,
                Beta1 = MathF.BitDecrement(1),
                Beta2 = 3f,
                Epsilon = 1e-8f,
                WeightDecay = float.MaxValue,
                RecWeight = 0.3f,
                IrrWeight = 0.7f,
                LabelSmoothing = 1e-30f,
                Seed = ulong.MaxValue,
            },
            Parts = IReVaParts.Parts([new Neuron(0, odd, [.. odd.Reverse()], -0f, [new(float.NaN, float.PositiveInfinity, -0f)])]),
            FinalLoss = double.Epsilon,
        };
        Edit added;
        using (EditStore store = _folder.Open()) added = store.Add(edit);
        using EditStore again = EditStore.Open(_folder.File);
        Edit read = again.Get(1);
        StoreFolder.Same(added, read);
        StoreFolder.Same(edit with { Id = 1, Batch = 1, CreatedAt = StoreFolder.NewClock().GetUtcNow() }, read);
        Assert.Equal(BitConverter.SingleToInt32Bits(-0f), BitConverter.SingleToInt32Bits(IReVaSettings.Of(read).Theta));
        Assert.Equal(TimeSpan.Zero, read.CreatedAt.Offset);
    }

    [Fact]
    public void Times_are_kept_to_the_tick_as_utc_text()
    {
        using (EditStore store = _folder.OpenWith(1)) store.Withdraw(1);
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={_folder.File};Pooling=False");
        connection.Open();
        using Microsoft.Data.Sqlite.SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT group_concat(at, ' ') FROM (SELECT at FROM events ORDER BY seq)";
        Assert.Equal("2024-02-29T23:59:59.3580245Z 2024-03-01T00:00:00.5925923Z", command.ExecuteScalar());
    }

    [Fact]
    public void Edits_are_listed_in_order_of_id()
    {
        using EditStore store = _folder.OpenWith(12);
        store.Remove(3);
        store.Remove(12);
        store.Withdraw(5);
        IReadOnlyList<Edit> kept = store.List(withParts: true, includeRemoved: false);
        Assert.Equal([1, 2, 4, 5, 6, 7, 8, 9, 10, 11], kept.Select(e => e.Id));
        foreach (Edit edit in kept)
        {
            StoreFolder.Same(
                StoreFolder.Stored((int)edit.Id, edit.CreatedAt), edit with { Status = EditStatus.Active, WithdrawnAt = null });
        }

        IReadOnlyList<Edit> all = store.List(withParts: true, includeRemoved: true);
        Assert.Equal(12, all.Count);
        foreach (Edit edit in all) StoreFolder.Same(store.Get(edit.Id), edit);
        Assert.All(store.List(withParts: false, includeRemoved: true), e => Assert.Empty(e.Parts));
    }

    [Fact]
    public void An_empty_store_lists_nothing()
    {
        using EditStore store = EditStore.Open(_folder.File, create: true);
        Assert.Null(store.Identity);
        Assert.Empty(store.List(withParts: true, includeRemoved: true));
        Assert.Null(store.Find("x", [1]));
        Assert.Equal(default, store.Count());
        Assert.Contains("no edit 1: it is empty", StoreFolder.Refused(() => store.Get(1)), StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => store.Add(StoreFolder.Edit(1)));
    }

    [Fact]
    public void Withdraw_restore_and_remove_change_status_and_times_only()
    {
        using EditStore store = _folder.OpenWith(3);
        Edit born = store.Get(2);
        store.Withdraw(2);
        Edit withdrawn = store.Get(2);
        Assert.Equal(EditStatus.Withdrawn, withdrawn.Status);
        StoreFolder.Same(born with { Status = EditStatus.Withdrawn, WithdrawnAt = withdrawn.WithdrawnAt }, withdrawn);
        Assert.True(withdrawn.WithdrawnAt > born.CreatedAt);
        store.Restore(2);
        StoreFolder.Same(born, store.Get(2));

        store.Withdraw(2);
        store.Remove(2);
        Edit removed = store.Get(2);
        Assert.Equal(EditStatus.Removed, removed.Status);
        Assert.True(removed.RemovedAt > removed.WithdrawnAt);
        StoreFolder.Same(
            born with { Status = EditStatus.Removed, WithdrawnAt = removed.WithdrawnAt, RemovedAt = removed.RemovedAt, Parts = [] },
            removed);
        StoreFolder.Same(StoreFolder.Stored(3, store.Get(3).CreatedAt), store.Get(3));
    }

    [Fact]
    public void Changes_that_the_status_forbids_are_refused_and_change_nothing()
    {
        using EditStore store = _folder.OpenWith(2);
        Assert.Contains("Edit 1 cannot be restored: it is active", StoreFolder.Refused(() => store.Restore(1)), StringComparison.Ordinal);
        store.Withdraw(1);
        Edit before = store.Get(1);
        Assert.Contains(
            "Edit 1 cannot be withdrawn: it is withdrawn (since 2024-", StoreFolder.Refused(() => store.Withdraw(1)),
            StringComparison.Ordinal);
        StoreFolder.Same(before, store.Get(1));
        store.Remove(1);
        before = store.Get(1);
        foreach (Action action in new Action[] { () => store.Withdraw(1), () => store.Restore(1), () => store.Remove(1) })
            Assert.Contains("it is removed (since 2024-", StoreFolder.Refused(action), StringComparison.Ordinal);
        StoreFolder.Same(before, store.Get(1));
        Action[] unknown = [() => store.Withdraw(9), () => store.Restore(-1), () => store.Remove(0), () => store.Get(3)];
        foreach (Action action in unknown)
            Assert.Contains("its edits are 1 to 2", StoreFolder.Refused(action), StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_are_never_given_twice()
    {
        using (EditStore store = _folder.OpenWith(3)) store.Remove(3);
        using EditStore again = _folder.Open();
        Assert.Equal(4, again.Add(StoreFolder.Edit(3)).Id);
    }

    [Fact]
    public void Find_wants_the_same_prompt_and_the_same_tokens_and_skips_removed_edits()
    {
        using EditStore store = _folder.OpenWith(3);
        Edit second = store.Add(StoreFolder.Edit(2));
        Edit wanted = StoreFolder.Edit(2);
        StoreFolder.Same(store.Get(2), store.Find(wanted.Request.Prompt, wanted.TargetTokens)!);
        store.Withdraw(2);
        Assert.Equal(2, store.Find(wanted.Request.Prompt, wanted.TargetTokens)!.Id);
        store.Remove(2);
        Assert.Equal(second.Id, store.Find(wanted.Request.Prompt, wanted.TargetTokens)!.Id);
        Assert.Null(store.Find(wanted.Request.Prompt, [.. wanted.TargetTokens, 7]));
        Assert.Null(store.Find(wanted.Request.Prompt + " ", wanted.TargetTokens));
    }

    [Fact]
    public void Two_processes_that_add_the_same_fact_once_store_one()
    {
        using EditStore first = _folder.Open(), second = _folder.Open();
        Edit other = StoreFolder.Edit(6), fact = StoreFolder.Edit(5);
        Edit again = fact with { Settings = new IReVaSettings { Layer = StoreFolder.Layer, Theta = 0.5f } };
        TaughtEdit stored = first.AddOnce([fact]).Single();
        Assert.True(stored.IsNew);
        IReadOnlyList<TaughtEdit> both = second.AddOnce([again, other]);
        Assert.Equal([false, true], both.Select(taught => taught.IsNew));
        StoreFolder.Same(stored.Edit, both[0].Edit);
        Assert.Equal(2, first.List(withParts: false, includeRemoved: true).Count);
        first.Remove(stored.Edit.Id);
        Assert.Equal((3, true), (second.AddOnce([fact]).Single() is var (edit, isNew) ? (edit.Id, isNew) : default));
    }

    [Fact]
    public void Of_edits_that_are_stored_together_one_that_does_not_fit_keeps_all_out()
    {
        using EditStore store = _folder.Open();
        Edit damaged = StoreFolder.Edit(2) with { Parts = [] };
        Assert.ThrowsAny<ArgumentException>(() => store.AddOnce([StoreFolder.Edit(1), damaged]));
        Assert.Empty(store.List(withParts: false, includeRemoved: true));
    }

    [Fact]
    public void Counts_follow_the_changes()
    {
        using EditStore store = _folder.OpenWith(4); // 2 + 3 + 1 + 2 target tokens
        store.Withdraw(1);
        store.Remove(2);
        Assert.Equal(new EditCounts(Active: 2, Withdrawn: 1, Removed: 1, TargetTokens: 5), store.Count());
    }

    [Fact]
    public void Edits_that_do_not_fit_are_refused_and_leave_nothing()
    {
        using EditStore store = _folder.OpenWith(1);
        Edit edit = StoreFolder.Edit(3);
        Neuron neuron = IReVaParts.Neurons(edit)[0];
        foreach (Edit wrong in new[]
        {
            edit with { Parts = [] },
            edit with { Parts = IReVaParts.Parts([neuron, neuron]) },
            edit with { TargetTokens = [], Parts = [] },
            edit with { PromptTokens = [] },
            edit with { TargetTokens = [1, 2] },
            edit with { Parts = IReVaParts.Parts([neuron with { Key = new float[6] }]) },
            edit with { Parts = IReVaParts.Parts([neuron with { Value = new float[8] }]) },
            edit with { Parts = [.. edit.Parts, new EditPart("more", [0], [])] },
            edit with { Parts = [.. edit.Parts, edit.Parts[0]] },
            edit with { Parts = [.. edit.Parts.Skip(1), edit.Parts[0] with { Name = "a b" }] },
            edit with { Parts = [.. edit.Parts.Skip(1), edit.Parts[0] with { Values = new float[8] }] },
            edit with { FinalLoss = double.NaN },
        })
        {
            Assert.Throws<ArgumentException>(() => store.Add(wrong));
        }

        float[] broken = [0, 0, float.NaN, 0, 0, 0, 0];
        Edit brokenKey = edit with { Parts = IReVaParts.Parts([neuron with { Key = broken }]) };
        Edit brokenValue = edit with { Parts = IReVaParts.Parts([neuron with { Value = broken }]) };
        Assert.Contains("key[2] of row 0 is NaN", StoreFolder.Refused(() => store.Add(brokenKey)), StringComparison.Ordinal);
        Assert.Contains("value[2] of row 0 is NaN", StoreFolder.Refused(() => store.Add(brokenValue)), StringComparison.Ordinal);
        StoreFolder.Refused(() => store.Add(edit with { Parts = IReVaParts.Parts([neuron with { Threshold = float.NegativeInfinity }]) }));
        StoreFolder.Refused(() => store.Add(edit with { Settings = IReVaSettings.Of(edit) with { LearningRate = float.NaN } }));
        Edit halfParaphrase = edit with { Request = edit.Request with { Paraphrases = ["x", "\ud800"] } };
        Assert.Contains(
            "the paraphrase is no valid text", StoreFolder.Refused(() => store.Add(halfParaphrase)), StringComparison.Ordinal);
        Edit halfPrompt = edit with { Request = new EditRequest("x\ud800", "y") };
        Assert.Contains("half a surrogate pair", StoreFolder.Refused(() => store.Add(halfPrompt)), StringComparison.Ordinal);
        Assert.Contains("half a surrogate pair", StoreFolder.Refused(() => store.Add(edit, reason: "\ud800")), StringComparison.Ordinal);
        string refused = StoreFolder.Refused(() => store.Add(edit with { Settings = new IReVaSettings { Layer = 5 } }));
        Assert.Contains("holds edits of block 4, asked for is block 5", refused, StringComparison.Ordinal);
        Edit otherHalf = edit with { Request = new EditRequest("\udc00x", "y") };
        Assert.Contains("half a surrogate pair", StoreFolder.Refused(() => store.Add(otherHalf)), StringComparison.Ordinal);
        Assert.Single(store.List(withParts: false, includeRemoved: true));
        Assert.Equal(2, store.Add(edit).Id);
    }

    [Fact]
    public void A_store_stays_with_its_model_width_and_block()
    {
        using (EditStore store = _folder.OpenWith(1))
            Assert.Equal(new StoreIdentity(StoreFolder.Model, StoreFolder.NEmbd), store.Identity);
        using EditStore again = EditStore.Open(_folder.File);
        Assert.Equal(new StoreIdentity(StoreFolder.Model, StoreFolder.NEmbd), again.Identity);
        again.Bind(StoreFolder.Model, StoreFolder.NEmbd, new IReVaSettings { Layer = StoreFolder.Layer });

        var other = new ModelFingerprint(new string('c', 64), new string('b', 64));
        string message = StoreFolder.Refused(() => again.Bind(other, StoreFolder.NEmbd));
        foreach (string part in new[] { "aaaaaaaaaaaa (", "cccccccccccc (", new string('a', 64), new string('c', 64), "Hint:" })
            Assert.Contains(part, message, StringComparison.Ordinal);
        message = StoreFolder.Refused(() => again.Bind(StoreFolder.Model with { Tokenizer = new string('d', 64) }, StoreFolder.NEmbd));
        Assert.Contains("tokenizer", message, StringComparison.Ordinal);
        Assert.Contains(new string('d', 64), message, StringComparison.Ordinal);
        message = StoreFolder.Refused(() => again.Bind(StoreFolder.Model, 8));
        Assert.Contains("keys of 7 numbers, this model's n_embd is 8", message, StringComparison.Ordinal);
        message = StoreFolder.Refused(() => again.Bind(StoreFolder.Model, StoreFolder.NEmbd, new IReVaSettings { Layer = 3 }));
        Assert.Contains("block 4, asked for is block 3", message, StringComparison.Ordinal);
        Assert.Equal(StoreFolder.Model, again.Identity!.Model);
    }

    [Fact]
    public void A_store_stays_with_its_configuration_where_that_is_known()
    {
        const string Config = """{"activation":"gelu","n_head":8}""";
        using (EditStore store = EditStore.Open(_folder.File, create: true))
        {
            store.Bind(StoreFolder.Model, StoreFolder.NEmbd, config: Config);
            store.Add(StoreFolder.Edit(1));
        }

        using (EditStore store = EditStore.Open(_folder.File, readOnly: true))
        {
            Assert.Equal(new StoreIdentity(StoreFolder.Model, StoreFolder.NEmbd, Config), store.Identity);
            store.Bind(StoreFolder.Model, StoreFolder.NEmbd, config: Config);
            store.Bind(StoreFolder.Model, StoreFolder.NEmbd);
            Refused("n_head was 8, this model's is 4", """{"activation":"gelu","n_head":4}""");
            store.Bind(StoreFolder.Model, StoreFolder.NEmbd, config: """{"activation":"gelu"}"""); // another version says less,
            store.Bind(StoreFolder.Model, StoreFolder.NEmbd, config: """{"activation":"gelu","n_head":8,"scale":true}"""); // or more
            Refused("this model's is nonsense", "nonsense");

            void Refused(string expected, string config) => Assert.Contains(
                expected, StoreFolder.Refused(() => store.Bind(StoreFolder.Model, StoreFolder.NEmbd, config: config)),
                StringComparison.Ordinal);
        }

        using var without = new StoreFolder();
        without.OpenWith(1).Dispose();
        using EditStore old = EditStore.Open(without.File);
        old.Bind(StoreFolder.Model, StoreFolder.NEmbd, config: Config);
        Assert.Null(old.Identity!.Config);
    }

    [Fact]
    public void Same_changes_at_the_same_times_give_the_same_bytes()
    {
        using var other = new StoreFolder();
        Build(_folder);
        Build(other);
        Assert.Equal(["edits.db"], Directory.GetFiles(_folder.Root).Select(Path.GetFileName));
        Assert.Equal(File.ReadAllBytes(_folder.File), File.ReadAllBytes(other.File));

        static void Build(StoreFolder folder)
        {
            using (EditStore store = folder.Open(nEmbd: 257)) // long enough for overflow pages, often enough for a checkpoint
            {
                for (int i = 1; i <= 150; i++) store.Add(StoreFolder.Edit(i, 257));
                for (int i = 1; i <= 150; i += 3) store.Remove(i);
                store.Withdraw(2);
                store.Restore(2);
                store.AddOnce([StoreFolder.Edit(200, 257)], "newer", [[3, 5]]);
                store.Undo();
            }

            using EditStore again = folder.Open(nEmbd: 257);
            again.Add(StoreFolder.Edit(151, 257));
        }
    }

    [Fact]
    public void After_dispose_one_file_is_left_and_the_store_is_shut()
    {
        EditStore store = _folder.OpenWith(2);
        store.Dispose();
        store.Dispose();
        Assert.Throws<ObjectDisposedException>(() => store.Count());
        Assert.Throws<ObjectDisposedException>(() => store.Add(StoreFolder.Edit(1)));
        Assert.Equal(["edits.db"], Directory.GetFiles(_folder.Root).Select(Path.GetFileName));
        File.Delete(_folder.File);
    }
}
