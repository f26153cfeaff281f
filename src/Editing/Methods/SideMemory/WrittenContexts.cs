using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Methods.SideMemory;

/// <summary>
/// Short texts that the base model writes and that an edit's prompt is also taught behind, so that it is learnt for more than one place
/// in a text. They depend on the model and the seed alone.
/// </summary>
/// <param name="Texts">Each ends with a blank.</param>
internal sealed record WrittenContexts(IReadOnlyList<string> Texts)
{
    /// <summary>Tokens that a text has at most.</summary>
    public const int Longest = LongText + 1;

    private const int ShortText = 5, LongText = 10; // tokens behind the first word

    private static readonly string[] Words = ["I", "You", "Because", "Yes", "Q:"];

    /// <summary>The texts of a run.</summary>
    /// <param name="method">The method as messages call it.</param>
    /// <param name="model">The base model.</param>
    /// <param name="count">How many; half of them are short.</param>
    /// <param name="seed">Seeds what is drawn.</param>
    /// <param name="context">Keeps them for the run.</param>
    /// <exception cref="InputException">There is no tokenizer to write them with.</exception>
    public static WrittenContexts Of(string method, CausalLm model, int count, ulong seed, TeachingContext context) =>
        count == 0 ? new WrittenContexts([]) : context.Once(() =>
        {
            Tokenizer tokenizer = context.Tokenizer ?? throw new InputException(
                $"{method} puts texts before the prompts of edits, and there is no tokenizer for them.",
                "give the tokenizer, or teach with contexts=0.");
            int few = count / 2;
            Rng seeded = new Rng(seed).Fork("contexts");
            return new WrittenContexts([.. Written(count - few, ShortText, "short"), .. Written(few, LongText, "long")]);

            IEnumerable<string> Written(int texts, int length, string name)
            {
                string[] words = [.. Enumerable.Range(0, texts).Select(i => Words[i % Words.Length])];
                return PromptTemplates.Sample(model, tokenizer, words, length + 1, seeded.Fork(name), context).Texts.Skip(1)
                    .Select(text => text[..^2] + " "); // prompts go on in the same sentence: without the full stop
            }
        });

    /// <summary>An edit as it is taught: its own prompt first, then behind each text that leaves room for it.</summary>
    /// <param name="request">The fact.</param>
    /// <param name="tokenizer">The model's tokenizer; not asked for without texts.</param>
    /// <param name="nPositions">The model's positions.</param>
    public EditTokens[] Rows(TokenizedRequest request, Tokenizer? tokenizer, int nPositions) =>
    [
        request.Tokens,
        .. Texts.Select(text => request.Tokens with { Prompt = tokenizer!.Encode(text + request.Request.Prompt) })
            .Where(row => row.Input.Length <= nPositions),
    ];
}
