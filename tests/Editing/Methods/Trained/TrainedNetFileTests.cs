using Sharpformer.Editing;
using Sharpformer.Editing.Methods.KnowledgeEditor;
using Sharpformer.Editing.Methods.Mend;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Tests.Editing.Methods.Trained;

/// <summary>A network's file: it comes back bit for bit, and what is not it is refused in a sentence.</summary>
public sealed class TrainedNetFileTests : MethodTests, IDisposable
{
    private static readonly MendSettings Small = new() { Layer = 5, Layers = 1, Rank = 4 };

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    private string Net => folder.File("net.safetensors");

    void IDisposable.Dispose()
    {
        folder.Dispose();
        Dispose();
    }

    [Fact]
    public void It_comes_back_bit_for_bit_with_its_settings_and_its_sum()
    {
        TrainedSettings settings = TinyNet.Write(Net, Small, Model);
        Assert.Equal(Small with { Net = SecureHash.Sha256OfFile(Net) }, settings);
        var one = (IEditorNet)TrainedNetFile.Open(Net, "mend", TinyNet.Bundled).Load(Model);
        TrainedNetFile.Write(folder.File("again"), one, TinyNet.Bundled, new Dictionary<string, string>());
        using SafeTensorsFile first = SafeTensorsFile.Open(Net), again = SafeTensorsFile.Open(folder.File("again"));
        foreach (string name in first.Names)
        {
            float[] values = new float[first.Info(name).Count], others = new float[first.Info(name).Count];
            first.ReadFloats(name, 0, values);
            again.ReadFloats(name, 0, others);
            Assert.Equal(values, others);
        }
    }

    [Fact]
    public void What_is_no_network_for_the_method_and_the_model_is_refused()
    {
        TinyNet.Write(Net, Small, Model, TinyNet.Bundled with { Weights = "0123" });
        Fails.With<InputException>("was trained for another model", () => TrainedNetFile.Open(Net, "mend", TinyNet.Bundled));
        Fails.With<InputException>("is a network of method mend, expected one of ke", () => TrainedNetFile.Open(Net, "ke", null));
        Fails.With<InputException>("there is no nowhere", () => TrainedNetFile.Open("nowhere", "mend", TinyNet.Bundled));
        Fails.With<InputException>(
            "'train-editor mend --model … --input RECORDS --output FILE'", () => TrainedNetFile.Open(null, "mend", TinyNet.Bundled));
        Fails.With<InputException>(
            "is no network that makes edits",
            () => TrainedNetFile.Open(Path.Combine(TestFiles.Model, "model.safetensors"), "mend", TinyNet.Bundled));
    }

    [Fact]
    public void A_damaged_file_is_refused_and_so_is_a_folder()
    {
        TinyNet.Write(Net, Small, Model);
        byte[] bytes = File.ReadAllBytes(Net);
        bytes[^5] ^= 1;
        File.WriteAllBytes(Net, bytes);
        TrainedNetFile damaged = TrainedNetFile.Open(Net, "mend", TinyNet.Bundled);
        Fails.With<InputException>("its numbers are not those that were written", () => damaged.Load(Model));
        Directory.CreateDirectory(folder.File("net"));
        Fails.With<InputException>("net is a folder", () => TrainedNetFile.Open(folder.File("net"), "mend", TinyNet.Bundled));
    }

    [Theory]
    [InlineData("mend")]
    [InlineData("untrained")]
    [InlineData("ke")]
    public void An_edit_consists_of_as_many_numbers_as_was_foretold(string variant)
    {
        TokenizedRequest request = Request(new("Mark Twain died in the city of", "the old Vienna"));
        TrainedSettings settings = variant switch
        {
            "ke" => TinyNet.Write(Net, new KeSettings { Layer = 5, Layers = 2, Condition = 4, Hidden = 2 }, Model),
            "mend" => TinyNet.Write(Net, Small with { Layers = 2 }, Model),
            _ => Small with { Layers = 2, IsUntrained = true },
        };
        IEditor editor = EditorCatalog.Named(settings.Method);
        var context = new TeachingContext { BosId = 0, EosId = 0, NetFile = Net, Model = TinyNet.Bundled };
        Edit edit = editor.Teach([request], new EditedModel(Model), settings, context)[0];
        Assert.Equal(editor.Costs([request], Model.Config, settings)!.Stored, edit.Parts.Sum(part => part.Values.Length));
    }

    [Fact]
    public void Tensors_that_are_not_those_of_the_settings_are_refused()
    {
        TinyNet.Write(Net, Small, Model);
        using (SafeTensorsFile file = SafeTensorsFile.Open(Net))
        {
            SafeTensorsWriter.Write(folder.File("wide"), [], new Dictionary<string, string>(file.Metadata));
        }

        TrainedNetFile wide = TrainedNetFile.Open(folder.File("wide"), "mend", TinyNet.Bundled);
        Fails.With<InputException>("has no tensor \"256x1024.0.u\" of [1280,4]", () => wide.Load(Model));
    }

    [Fact]
    public void An_edit_that_names_another_network_is_not_made()
    {
        TrainedSettings settings = TinyNet.Write(Net, Small, Model);
        var context = new TeachingContext
        {
            BosId = Tokens.BosId,
            EosId = Tokens.EosId,
            NetFile = Net,
            Model = TinyNet.Bundled,
        };
        TokenizedRequest request = Request(new("Mark Twain died in the city of", "Vienna"));
        Assert.Single(new MendEditor().Teach([request], new EditedModel(Model), settings, context));
        Fails.With<InputException>(
            "is another network than the one that the edits' settings name, whose SHA-256 begins with abc",
            () => new MendEditor().Teach([request], new EditedModel(Model), settings with { Net = "abc" }, Fresh()));

        TeachingContext Fresh() => new() { BosId = 0, EosId = 0, NetFile = Net, Model = TinyNet.Bundled };
    }
}
