using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Locating;

/// <summary>What it takes to search values at subjects and to solve for a matrix that gives them.</summary>
/// <param name="config">The model.</param>
/// <param name="search">How values are searched.</param>
/// <param name="templateLengths">Tokens of the texts that prompts are put behind, the empty one included.</param>
internal sealed class LocatingCosts(ModelConfig config, ValueSearchSettings search, IReadOnlyList<int> templateLengths)
{
    private const int IsA = 2; // tokens behind the subject

    private readonly ModelCosts model = new(config);

    /// <summary>Operations of searching one edit's value, all steps taken, and of reading its prompts before.</summary>
    public double Flops(TokenizedRequest request)
    {
        double tokens = Tokens(request), found = search.Steps * model.ThereAndBack(tokens, Blocks, Rows(request));
        return found + (tokens * (search.Layer + 1) * model.Block);
    }

    /// <summary>Operations of reading an edit's prompts up to a block.</summary>
    public double Reading(TokenizedRequest request, int layer) => Tokens(request) * (layer + 1) * model.Block;

    /// <summary>Bytes that the search holds for edits that go through the model together.</summary>
    /// <param name="requests">The edits.</param>
    /// <param name="most">No more tokens than this.</param>
    public double Memory(IReadOnlyList<TokenizedRequest> requests, double most)
    {
        double tokens = requests.Sum(Tokens), share = Math.Min(1, most / tokens);
        return model.Tape(tokens * share, Blocks, requests.Sum(Rows) * share);
    }

    /// <summary>Tokens that the model reads for an edit, each text as long as the longest.</summary>
    public double Tokens(TokenizedRequest request)
    {
        int prompt = request.Tokens.Input.Length + templateLengths.Max();
        return (templateLengths.Count + 1.0) * Math.Max(prompt, request.Subject.Length + IsA);
    }

    private int Blocks => (search.LossLayer ?? config.NLayer - 1) - search.Layer;

    private double Rows(TokenizedRequest request) => (templateLengths.Count * request.Tokens.Target.Length) + 1;

    /// <summary>Operations of factoring a matrix of m rows, and of solving for so many right-hand sides.</summary>
    public static double Solving(double m, double sides) => (m * m * m / 3) + (2 * m * m * sides);
}
