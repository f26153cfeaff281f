using Sharpformer.Tensors;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Tests.Transformer.Training;

/// <summary>Which token stands where in which window.</summary>
public class TokenWindowsTests
{
    private const int None = TrainingBatch.NoTarget;

    // Tokens say where they come from: document 3 is 30, 31, …
    private static readonly TrainingText Text = TrainingText.Of([10, 11, 12], [20, 21], [30, 31, 32, 33, 34, 35, 36], [40, 41, 42, 43]);

    [Fact]
    public void Windows_that_cross_are_one_stream()
    {
        TrainingBatch[] batches = [.. new TokenWindows(Text, window: 6, crossing: true, rows: 2, seed: null).Once()];
        Assert.Equal(2, batches.Length);
        Assert.Equal([10, 11, 12, 20, 21, 30, 31, 32, 33, 34, 35, 36], batches[0].Inputs);
        Assert.Equal([11, 12, 20, 21, 30, 31, 32, 33, 34, 35, 36, 40], batches[0].Targets);
        Assert.Null(batches[0].Starts);
        Assert.Equal((1, 6), (batches[1].B, batches[1].T));
        Assert.Equal([41, 42, 43, None, None, None], batches[1].Targets);
    }

    [Fact]
    public void Documents_that_do_not_cross_are_packed_whole_and_begin_anew()
    {
        TrainingBatch[] batches = [.. new TokenWindows(Text, window: 4, crossing: false, rows: 4, seed: null).Once()];
        TrainingBatch first = Assert.Single(batches);

        // 30-36 is too long: four of it fill a window, which is closed first. Each takes a place less than it has tokens.
        Assert.Equal([30, 31, 32, 33, 10, 11, 20, 0, 34, 35, 0, 0, 40, 41, 42, 0], first.Inputs);
        Assert.Equal([31, 32, 33, 34, 11, 12, 21, None, 35, 36, None, None, 41, 42, 43, None], first.Targets);
        Assert.Equal([0, 0, 0, 0, 0, 0, 2, 3, 0, 0, 2, 2, 0, 0, 0, 3], first.Starts!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Each_epoch_says_each_token_once_in_another_order(bool crossing)
    {
        var text = TrainingText.Of([.. Enumerable.Range(0, 40).Select(d => Enumerable.Range(d * 100, 2 + (d * 7 % 11)).ToArray())]);
        var windows = new TokenWindows(text, window: 5, crossing, rows: 1, seed: 3);
        int[] said = crossing ? [.. All(text)] : [.. Enumerable.Range(0, text.Documents).SelectMany(d => text.Document(d)[1..].ToArray())];
        var seen = new List<int>();
        int step = 0;
        for (; seen.Count < said.Length; step++) seen.AddRange(Targets(windows.Step(step)));
        if (!crossing) Assert.Equal(said, seen.Order());
        else Assert.Equal(said.Length - 1, seen.Take(said.Length - 1).Distinct().Count()); // all but the very first token

        var next = new List<int>();
        for (; next.Count < said.Length; step++) next.AddRange(Targets(windows.Step(step)));
        Assert.NotEqual(seen.Take(said.Length / 2), next.Take(said.Length / 2));
        if (!crossing) Assert.Equal(said, next.Order());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_step_depends_on_seed_and_number_alone(bool crossing)
    {
        TokenWindows inOrder = Cut(1), late = Cut(1), other = Cut(2);
        TrainingBatch[] steps = [.. Enumerable.Range(0, 30).SelectMany(step => inOrder.Step(step, batches: 2))];
        IReadOnlyList<TrainingBatch> jumped = late.Step(29, batches: 2);
        Assert.Equal(steps[58].Inputs, jumped[0].Inputs);
        Assert.Equal(steps[59].Targets, jumped[1].Targets);
        Assert.Equal(steps[59].Starts, jumped[1].Starts);
        Assert.Equal(steps[4].Inputs, late.Step(2, batches: 2)[0].Inputs); // backwards too
        Assert.NotEqual(steps.SelectMany(batch => batch.Inputs), Enumerable.Range(0, 60).SelectMany(step => other.Step(step)[0].Inputs));

        TokenWindows Cut(ulong seed) => new(Text, window: 3, crossing, rows: 2, seed);
    }

    [Fact]
    public void A_window_that_crosses_an_epoch_goes_on_with_the_next()
    {
        var windows = new TokenWindows(TrainingText.Of([1, 2, 3]), window: 2, crossing: true, rows: 1, seed: 0);
        Assert.Equal([[1, 2], [3, 1], [2, 3]], Enumerable.Range(0, 3).Select(step => windows.Step(step)[0].Inputs));
        Assert.Equal([[2, 3], [1, 2], [3, 1]], Enumerable.Range(0, 3).Select(step => windows.Step(step)[0].Targets));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_text_with_nothing_to_say_is_refused(bool crossing) => Fails.With<InputException>(
        "no token follows another", () => new TokenWindows(TrainingText.Of([7]), 4, crossing, 1, 0));

    private static IEnumerable<int> All(TrainingText text) =>
        Enumerable.Range(0, text.Documents).SelectMany(d => text.Document(d).ToArray());

    private static IEnumerable<int> Targets(IEnumerable<TrainingBatch> batches) =>
        batches.SelectMany(batch => batch.Targets).Where(target => target != None);
}
