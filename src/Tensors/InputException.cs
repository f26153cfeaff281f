namespace Sharpformer.Tensors;

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
        : base(hint is null ? message : $"{message} Hint: {hint}", inner)
    {
    }
}
