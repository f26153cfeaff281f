using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Cli;

/// <summary>Stores for commands that need no model: their edits were made by nobody.</summary>
internal static class StoreFiles
{
    public const int NEmbd = 5;

    public static readonly ModelFingerprint Model = new(new string('a', 64), new string('b', 64));

    /// <summary>Makes a store with facts, the n-th with the prompt token n unless <paramref name="promptToken"/> says otherwise.</summary>
    public static string Make(string path, IEnumerable<EditRequest> facts, Func<int, int>? promptToken = null)
    {
        using EditStore store = Open(path);
        int i = 0;
        foreach (EditRequest fact in facts)
        {
            i++;
            store.Add(Edit(fact, promptToken?.Invoke(i) ?? i, i));
        }

        return path;
    }

    /// <summary>Makes a store without edits.</summary>
    public static EditStore Open(string path)
    {
        EditStore store = EditStore.Open(path, create: true, author: new EditAuthor("ada", "0.0.1"));
        store.Bind(Model, NEmbd);
        return store;
    }

    /// <summary>An edit of one neuron.</summary>
    public static Edit Edit(EditRequest fact, int promptToken, int targetToken)
    {
        float[] numbers = [.. Enumerable.Range(0, NEmbd).Select(c => c + (promptToken / 3f))];
        return new Edit
        {
            Request = fact,
            PromptTokens = [promptToken],
            TargetTokens = [targetToken],
            Settings = new IReVaSettings { Layer = 1 },
            Parts = IReVaParts.Parts([new Neuron(targetToken, numbers, numbers, 1, [])]),
        };
    }
}
