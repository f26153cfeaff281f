using Sharpformer.Peers;
using Sharpformer.Peers.Sides;
using Sharpformer.Transformer;

// alone SIDE FILES FOLDER THREADS PROMPT DECODED: loads a model, reads a prompt and then tokens one by one, and prints its peak of memory.
(string name, string files, string folder) = (args[0], args[1], args[2]);
(int threads, int prompt, int decoded) = (int.Parse(args[3]), int.Parse(args[4]), int.Parse(args[5]));
ModelConfig config = ModelConfig.Load(folder);
using ISide side = name == "ours" ? new OurSide(files, threads)
    : name == "ONNX Runtime" ? new OnnxSide(files, config, threads)
    : new LlamaSide(files, threads, 1, prompt + decoded, prompt);
int[] text = [.. Enumerable.Range(0, prompt + decoded).Select(i => i * 769 % config.VocabSize)];
float[] logits = new float[config.VocabSize];
side.Begin([text[..prompt]], decoded);
for (int i = prompt; i < text.Length; i++) side.Next([text[i]], logits);
Console.WriteLine(ProcessMemory.PeakResidentBytes());
