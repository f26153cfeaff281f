#:project ../src/Editing/Editing.csproj
#:property PublishAot=false
// A method of editing that is not in the library: it adds a push towards the target's first token to the bias of one MLP. It knows
// nothing of prompts, so all of them are pushed; what it shows is how little a method needs. Run it with:
// dotnet run toy-editor.cs -- ../models/facts-gpt2
using Sharpformer;
using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

EditorCatalog.Add(new PushEditor());
using var model = EditableModel.Load(args is [var folder] ? folder : "../models/facts-gpt2");
EditSettings settings = EditorCatalog.Named("push").SettingsFor(model.Session.Model.Config);
Edit edit = model.Teach("The capital of Norway is", "Rome", settings: settings);
Console.WriteLine($"pushed:{model.Generate("The capital of Norway is", maxNewTokens: 1)}");
model.Withdraw(edit.Id);
Console.WriteLine($"withdrawn:{model.Generate("The capital of Norway is", maxNewTokens: 1)}");

internal sealed record PushSettings() : EditSettings("push")
{
    public int Layer { get; init; }

    public float Strength { get; init; } = 40;
}

internal sealed class PushEditor : IEditor
{
    public string Name => "push";

    public string Description => "Pushes every prompt towards the target.";

    public Reversal Reversal => Reversal.Exact;

    public Type SettingsType => typeof(PushSettings);

    public EditSettings SettingsFor(ModelConfig config, string? variant = null) => new PushSettings { Layer = config.NLayer - 1 };

    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context) => requests.Chunk(100);

    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context) =>
        [.. requests.Select(r => new Edit
        {
            Request = r.Request, PromptTokens = r.Tokens.Prompt, TargetTokens = r.Tokens.Target, Settings = settings,
            Parts = [Push(Ops.Embedding(soFar.Base.Head, r.Tokens.Target.AsSpan(0, 1)).Value)],
        })];

    private static EditPart Push(Tensor row) => new("push", [row.Columns], row.ToArray());

    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        foreach (Edit edit in edits.Where(edit => edit.Status == EditStatus.Active))
        {
            var s = (PushSettings)edit.Settings;
            Block block = soFar.Model.Blocks[s.Layer];
            float[] bias = block.Mlp.Down.Bias!.Value.ToArray();
            for (int c = 0; c < bias.Length; c++) bias[c] += s.Strength * edit.Part("push")!.Values[c];
            Tensor pushed = soFar.Base.Device.AllocateUnscoped(new Shape(bias.Length)); // an edited model outlives the call
            soFar.Base.Device.Upload(bias, pushed);
            MlpWeights mlp = block.Mlp with { Down = block.Mlp.Down with { Bias = pushed } };
            soFar = soFar with { Model = soFar.Model.WithBlock(s.Layer, block with { Mlp = mlp }) };
        }

        return soFar;
    }
}
