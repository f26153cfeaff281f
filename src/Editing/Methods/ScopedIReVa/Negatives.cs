using System.Reflection;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Methods.ScopedIReVa;

/// <summary>
/// What else is asked about an edit's subject: the subject in the templates of other edits, and, where these are too few, in some that come
/// with the program. Which ones depends on the seed, the edit and the templates at hand alone.
/// </summary>
internal sealed class Negatives
{
    private static readonly SubjectTemplate[] Backgrounds = [.. Lines().Select(SubjectTemplate.Parse)];

    private readonly SubjectTemplate[] templates;
    private readonly Tokenizer tokenizer;
    private readonly int nPositions;
    private readonly Rng seeded;

    /// <summary>Gathers templates.</summary>
    /// <param name="templates">Those of all edits at hand, in a fixed order.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="nPositions">The model's positions: what is longer is passed over.</param>
    /// <param name="seed">Seeds every draw.</param>
    public Negatives(IEnumerable<SubjectTemplate> templates, Tokenizer tokenizer, int nPositions, ulong seed)
    {
        this.templates = [.. templates.Distinct()];
        (this.tokenizer, this.nPositions, seeded) = (tokenizer, nPositions, new Rng(seed));
    }

    /// <summary>The templates that come with the program.</summary>
    public static IReadOnlyList<SubjectTemplate> Shipped => Backgrounds;

    /// <summary>Tokens of prompts about a subject, in different templates and none in the edit's own.</summary>
    /// <param name="own">The edit's own.</param>
    /// <param name="subject">The subject as its prompt has it.</param>
    /// <param name="prompt">The edit's prompt: names the draw.</param>
    /// <param name="count">How many; fewer only if there are no more.</param>
    public int[][] About(SubjectTemplate own, string subject, string prompt, int count)
    {
        Rng rng = seeded.Fork(prompt);
        var drawn = new List<int[]>();
        Draw(templates);
        Draw([.. Backgrounds.Except(templates)]);
        return [.. drawn];

        void Draw(SubjectTemplate[] from)
        {
            var left = new SparseDeck(from.Length, rng);
            while (drawn.Count < count && left.Next() is { } i)
            {
                if (from[i] == own) continue;
                int[] tokens = tokenizer.Encode(from[i].About(subject));
                if (tokens.Length > 0 && tokens.Length <= nPositions) drawn.Add(tokens);
            }
        }
    }

    private static IEnumerable<string> Lines()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("scoped/background-templates")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
            if (line.Length > 0) yield return line;
    }

    /// <summary>The numbers below some number, each once, in random order; only those that were drawn take room.</summary>
    private sealed class SparseDeck(int count, Rng rng)
    {
        private readonly Dictionary<int, int> moved = [];
        private int left = count;

        /// <summary>One more; null once there is none.</summary>
        public int? Next()
        {
            if (left == 0) return null;
            int at = rng.NextInt(left), last = --left;
            int drawn = moved.GetValueOrDefault(at, at);
            moved[at] = moved.GetValueOrDefault(last, last);
            return drawn;
        }
    }
}
