using System.Globalization;
using System.Text;

namespace Sharpformer.Transformer.Tokenization.Normalizers;

/// <summary>
/// The normalisation forms of Unicode (UAX #15). .NET has them from ICU, which this program does without: there a text would
/// silently stay as it is.
/// </summary>
internal static class UnicodeForm
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int Leads = 19, Vowels = 21, Tails = 28;

    private static readonly Lazy<Tables> Known = new(ReadTables);

    /// <summary>Brings a text without half surrogate pairs to a form.</summary>
    public static string Normalize(string text, NormalizationForm form)
    {
        if (Ascii.IsValid(text)) return text;
        bool isCompatible = form is NormalizationForm.FormKC or NormalizationForm.FormKD;
        var runes = new List<int>(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) Decompose(rune.Value, isCompatible, runes);
        Order(runes);
        if (form is NormalizationForm.FormC or NormalizationForm.FormKC) Compose(runes);
        var normal = new StringBuilder(text.Length);
        foreach (int rune in runes) normal.Add(new Rune(rune));
        return normal.ToString();
    }

    private static void Decompose(int rune, bool isCompatible, List<int> into)
    {
        if (rune is >= HangulBase and < HangulBase + (Leads * Vowels * Tails))
        {
            int index = rune - HangulBase;
            into.Add(LeadBase + (index / (Vowels * Tails)));
            into.Add(VowelBase + (index % (Vowels * Tails) / Tails));
            if (index % Tails > 0) into.Add(TailBase + (index % Tails));
        }
        else if (Known.Value.Canonical.TryGetValue(rune, out int[]? parts)
            || (isCompatible && Known.Value.Compatible.TryGetValue(rune, out parts)))
        {
            foreach (int part in parts) Decompose(part, isCompatible, into);
        }
        else
        {
            into.Add(rune);
        }
    }

    /// <summary>Marks between two characters of class 0 in the order of their classes, those of one class as they stood.</summary>
    private static void Order(List<int> runes)
    {
        for (int start = 0; start < runes.Count; start++)
        {
            if (ClassOf(runes[start]) == 0) continue;
            int end = start + 1;
            while (end < runes.Count && ClassOf(runes[end]) != 0) end++;
            int at = start;
            if (end > start + 1)
                foreach (int rune in runes[start..end].OrderBy(ClassOf).ToArray()) runes[at++] = rune;
            start = end;
        }
    }

    private static void Compose(List<int> runes)
    {
        int starter = -1, kept = 0, lastClass = 0;
        for (int i = 0; i < runes.Count; i++)
        {
            int rune = runes[i], own = ClassOf(rune);
            // Nothing between the two may have the same class, or a higher one, or be a starter.
            bool isNext = starter == kept - 1;
            if (starter >= 0 && (isNext || (lastClass < own && lastClass != 0)) && Pair(runes[starter], rune) is { } composed)
            {
                runes[starter] = composed;
                continue;
            }

            if (own == 0) starter = kept;
            lastClass = own;
            runes[kept++] = rune;
        }

        runes.RemoveRange(kept, runes.Count - kept);
    }

    private static int? Pair(int left, int right)
    {
        if (left is >= LeadBase and < LeadBase + Leads && right is >= VowelBase and < VowelBase + Vowels)
            return HangulBase + ((((left - LeadBase) * Vowels) + right - VowelBase) * Tails);
        if (left is >= HangulBase and < HangulBase + (Leads * Vowels * Tails) && (left - HangulBase) % Tails == 0
            && right is > TailBase and < TailBase + Tails)
            return left + right - TailBase;
        return Known.Value.Pairs.TryGetValue((left, right), out int composed) ? composed : null;
    }

    private static int ClassOf(int rune) => Known.Value.Classes.GetValueOrDefault(rune);

    private static Tables ReadTables()
    {
        using Stream stream = typeof(UnicodeForm).Assembly.GetManifestResourceStream(typeof(UnicodeForm), "decompositions.txt")!;
        using var reader = new StreamReader(stream);
        var tables = new Tables([], [], [], []);
        while (reader.ReadLine() is { } line)
        {
            if (line[0] == '#') continue;
            string[] words = line.Split(' ');
            int rune = Hex(words[0]);
            if (words.Length == 2)
            {
                tables.Classes.Add(rune, byte.Parse(words[1], CultureInfo.InvariantCulture));
                continue;
            }

            int[] parts = [.. words.Skip(2).Select(Hex)];
            (words[1] == "K" ? tables.Compatible : tables.Canonical).Add(rune, parts);
            if (words[1] == "C") tables.Pairs.Add((parts[0], parts[1]), rune);
        }

        return tables;

        static int Hex(string digits) => int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    private sealed record Tables(
        Dictionary<int, int[]> Canonical, Dictionary<int, int[]> Compatible, Dictionary<(int, int), int> Pairs,
        Dictionary<int, int> Classes);
}
