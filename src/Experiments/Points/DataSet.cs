using System.Security.Cryptography;
using System.Text;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics.Examination;
using Sharpformer.Experiments.Plans;
using Sharpformer.Tensors;

namespace Sharpformer.Experiments.Points;

/// <summary>The facts that are edited in a point, in the order in which they are taught, and those that are not.</summary>
/// <param name="Edits">The edits.</param>
/// <param name="Neighbours">Other facts of the same set; fewer than usual where it has no more.</param>
/// <param name="SameSubject">Facts of other relations about edited subjects.</param>
public sealed record DataSample(
    IReadOnlyList<EditRecord> Edits, IReadOnlyList<EditRecord> Neighbours, IReadOnlyList<EditRecord> SameSubject);

/// <summary>A data source with its files read.</summary>
public sealed class DataSet
{
    private const int MostNeighbours = 100, MostSameSubject = 200;

    private readonly EditRecord[] records, known;

    private DataSet(DataSource source, EditRecord[] records, EditRecord[] known, IReadOnlyList<string> heldOut, string hash) =>
        (Source, this.records, this.known, HeldOut, Hash) = (source, records, known, heldOut, hash);

    /// <summary>What was read.</summary>
    public DataSource Source { get; }

    /// <summary>SHA-256 over the files' bytes, lower-case hex.</summary>
    public string Hash { get; }

    /// <summary>How many edits there are to draw from.</summary>
    public int Count => records.Length;

    /// <summary>Lines that nothing was edited about.</summary>
    public IReadOnlyList<string> HeldOut { get; }

    /// <summary>Reads a source's files.</summary>
    /// <param name="source">The source.</param>
    /// <param name="folder">The folder that they are in.</param>
    /// <exception cref="InputException">One cannot be read, or no record is left.</exception>
    public static DataSet Load(DataSource source, string folder)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(folder);
        EditRecord[] records = [.. source.Files.SelectMany(Ended).DistinctBy(record => record.Prompt)];
        if (source.Split is { } split) records = [.. records.Where(split.Holds)];
        if (records.Length == 0) throw new InputException($"{folder}: data {source.Name} has no record in its part of the set.");
        EditRecord[] known = [.. source.SameSubject.SelectMany(file => EditRecord.Load(Path.Combine(folder, file)))];
        string? heldOut = source.HeldOut is { } text ? Path.Combine(folder, text) : null;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in source.Files.Concat(source.SameSubject).Select(file => Path.Combine(folder, file)).Append(heldOut!))
            if (file is not null) hash.AppendData(SHA256.HashData(Bytes(file)));
        string lines = heldOut is null ? "" : Encoding.UTF8.GetString(Bytes(heldOut)).ReplaceLineEndings("\n");
        return new DataSet(
            source, records, known, lines.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            Convert.ToHexStringLower(hash.GetHashAndReset()));

        IEnumerable<EditRecord> Ended(string file)
        {
            IReadOnlyList<EditRecord> read = EditRecord.Load(Path.Combine(folder, file));
            return source.Endings.TryGetValue(file, out string? ending) ? read.Select(record => record with
            {
                Prompt = record.Prompt + ending,
                Paraphrases = [.. record.Paraphrases.Select(other => other + ending)],
            }) : read;
        }
    }

    /// <summary>The records of a point: the first of all in the order that a seed gives, and others of its end.</summary>
    /// <param name="count">How many are edited.</param>
    /// <param name="seed">The seed.</param>
    /// <exception cref="InputException">There are not so many.</exception>
    public DataSample Draw(int count, ulong seed)
    {
        if (count > records.Length)
        {
            throw new InputException(
                $"Data {Source.Name} has {records.Length} records that ask different things, expected {count} edits at least.");
        }

        EditRecord[] order = [.. records];
        new Rng(seed).Shuffle<EditRecord>(order);
        EditRecord[] edits = order[..count];
        return new DataSample(
            edits, order[Math.Max(count, order.Length - MostNeighbours)..],
            ExaminationPlan.OfSameSubjects(known, edits, MostSameSubject));
    }

    private static byte[] Bytes(string file)
    {
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{file}: cannot be read: {FileErrors.Reason(e)}.", null, e);
        }
    }
}
