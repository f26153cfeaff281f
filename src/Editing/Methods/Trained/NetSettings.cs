namespace Sharpformer.Editing.Methods.Trained;

/// <summary>What methods have in common that need something to be trained before the first edit. It is no method itself.</summary>
public abstract record NetSettings : EditSettings
{
    /// <summary>Settings of a method.</summary>
    private protected NetSettings(string method) : base(method)
    {
    }

    /// <summary>
    /// SHA-256 of the file of the network that made the edit; null where none did, and before it is known which will.
    /// </summary>
    public string? Net { get; init; }

    /// <summary>Whether an edit needs a network that was trained.</summary>
    internal virtual bool NeedsNet => true;

    /// <summary>Whether a network with settings of its own can make edits with these.</summary>
    /// <param name="net">The network's, its own sum included.</param>
    internal virtual bool Takes(NetSettings net) => this == net;
}
