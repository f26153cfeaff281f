namespace Sharpformer.Editing;

/// <summary>What it means for a method to take one edit back while others stay.</summary>
public enum Reversal
{
    /// <summary>The model is, bit for bit, what it would be had the edit never been applied.</summary>
    Exact,

    /// <summary>The edit's own term disappears; later edits keep what they learnt in its presence.</summary>
    TermDropped,

    /// <summary>Edits of one batch are one solution, which is computed again without the edit; the others stay in force.</summary>
    Batch,

    /// <summary>Edits of one batch share one change, which is in force as a whole or not at all.</summary>
    WholeBatch,
}
