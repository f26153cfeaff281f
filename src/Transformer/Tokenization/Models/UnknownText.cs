using System.Text;

namespace Sharpformer.Transformer.Tokenization.Models;

/// <summary>What becomes of text that no token stands for.</summary>
internal static class UnknownText
{
    /// <summary>
    /// Adds the ids of tokens. Unknown ones in a row are together their bytes, where the vocabulary has all of them, or else one unknown
    /// token.
    /// </summary>
    /// <param name="piece">The text.</param>
    /// <param name="tokens">Its tokens in order, and where they stand.</param>
    /// <param name="unknown">The id of the unknown token.</param>
    /// <param name="byteIds">The ids of the bytes, -1 for those without; null where bytes have none.</param>
    /// <param name="ids">What they are added to.</param>
    public static void Add(string piece, IEnumerable<(int Id, int Start, int End)> tokens, int unknown, int[]? byteIds, List<int> ids)
    {
        (int from, int to) = (-1, 0); // the run of unknown text
        foreach ((int id, int start, int end) in tokens)
        {
            if (id == unknown)
            {
                if (from < 0) from = start;
                to = end;
                continue;
            }

            EndRun();
            ids.Add(id);
        }

        EndRun();

        void EndRun()
        {
            if (from < 0) return;
            if (byteIds is not null && Encoding.UTF8.GetBytes(piece[from..to]) is var bytes && bytes.All(b => byteIds[b] >= 0))
                foreach (byte b in bytes) ids.Add(byteIds[b]);
            else
                ids.Add(unknown);
            from = -1;
        }
    }
}
