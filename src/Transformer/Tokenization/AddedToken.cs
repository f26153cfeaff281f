namespace Sharpformer.Transformer.Tokenization;

/// <summary>A token that stands for its own text and is found in a text before it is cut into pieces.</summary>
/// <param name="File">The file that names it, for messages.</param>
/// <param name="Id">Its id; -1 as long as only its text is known.</param>
/// <param name="Text">Its text, at least one character.</param>
internal sealed record AddedToken(string File, int Id, string Text)
{
    /// <summary><c>lstrip</c>: white space before it belongs to it.</summary>
    public bool StripsLeft { get; init; }

    /// <summary><c>rstrip</c>: white space behind it belongs to it.</summary>
    public bool StripsRight { get; init; }

    /// <summary><c>single_word</c>: it is not found within or beside a word.</summary>
    public bool SingleWord { get; init; }

    /// <summary><c>normalized</c>: it is looked for only after those that are not.</summary>
    public bool Normalized { get; init; }

    /// <summary>Reads <c>{"content": …, "lstrip": …, "rstrip": …, "single_word": …, "normalized": …, "special": …}</c>.</summary>
    /// <param name="part">The object.</param>
    /// <param name="id">The token's id.</param>
    /// <param name="hasRole">Whether it is special because a role such as <c>eos_token</c> says so.</param>
    /// <exception cref="Tensors.InputException">The content is missing or empty, or a flag is none.</exception>
    public static AddedToken Read(JsonPart part, int id, bool hasRole = false)
    {
        JsonPart content = part.Need("content");
        bool special = part.Flag("special", false) || hasRole;
        return new AddedToken(
            part.File, id, content.AsText() is { Length: > 0 } text ? text : throw content.Unexpected("at least one character"))
        {
            StripsLeft = part.Flag("lstrip", false),
            StripsRight = part.Flag("rstrip", false),
            SingleWord = part.Flag("single_word", false),
            Normalized = part.Flag("normalized", !special),
        };
    }
}
