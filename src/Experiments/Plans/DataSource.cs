using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;

namespace Sharpformer.Experiments.Plans;

/// <summary>Which facts an experiment edits, and what is asked beside them: files of a folder that whoever runs it names.</summary>
/// <param name="Name">Its name in reports.</param>
/// <param name="Files">Files of records, one after the other.</param>
public sealed record DataSource(string Name, IReadOnlyList<string> Files)
{
    /// <summary>How the edits' prompts end.</summary>
    public string AnswerTrigger { get; init; } = "";

    /// <summary>How questions of locality end; null as prompts do.</summary>
    public string? LocTrigger { get; init; }

    /// <summary>What ends the prompts of some files beside the trigger, by the file's name: sets in different words can be one.</summary>
    public IReadOnlyDictionary<string, string> Endings { get; init; } = new Dictionary<string, string>();

    /// <summary>Files among whose facts are those of other relations about edited subjects.</summary>
    public IReadOnlyList<string> SameSubject { get; init; } = [];

    /// <summary>A file of lines that nothing was edited about; null for none.</summary>
    public string? HeldOut { get; init; }

    /// <summary>Which part of the records is used.</summary>
    public RecordSplit? Split { get; init; }

    /// <summary>How prompts end.</summary>
    public Triggers Triggers => new(AnswerTrigger, LocTrigger ?? AnswerTrigger);
}
