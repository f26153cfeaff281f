using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Sharpformer.Editing.Datasets;

/// <summary>
/// A part of a data set: what is chosen or learnt on one part can be reported on another. A record's part follows from its prompt, or its
/// relation, alone, so that it is in the same part of every file that has it.
/// </summary>
/// <param name="By">One of <see cref="Ways"/>: <c>fact</c>, or <c>relation</c>, where all facts of a relation are in the same part.</param>
/// <param name="Part">Its number from 1.</param>
/// <param name="Of">How many parts there are.</param>
public sealed record RecordSplit(string By, int Part, int Of)
{
    private const string ByRelation = "relation";

    /// <summary>What a set can be split by.</summary>
    public static IReadOnlyList<string> Ways { get; } = ["fact", ByRelation];

    /// <summary>Whether a record is in it.</summary>
    public bool Holds(EditRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        string by = By == ByRelation ? record.Relation ?? "" : record.Prompt;
        uint number = BinaryPrimitives.ReadUInt32LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(by)));
        return (number % (uint)Of) + 1 == Part;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{By} {Part}/{Of}";
}
