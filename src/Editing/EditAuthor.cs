using System.Reflection;

namespace Sharpformer.Editing;

/// <summary>Who changes a store and with which program: each event tells.</summary>
/// <param name="User">A name.</param>
/// <param name="Version">The program's version.</param>
public sealed record EditAuthor(string User, string Version)
{
    /// <summary>Whoever runs this program.</summary>
    public static EditAuthor Current { get; } = new(Environment.UserName, ProgramVersion());

    // Without the revision behind the plus sign: it differs from one build of a version to the next.
    private static string ProgramVersion() =>
        typeof(EditAuthor).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
