using System.Globalization;
using Microsoft.Data.Sqlite;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>A temporary folder with a store in it, and edits to put there.</summary>
public sealed class StoreFolder : IDisposable
{
    public const int NEmbd = 7;
    public const int Layer = 4;

    public static readonly ModelFingerprint Model = new(new string('a', 64), new string('b', 64));

    public static readonly EditAuthor Author = new("ada", "0.0.1");

    public string Root { get; } = Directory.CreateTempSubdirectory("store-test-").FullName;

    public string File => Path.Combine(Root, "edits.db");

    public static StepClock NewClock() => new();

    public EditStore Open(TimeProvider? time = null, int nEmbd = NEmbd)
    {
        EditStore store = EditStore.Open(File, create: true, time ?? NewClock(), author: Author);
        store.Bind(Model, nEmbd);
        return store;
    }

    public EditStore OpenWith(int edits)
    {
        EditStore store = Open();
        for (int i = 1; i <= edits; i++) store.Add(Edit(i));
        return store;
    }

    /// <summary>Edit number <paramref name="i"/>: one to three target tokens, numbers that depend on i alone.</summary>
    public static Edit Edit(int i, int nEmbd = NEmbd)
    {
        int tokens = 1 + i % 3;
        var random = new Random(i);
        var neurons = new Neuron[tokens];
        int[] targets = Enumerable.Range(100 * i, tokens).ToArray();
        for (int t = 0; t < tokens; t++)
        {
            EpochLoss[] losses = i % 2 == 0
                ? []
                : [new(random.NextSingle(), random.NextSingle(), 0), new(random.NextSingle(), 1e-40f, float.NaN)];
            neurons[t] = new Neuron(targets[t], Numbers(random, nEmbd), Numbers(random, nEmbd), random.NextSingle() * 99, losses);
        }

        return new Edit
        {
            Request = new EditRequest($"Prompt {i} – «ü» 🦊", $" target {i}", i % 2 == 0 ? null : $"Subject {i}", $"facts.json#{i}"),
            PromptTokens = Enumerable.Range(i, 5).ToArray(),
            TargetTokens = targets,
            Settings = new IReVaSettings { Layer = Layer },
            Parts = IReVaParts.Parts(neurons),
            FinalLoss = IReVaParts.FinalLoss(neurons),
        };
    }

    /// <summary>Equal in every field and every bit.</summary>
    public static void Same(Edit expected, Edit actual)
    {
        Assert.Equal(
            expected with { Parts = [], PromptTokens = [], TargetTokens = [] },
            actual with { Parts = [], PromptTokens = [], TargetTokens = [] });
        Assert.Equal(expected.PromptTokens, actual.PromptTokens);
        Assert.Equal(expected.TargetTokens, actual.TargetTokens);
        Assert.Equal(expected.Parts.Select(part => part.Name), actual.Parts.Select(part => part.Name));
        foreach ((EditPart e, EditPart a) in expected.Parts.Zip(actual.Parts))
        {
            Assert.Equal(e.Shape, a.Shape);
            Assert.Equal(Bits(e.Values), Bits(a.Values));
        }
    }

    /// <summary>Edit number <paramref name="i"/> as a store has it that was given one after the other.</summary>
    public static Edit Stored(int i, DateTimeOffset createdAt, int nEmbd = NEmbd) =>
        Edit(i, nEmbd) with { Id = i, Batch = i, CreatedAt = createdAt };

    public static int[] Bits(IEnumerable<float> values) => values.Select(BitConverter.SingleToInt32Bits).ToArray();

    /// <summary>The message of the InputException that <paramref name="action"/> must throw, checked for form.</summary>
    public static string Refused(Action action)
    {
        string message = Assert.Throws<InputException>(action).Message;
        Assert.DoesNotContain('\n', message);
        Assert.DoesNotContain("Exception", message, StringComparison.Ordinal);
        return message;
    }

