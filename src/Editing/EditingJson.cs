using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Sharpformer.Editing.Exchange;
using Sharpformer.Editing.Methods.AlphaEdit;
using Sharpformer.Editing.Methods.Emmet;
using Sharpformer.Editing.Methods.FineTuning;
using Sharpformer.Editing.Methods.Grace;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Methods.KnowledgeEditor;
using Sharpformer.Editing.Methods.Lora;
using Sharpformer.Editing.Methods.Malmen;
using Sharpformer.Editing.Methods.Melo;
using Sharpformer.Editing.Methods.Memit;
using Sharpformer.Editing.Methods.Memoir;
using Sharpformer.Editing.Methods.Mend;
using Sharpformer.Editing.Methods.Pmet;
using Sharpformer.Editing.Methods.Prefix;
using Sharpformer.Editing.Methods.Retrieval;
using Sharpformer.Editing.Methods.Rome;
using Sharpformer.Editing.Methods.ScopedIReVa;
using Sharpformer.Editing.Methods.Serac;
using Sharpformer.Editing.Methods.Sola;
using Sharpformer.Editing.Methods.TPatcher;
using Sharpformer.Editing.Methods.UltraEdit;
using Sharpformer.Editing.Methods.Wise;
using Sharpformer.Editing.Store;

namespace Sharpformer.Editing;

/// <summary>
/// How this library's own types become JSON, written at compile time: a program compiled ahead of time cannot look types up, and one that
/// need not starts sooner. Each method's settings are named here.
/// </summary>
[JsonSerializable(typeof(int[]))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(List<string>))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
[JsonSerializable(typeof(Dictionary<string, object>))]
[JsonSerializable(typeof(EditEventDetail))]
[JsonSerializable(typeof(EditLine))]
[JsonSerializable(typeof(EditLinesHeader))]
[JsonSerializable(typeof(EditRow.OtherTexts))]
[JsonSerializable(typeof(SettingsPreset))]
[JsonSerializable(typeof(AlphaEditSettings))]
[JsonSerializable(typeof(EmmetSettings))]
[JsonSerializable(typeof(FineTuningSettings))]
[JsonSerializable(typeof(GraceSettings))]
[JsonSerializable(typeof(IReVaSettings))]
[JsonSerializable(typeof(KeSettings))]
[JsonSerializable(typeof(LoraSettings))]
[JsonSerializable(typeof(MalmenSettings))]
[JsonSerializable(typeof(MeloSettings))]
[JsonSerializable(typeof(MemitSettings))]
[JsonSerializable(typeof(MemoirSettings))]
[JsonSerializable(typeof(MendSettings))]
[JsonSerializable(typeof(PmetSettings))]
[JsonSerializable(typeof(PrefixSettings))]
[JsonSerializable(typeof(RetrievalSettings))]
[JsonSerializable(typeof(RomeSettings))]
[JsonSerializable(typeof(ScopedSettings))]
[JsonSerializable(typeof(SeracSettings))]
[JsonSerializable(typeof(SolaSettings))]
[JsonSerializable(typeof(TPatcherSettings))]
[JsonSerializable(typeof(UltraEditSettings))]
[JsonSerializable(typeof(WiseSettings))]
internal sealed partial class EditingJson : JsonSerializerContext
{
    private const string Guarded = "Called only where the program allows it, which one that is trimmed does not.";

    /// <summary>
    /// The same, and for what it does not name (the settings of a method that was written elsewhere) what is found by looking, where that
    /// can be done.
    /// </summary>
    public static IJsonTypeInfoResolver OrReflection =>
        JsonSerializer.IsReflectionEnabledByDefault ? JsonTypeInfoResolver.Combine(Default, Reflection()) : Default;

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = Guarded)]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = Guarded)]
    private static DefaultJsonTypeInfoResolver Reflection() => new();
}
