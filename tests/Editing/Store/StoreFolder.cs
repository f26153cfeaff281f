using System.Globalization;
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
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using Microsoft.Data.Sqlite.SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // the tests' own text
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private static float[] Numbers(Random random, int count) =>
        Enumerable.Range(0, count).Select(_ => (random.NextSingle() - 0.5f) * 40).ToArray();
}

/// <summary>A clock that moves on by 1.2345678 s each time it is asked.</summary>
public sealed class StepClock : TimeProvider
{
    private DateTimeOffset _now = DateTimeOffset.Parse("2024-02-29T23:59:58.1234567Z", CultureInfo.InvariantCulture);

    public override DateTimeOffset GetUtcNow() => _now += TimeSpan.FromTicks(12345678);
}