    /// <summary>Runs SQL on the store's file as another program would.</summary>
    public void Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        Execute(connection, sql);
    }

    /// <summary>What a query gives, row by row; NULL is null.</summary>
    public static List<object?[]> Rows(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // the tests' own text
        command.CommandText = sql;
#pragma warning restore CA2100
        using SqliteDataReader reader = command.ExecuteReader();
        List<object?[]> rows = [];
        while (reader.Read())
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetValue(i))]);
        return rows;
    }

    /// <summary>
    /// A copy of a store as a crash leaves it: <paramref name="before"/> edits in the file and as many transactions of one edit each as
    /// <paramref name="inLog"/> says in the log beside it.
    /// </summary>
    public string HotCopy(string name, int before, int inLog)
    {
        OpenWith(before).Dispose();
        string copy = Path.Combine(Root, name);
        using (EditStore store = Open())
        {
            // Whoever reads the file as it is keeps the log from being merged into it.
            using var reader = new SqliteConnection($"Data Source={File};Pooling=False");
            reader.Open();
            using SqliteTransaction reading = reader.BeginTransaction(deferred: true);
            Rows(reader, "SELECT count(*) FROM edits");
            for (int i = 1; i <= inLog; i++) store.Add(Edit(before + i));
            CopyShared(File, copy);
            CopyShared(File + "-wal", copy + "-wal");
        }

        return copy;
    }

    /// <summary>Copies a file that is open elsewhere.</summary>
    public static void CopyShared(string from, string to)
    {
        using FileStream source = new(from, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using FileStream target = System.IO.File.Create(to);
        source.CopyTo(target);
    }

    /// <summary>Makes all checksums right again, as a program that means to deceive would.</summary>
    public void Reseal()
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using var hash = new FieldHash();
        foreach (object?[] edit in Rows(connection, "SELECT * FROM edits"))
        {
            foreach (object?[] part in Rows(connection, $"SELECT name, shape, data FROM parts WHERE edit_id = {edit[0]} ORDER BY name"))
                hash.Text((string)part[0]!).Text((string)part[1]!).Blob((byte[])part[2]!);
            edit[12] = hash.Finish();
            hash.Integer((long)edit[0]!);
            for (int i = 1; i < 13; i++) Add(hash, edit[i]);
            Execute(connection, $"UPDATE edits SET parts_sum = '{edit[12]}', sum = '{hash.Finish()}' WHERE id = {edit[0]}");
        }

        foreach (object?[] identity in Rows(connection, "SELECT weights, tokenizer, n_embd, config FROM identity"))
            foreach (object? field in identity) Add(hash, field);
        string last = hash.Finish();
        long seq = 0;
        string events = "SELECT seq, edit_id, change, at, user, action, reason, version, detail FROM events ORDER BY seq";
        foreach (object?[] line in Rows(connection, events))
        {
            hash.Text(last);
            foreach (object? field in line) Add(hash, field);
            (seq, last) = ((long)line[0]!, hash.Finish());
            Execute(connection, $"UPDATE events SET sum = '{last}' WHERE seq = {seq}");
        }

        Execute(connection, $"UPDATE head SET seq = {seq}, sum = '{last}'");
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private static void Add(FieldHash hash, object? field) => _ = field switch
    {
        long integer => hash.Integer(integer),
        double real => hash.Real(real),
        _ => hash.Text((string?)field),
    };

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // the tests' own text
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private static float[] Numbers(Random random, int count) =>
        Enumerable.Range(0, count).Select(_ => (random.NextSingle() - 0.5f) * 40).ToArray();
}

/// <summary>A clock that moves on by 1.2345678 s each time it is asked.</summary>
public sealed class StepClock : TimeProvider
{
    private DateTimeOffset _now = DateTimeOffset.Parse("2024-02-29T23:59:58.1234567Z", CultureInfo.InvariantCulture);

    public override DateTimeOffset GetUtcNow() => _now += TimeSpan.FromTicks(12345678);
}
