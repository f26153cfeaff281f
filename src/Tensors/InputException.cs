namespace Sharpformer.Tensors;

/// <summary>What went wrong, for a program that has to decide what comes next.</summary>
public enum ErrorKind
{
    /// <summary>What was given cannot be used; it has to be mended.</summary>
    Input,

    /// <summary>Another process has what is needed, or the disk is full; the same may work later.</summary>
    Busy,

    /// <summary>Somebody asked to stop.</summary>
    Interrupted,

    /// <summary>The accelerator is gone or refuses to go on.</summary>
    DeviceLost,
}

/// <summary>
/// Something the user gave (a file, a record, an option) cannot be used. The message is the whole story in one
/// sentence: what, where, expected, got. Front ends print it without a stack trace.
/// </summary>
public sealed class InputException : Exception
{
    /// <summary>Creates the error from its sentence and, where there is one, a hint how to mend it.</summary>
    /// <param name="message">What is wrong, where, what was expected and what was found.</param>
    /// <param name="hint">How to mend it; appended as "Hint: …".</param>
    /// <param name="inner">The error that revealed it.</param>
    public InputException(string message, string? hint = null, Exception? inner = null)
        : base(hint is null ? message : $"{message} Hint: {hint}", inner) => (Sentence, Hint) = (message, hint);

    /// <summary>What is wrong, without the hint.</summary>
    public string Sentence { get; }

    /// <summary>How to mend it; null where there is no hint.</summary>
    public string? Hint { get; }

    /// <summary>What kind of error it is.</summary>
    public ErrorKind Kind { get; init; }
}
