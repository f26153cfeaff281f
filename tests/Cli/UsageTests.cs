using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Cli;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Cli;

/// <summary>Help, wrong usage, and what becomes of errors.</summary>
public sealed class UsageTests
{
    [Fact]
    public void Help_lists_the_nouns_and_two_examples()
    {
        CliRun run = CliRun.Of("--help");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        foreach (string noun in (string[])["generate", "edits", "evaluate", "model"])
            Assert.Contains($"\n  {noun} ", run.Out, StringComparison.Ordinal);
        string examples = run.Out[run.Out.IndexOf("Examples:", StringComparison.Ordinal)..];
        Assert.Equal(2, examples.Split('\n').Count(line => line.StartsWith("  sharpformer ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Version_is_a_number()
    {
        CliRun run = CliRun.Of("--version");
        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", run.Out);
    }

    [Fact]
    public void Every_command_and_option_is_described_in_a_sentence()
    {
        foreach (Command command in Program.Commands().Subcommands.SelectMany(All))
        {
            Assert.EndsWith(".", command.Description, StringComparison.Ordinal);
            foreach (Option option in command.Options) Assert.Matches(@"[.\]]$", option.Description);
            foreach (Argument argument in command.Arguments) Assert.EndsWith(".", argument.Description, StringComparison.Ordinal);
        }

        static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);
    }

    [Theory]
    [InlineData("", "expected one of ")]
    [InlineData("edits", "expected one of add, list, show")]
    [InlineData("edit list", "'edit' is no command of 'sharpformer'")]
    [InlineData("edits lsit --edits E", "'lsit' is no command of 'sharpformer edits'")]
    [InlineData("edits list", "--edits")]
    [InlineData("edits list --edits", "--edits")]
    [InlineData("edits list --edits A --edits B", "--edits is given 2 times, expected once.")]
    [InlineData("model info --model M", "the folder is named without it, as in 'sharpformer model info DIR'.")]
    [InlineData("edits list --edits E extra", "'extra'")]
    [InlineData("edits list --edits E --some", "no option '--some'")]
    [InlineData("edits show --edits E", "ID")]
    [InlineData("edits show one --edits E", "ID is 'one'")]
    [InlineData("edits withdraw 0 --edits E", "ID is '0'")]
    [InlineData("generate --model M", "--prompt")]
    [InlineData("generate --model M --prompt P --temperature -1", "--temperature is '-1'")]
    [InlineData("generate --model M --prompt P --temperature 1e99", "--temperature is '1e99'")]
    [InlineData("generate --model M --prompt P --top-p 0", "--top-p is '0'")]
    [InlineData("generate --model M --prompt P --max-new-tokens 1.5", "--max-new-tokens is '1.5'")]
    [InlineData("generate --model M --prompt P --seed -1", "--seed is '-1'")]
    [InlineData("generate --model M --prompt P --threads -1", "--threads is '-1'")]
    [InlineData("generate --model M --prompt P --device abacus", "--device is 'abacus'")]
    [InlineData("generate --model M --prompt P --gpu-gemm fp8", "--gpu-gemm is 'fp8', expected one of f32, tf32, bf16, cublas")]
    [InlineData("edits add --model M --edits E", "Nothing to teach")]
    [InlineData("edits add --model", "--model is missing its DIR")]
    [InlineData("generate --model M --prompt P --max-new-tokens 99999999999", "expected a whole number from 0 to 2147483647")]
    [InlineData("edits add --model M --edits E --limit 3", "--limit needs --input")]
    [InlineData("edits add --model M --edits E --prompt P", "--target is missing")]
    [InlineData("edits add --model M --edits E --target T", "--prompt is missing")]
    [InlineData("edits add --model M --edits E --prompt P --target T --input F", "--prompt and --input exclude each other")]
    [InlineData("edits add --model M --edits E --subject S --input F", "--subject and --input exclude each other")]
    [InlineData("edits add --model M --edits E --input F --limit 0", "--limit is '0', expected 1 or more")]
    [InlineData("edits add --model M --edits E --prompt P --target T --theta 0", "--theta is '0'")]
    [InlineData("edits add --model M --edits E --prompt P --target T --theta 1", "--theta is '1'")]
    [InlineData("edits add --model M --edits E --prompt P --target T --theta nan", "--theta is 'nan'")]
    [InlineData("edits add --model M --edits E --prompt P --target T --alpha 0", "--alpha is '0'")]
    [InlineData("edits add --model M --edits E --prompt P --target T --alpha Infinity", "--alpha is 'Infinity'")]
    [InlineData("edits add --model M --edits E --prompt P --target T --layer -1", "--layer is '-1'")]
    [InlineData("edits add --model M --edits E --prompt P --target T --epochs 0", "or use --no-retrofit")]
    [InlineData("edits add --model M --edits E --prompt P --target T --learning-rate 0", "--learning-rate is '0'")]
    [InlineData("edits add --model M --edits E --prompt P --target T --learning-rate 0,5", "--learning-rate is '0,5'")]
    [InlineData("edits add --model M --edits E --prompt P --target T --rec-weight -1", "--rec-weight is '-1'")]
    [InlineData("edits add --model M --edits E --prompt P --target T --irr-weight -1", "--irr-weight is '-1'")]
    [InlineData("edits add --model M --edits E --prompt P --target T --weight-decay -1", "--weight-decay is '-1'")]
    [InlineData("edits add --model M --edits E --prompt P --target T --label-smoothing 1", "--label-smoothing is '1'")]
    [InlineData("evaluate edits --model M --input F --neighbours-limit 3", "needs --neighbours")]
    [InlineData("evaluate full --model M --input F --neighbours-limit 3", "needs --neighbours")]
    [InlineData("evaluate perplexity --model M", "--text")]
    [InlineData("evaluate perplexity --model M --text F --window 1", "--window is '1', expected 2 or more")]
    [InlineData("evaluate perplexity --model M --text F --stride 0", "--stride is '0', expected 1 or more")]
    [InlineData("evaluate perplexity --model M --text F --limit 1", "--limit is '1', expected 2 or more")]
    [InlineData("model tokenize --model M", "either --text or --input")]
    [InlineData("model tokenize --model M --text T --input F", "either --text or --input")]
    [InlineData("model logits --model M", "either --prompt or --tokens")]
    [InlineData("model logits --model M --prompt P --tokens 1", "either --prompt or --tokens")]
    [InlineData("model logits --model M --tokens 1,x", "'x' as number 2")]
    [InlineData("bench --stored 100", "--stored is '100', expected a whole number from 101")]
    [InlineData("bench --edits 0", "--edits is '0'")]
    [InlineData("bench --seconds nan", "--seconds is 'nan'")]
    [InlineData("model random", "--output")]
    [InlineData("model random --output O --shape gpt3", "--shape is 'gpt3', expected one of distilgpt2, gpt2, gpt2-medium, "
        + "gpt2-large, gpt2-xl, gpt-neo-125m, gpt-neo-1.3b, gpt-neo-2.7b, gpt-j-6b")]
    [InlineData("model random --output O --dtype f64", "--dtype is 'f64'")]
    [InlineData("model random --output O --layers 0", "--layers is '0'")]
    public void Wrong_usage_is_told_in_one_line_and_a_hint(string line, string said)
    {
        CliRun run = CliRun.Of(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal((2, ""), (run.ExitCode, run.Out));
        string[] lines = run.Error.TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("error: ", lines[0], StringComparison.Ordinal);
        Assert.Contains(said, lines[0], StringComparison.Ordinal);
        Assert.Matches("^Try 'sharpformer.* --help'.$", lines[1]);
    }

    [Fact]
    public void A_blank_path_is_wrong_usage()
    {
        CliRun run = CliRun.Of("edits", "list", "--edits", " ");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--edits is blank", run.Error, StringComparison.Ordinal);
        Assert.Contains("DIR is blank", CliRun.Of("model", "info", "").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Words_that_nobody_can_hear_do_not_end_the_work()
    {
        using var output = new StringWriter();
        using var broken = new BrokenWriter();
        Assert.Equal(2, Program.Run(["nonsense"], output, broken));
        Assert.Equal(1, Program.Run(["model", "info", "/no/such/folder"], output, broken));
        using var error = new StringWriter();
        Assert.Equal(1, Program.Run(["--version"], broken, error));
        Assert.StartsWith("error: The result could not be written", error.ToString(), StringComparison.Ordinal);
    }

    private sealed class BrokenWriter : StringWriter
    {
        public override void Write(char value) => throw new IOException("No space left on device", 28);

        public override void Write(char[] buffer, int index, int count) => throw new IOException("No space left on device", 28);

        public override void Write(string? value) => throw new IOException("No space left on device", 28);

        public override void WriteLine(string? value) => throw new IOException("No space left on device", 28);
    }

    [Fact]
    public void An_unexpected_error_is_one_line_that_names_the_trace_variable()
    {
        CliRun run = Throwing(new InvalidOperationException("first\nsecond"));
        Assert.Equal((1, ""), (run.ExitCode, run.Out));
        Assert.Equal(
            "error: This should not have happened (InvalidOperationException): the program has a bug. "
                + "Hint: set SHARPFORMER_TRACE=1 for all that is known of it.\n",
            run.Error);
    }

    [Fact]
    public void A_user_error_shows_its_sentence_only()
    {
        Assert.Equal(new CliRun(1, "", "error: It is wrong. Hint: mend it.\n"), Throwing(new InputException("It is wrong.", "mend it.")));
    }

    [Fact]
    public void A_closed_pipe_ends_quietly_and_a_full_disk_does_not()
    {
        Assert.Equal(new CliRun(0, "", ""), Throwing(new IOException("Broken pipe", 32)));
        CliRun full = Throwing(new IOException("No space left on device", 28));
        Assert.Equal(new CliRun(1, "", "error: The result could not be written: the disk is full.\n"), full);
    }

    [Fact]
    public void Numbers_that_are_not_finite_are_null_in_json() =>
        Assert.Equal(
            "{\"a\":null,\"b\":[null,1.5],\"c\":null}",
            JsonText.Of(new JsonObject
            {
                ["a"] = double.NaN,
                ["b"] = new JsonArray(float.PositiveInfinity, 1.5f),
                ["c"] = (double?)double.NegativeInfinity,
            }));

    [Theory]
    [InlineData(0.035567999999999995, "0.035568")] // 1.7784 seconds of processor time over 50 neurons
    [InlineData(55.00000000000001, "55")]
    [InlineData(-0.30000000000000004, "-0.3")]
    [InlineData(1 / 3d, "0.3333333333333333")] // reads back as it was
    [InlineData(9.3426343843609043, "9.342634384360904")]
    [InlineData(-1e-300, "-1E-300")]
    [InlineData(0, "0")]
    [InlineData(double.MaxValue, "1.7976931348623157E+308")]
    public void Numbers_have_no_rounding_noise_in_json(double value, string written) =>
        Assert.Equal($"{{\"a\":{written}}}", JsonText.Of(new JsonObject { ["a"] = value }));

    [Fact]
    public void Every_case_in_a_record_is_a_word_in_json()
    {
        Type[] cases =
        [
            .. typeof(CliJson).GetProperties().Select(one => one.PropertyType).Where(type => type.IsGenericType)
                .Select(type => type.GetGenericArguments()[0]).Where(type => type.IsEnum),
        ];
        Assert.NotEmpty(cases);
        foreach (Type type in cases)
        {
            object first = Enum.GetValues(type).GetValue(0)!;
            string word = JsonNamingPolicy.CamelCase.ConvertName(first.ToString()!);
            Assert.Equal($"\"{word}\"", JsonSerializer.Serialize(first, JsonText.Options.GetTypeInfo(type)));
        }
    }

    private static CliRun Throwing(Exception e)
    {
        var command = new RootCommand();
        command.SetAction(int (ParseResult _) => throw e);
        using StringWriter output = new(), error = new();
        return new CliRun(Runner.Run(command, [], output, error), output.ToString(), error.ToString());
    }
}
