namespace Sharpformer.Transformer.Training;

/// <summary>Where one document ends and the next begins. In plain text <c>&lt;|endoftext|&gt;</c> ends one in any case.</summary>
public enum DocumentSplit
{
    /// <summary>A file is one document.</summary>
    File,

    /// <summary>Blank lines stand between documents.</summary>
    Paragraph,

    /// <summary>Each line is a document.</summary>
    Line,

    /// <summary>Each line is a JSON object, whose <c>text</c> is a document. So are files named <c>.jsonl</c>, whatever is said.</summary>
    Jsonl,
}
