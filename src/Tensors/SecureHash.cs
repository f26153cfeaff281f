using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Sharpformer.Tensors;

/// <summary>
/// SHA-256, by which models, edits and states are known. On Linux .NET computes it by OpenSSL, which small containers lack; then the
/// runtime ends the process, so it is looked for before.
/// </summary>
public static class SecureHash
{
    // The versions that .NET loads, newest first.
    private static readonly string[] OpenSsl =
        ["libssl.so.3", "libssl.so.1.1", "libssl.so.1.0.2", "libssl.so.1.0.0", "libssl.so.10", "libssl.so"];

    private static bool isThere;

    /// <summary>A new sum, of nothing yet.</summary>
    /// <exception cref="InputException">The machine has no OpenSSL.</exception>
    public static IncrementalHash Sha256()
    {
        CheckIsThere();
        return IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    }

    /// <summary>The sum of all that is written to a stream, in lower-case hex.</summary>
    /// <param name="write">Writes it.</param>
    /// <exception cref="InputException">The machine has no OpenSSL.</exception>
    public static string Sha256Of(Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        CheckIsThere();
        using var hash = SHA256.Create();
        using (var stream = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write)) write(stream);
        return Convert.ToHexStringLower(hash.Hash!);
    }

    /// <summary>The sum of a file's bytes, in lower-case hex.</summary>
    /// <exception cref="InputException">It cannot be read, or the machine has no OpenSSL.</exception>
    public static string Sha256OfFile(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return Sha256Of(file.CopyTo);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {FileErrors.Reason(e)}.", null, e);
        }
    }

    private static void CheckIsThere()
    {
        if (isThere) return;
        if (OperatingSystem.IsLinux() && !OpenSsl.Any(name => NativeLibrary.TryLoad(name, out _)))
            throw new InputException(
                "This machine has no OpenSSL, by which .NET computes checksums.", "install it, for example Debian's package libssl3.");
        isThere = true;
    }
}
