using System.Runtime.ExceptionServices;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Transformer.Training;

/// <summary>Makes tokens of documents, on all processors, and lines them up.</summary>
internal sealed class DocumentTokens(Tokenizer tokenizer, double bosShare, ulong seed)
{
    /// <summary>Documents that are tokenised side by side.</summary>
    public const int AtOnce = 512;

    private readonly Rng chances = new Rng(seed).Fork("documents that begin with BOS");
    private readonly int eos = tokenizer.EosId;

    /// <summary>All tokens so far.</summary>
    public List<int> Tokens { get; } = [];

    /// <summary>Where each document ends among them.</summary>
    public List<int> Ends { get; } = [];

    /// <summary>Adds documents.</summary>
    /// <exception cref="InputException">The tokenizer cannot read one, or there are too many tokens.</exception>
    public void Add(string[] documents)
    {
        var encoded = new int[documents.Length][];
        try
        {
            Parallel.For(0, documents.Length, i => encoded[i] = tokenizer.Encode(documents[i]));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }

        foreach (int[] ids in encoded)
        {
            if (Tokens.Count > Array.MaxLength - ids.Length - 2)
                throw new InputException($"The texts have more than {Array.MaxLength} tokens.", "train on parts, one after the other.");
            bool beginsWithBos = bosShare > 0 && chances.Fork((ulong)Ends.Count).NextDouble() < bosShare;
            if (beginsWithBos && (ids.Length == 0 || ids[0] != tokenizer.BosId)) Tokens.Add(tokenizer.BosId);
            Tokens.AddRange(ids);
            if (ids.Length == 0 || ids[^1] != eos) Tokens.Add(eos);
            Ends.Add(Tokens.Count);
        }
    }
}
