using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Metrics.Examination;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors.Gpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Cli;

/// <summary>The records that results show whole: how they become JSON is written at compile time, see <see cref="JsonText"/>.</summary>
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(AcceleratorInfo))]
[JsonSerializable(typeof(BenchReport))]
[JsonSerializable(typeof(BlockReading))]
[JsonSerializable(typeof(CalibrationPoint))]
[JsonSerializable(typeof(Drift))]
[JsonSerializable(typeof(EditView))]
[JsonSerializable(typeof(EvaluationReport))]
[JsonSerializable(typeof(Figure))]
[JsonSerializable(typeof(MemoryEstimate))]
[JsonSerializable(typeof(ModelCheck))]
[JsonSerializable(typeof(ModelConfig))]
[JsonSerializable(typeof(ModelFingerprint))]
[JsonSerializable(typeof(RecordSummary))]
[JsonSerializable(typeof(SaidToken))]
[JsonSerializable(typeof(StoreFinding))]
[JsonSerializable(typeof(TextFileFacts))]
[JsonSerializable(typeof(TrainingMemory))]
[JsonSerializable(typeof(Triggers))]
internal sealed partial class CliJson : JsonSerializerContext;
