using System.Text.Json;
using System.Text.Unicode;

namespace Sharpformer.Tensors.SafeTensors;

/// <summary>
/// Reads the JSON header <c>{"name": {"dtype", "shape", "data_offsets": [begin, end]}, …, "__metadata__": {…}}</c>.
/// Nothing is believed unchecked; what comes out covers the data exactly, without holes or overlaps.
/// </summary>
internal static class SafeTensorsHeader
{
    public const string MetadataName = "__metadata__";

    // The limit of the format's reference implementation.
    public const long MaxLength = 100_000_000;

    // A tenth of what that many bytes could name, and many times what any model has.
    private const int MaxTensors = 1 << 17;
    private const string Damaged = "the file is damaged, cut short or no safetensors file; download it again.";

    /// <summary>Reads and checks a header.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="json">The header.</param>
    /// <param name="dataLength">Bytes that follow it.</param>
    /// <param name="metadata">Receives the texts under <c>__metadata__</c>.</param>
    /// <returns>The tensors in the order of their data.</returns>
    /// <exception cref="InputException">Something in it is not as the format demands.</exception>
    public static List<TensorInfo> Parse(string path, ReadOnlySpan<byte> json, long dataLength, Dictionary<string, string> metadata)
    {
        if (json.IsEmpty || json[0] != (byte)'{')
            throw new InputException($"{path}: the header is no JSON object, expected it to begin with '{{'.", Damaged);
        if (!Utf8.IsValid(json)) throw new InputException($"{path}: the header is not valid UTF-8.", Damaged);
        try
        {
            var reader = new Utf8JsonReader(json);
            List<TensorInfo> tensors = ReadObject(path, ref reader, metadata);
            CheckLayout(path, tensors, dataLength);
            return tensors;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // The latter for half a surrogate pair.
        {
            throw new InputException($"{path}: the header is not valid JSON ({Quoted.Position(e)}).", Damaged, e);
        }
    }

    private static List<TensorInfo> ReadObject(string path, ref Utf8JsonReader reader, Dictionary<string, string> metadata)
    {
        var tensors = new List<TensorInfo>();
        var names = new HashSet<string>();
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            if (!names.Add(name)) throw new InputException($"{path}: the name {Quoted.Text(name)} appears twice in the header.", Damaged);
            reader.Read();
            if (name == MetadataName) ReadMetadata(path, ref reader, metadata);
            else tensors.Add(ReadTensor(path, name, ref reader));
            if (tensors.Count > MaxTensors)
                throw new InputException($"{path}: the header names more than {MaxTensors} tensors.", "is this a checkpoint of one model?");
        }

        reader.Read(); // Fails where anything but blanks follows the object.
        return tensors;
    }

