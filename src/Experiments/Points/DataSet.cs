using System.Security.Cryptography;
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
    /// <inheritdoc cref="Load(IEnumerable{DataSource}, string)"/>
    public static DataSet Load(DataSource source, string folder) => Load([source], folder)[0];

    /// <summary>Reads the files of sources, those that several name once.</summary>
    /// <param name="sources">The sources.</param>
    /// <param name="folder">The folder that they are in.</param>
    /// <exception cref="InputException">One cannot be read, or no record is left.</exception>
    public static IReadOnlyList<DataSet> Load(IEnumerable<DataSource> sources, string folder)
    {
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(folder);
        var files = new DataFiles(folder);
        return [.. sources.Select(source => Of(source, files))];
    }

    private static DataSet Of(DataSource source, DataFiles files)
    {
        EditRecord[] records = [.. source.Files.SelectMany(Ended).DistinctBy(record => record.Prompt)];
        if (source.Split is { } split) records = [.. records.Where(split.Holds)];
        if (records.Length == 0) throw new InputException($"{files.Folder}: data {source.Name} has no record in its part of the set.");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string[] heldOut = source.HeldOut is { } text ? [text] : [];
        foreach (string file in source.Files.Concat(source.SameSubject).Concat(heldOut)) hash.AppendData(files.Hash(file));
        return new DataSet(
            source, records, [.. source.SameSubject.SelectMany(files.Records)], [.. heldOut.SelectMany(files.Lines)],
            Convert.ToHexStringLower(hash.GetHashAndReset()));

        IEnumerable<EditRecord> Ended(string file) => source.Endings.TryGetValue(file, out string? ending)
            ? files.Records(file).Select(record => record with
            {
                Prompt = record.Prompt + ending,
                Paraphrases = [.. record.Paraphrases.Select(other => other + ending)],
            })
            : files.Records(file);
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
}