    private static void ReadMetadata(string path, ref Utf8JsonReader reader, Dictionary<string, string> metadata)
    {
        Expect(path, MetadataName, null, JsonTokenType.StartObject, ref reader);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            Expect(path, MetadataName, key, JsonTokenType.String, ref reader);
            if (!metadata.TryAdd(key, reader.GetString()!))
                throw new InputException($"{path}: the metadata {Quoted.Text(key)} appears twice.", Damaged);
        }
    }

    private static TensorInfo ReadTensor(string path, string name, ref Utf8JsonReader reader)
    {
        string? dtype = null;
        List<long>? shape = null, offsets = null;
        Expect(path, name, null, JsonTokenType.StartObject, ref reader);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            if (key is not ("dtype" or "shape" or "data_offsets"))
                throw Bad(path, name, $"unknown field {Quoted.Text(key)}, expected dtype, shape and data_offsets.");
            if (key switch { "dtype" => dtype is not null, "shape" => shape is not null, _ => offsets is not null })
                throw Bad(path, name, $"the field {key} appears twice.");
            reader.Read();
            if (key == "dtype") dtype = ReadText(path, name, key, ref reader);
            else if (key == "shape") shape = ReadNumbers(path, name, key, ref reader);
            else offsets = ReadNumbers(path, name, key, ref reader);
        }

        if (dtype is null || shape is null || offsets is null)
            throw Bad(path, name, $"the field {(dtype is null ? "dtype" : shape is null ? "shape" : "data_offsets")} is missing.");
        return CheckSize(path, name, dtype, shape, offsets);
    }

    private static TensorInfo CheckSize(string path, string name, string dtype, List<long> shape, List<long> offsets)
    {
        int size = StoredTypes.Size(dtype);
        if (size == 0) throw Bad(path, name, $"unknown dtype {Quoted.Text(dtype)}, expected one of {StoredTypes.Names}.");
        if (offsets.Count != 2) throw Bad(path, name, $"data_offsets has {offsets.Count} numbers, expected begin and end.");
        long begin = offsets[0], end = offsets[1];
        if (begin > end) throw Bad(path, name, $"data_offsets begin {begin} lies behind end {end}.");
        string what = $"{dtype} {Quoted.Shape(shape)}";
        if (StoredTypes.ByteLength(shape, size) is not { } expected)
            throw Bad(path, name, $"{what} has more bytes than can be counted.");
        if (end - begin != expected)
            throw Bad(path, name, $"{what} takes {expected} bytes, but data_offsets {begin} to {end} hold {end - begin}.");
        // That begin is a multiple of the element size is no rule of the format, and not all writers keep to it.
        return new TensorInfo(name, dtype, shape.AsReadOnly(), begin, end - begin);
    }

    private static void CheckLayout(string path, List<TensorInfo> tensors, long dataLength)
    {
        tensors.Sort(ByData);
        long end = 0;
        foreach (TensorInfo tensor in tensors)
        {
            if (tensor.Length > dataLength - tensor.Start)
                throw Bad(
                    path, tensor.Name,
                    $"needs bytes {tensor.Start} to {tensor.Start + tensor.Length}, but the file holds {dataLength} bytes of data.");
            if (tensor.Start != end)
            {
                string fault = tensor.Start < end ? "overlaps the tensor before it" : "leaves a hole before it";
                throw Bad(path, tensor.Name, $"begins at byte {tensor.Start} and {fault}, expected {end}.");
            }

            end += tensor.Length;
        }

        if (end != dataLength)
            throw new InputException($"{path}: the tensors take {end} bytes, but {dataLength} bytes of data follow the header.", Damaged);
    }

    // Empty tensors share their place with what follows and come first.
    private static int ByData(TensorInfo a, TensorInfo b)
    {
        int order = (a.Start, a.Length).CompareTo((b.Start, b.Length));
        return order != 0 ? order : string.CompareOrdinal(a.Name, b.Name);
    }

    private static string ReadText(string path, string name, string field, ref Utf8JsonReader reader)
    {
        Expect(path, name, field, JsonTokenType.String, ref reader);
        return reader.GetString()!;
    }

    private static List<long> ReadNumbers(string path, string name, string field, ref Utf8JsonReader reader)
    {
        var numbers = new List<long>();
        Expect(path, name, field, JsonTokenType.StartArray, ref reader);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
                throw Bad(path, name, $"{field} holds something other than whole numbers from 0 to {long.MaxValue}.");
            numbers.Add(number);
        }

        return numbers;
    }

    private static void Expect(string path, string name, string? field, JsonTokenType expected, ref Utf8JsonReader reader)
    {
        if (reader.TokenType == expected) return;
        string what = field is null ? "it" : Quoted.Text(field);
        throw Bad(path, name, $"{what} is {Word(reader.TokenType)}, expected {Word(expected)}.");
    }

    private static string Word(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a text",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "true or false",
        _ => "null",
    };

    private static InputException Bad(string path, string tensor, string fault) =>
        new($"{path}, tensor {Quoted.Text(tensor)}: {fault}", Damaged);
}
