using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>Rows to records and back: every float with its exact bits, times as ISO-8601 UTC text.</summary>
internal static class EditRows
{
    /// <summary>What to do about a file that holds what this program never writes.</summary>
    public const string Tampered = "the file was changed by another program; fetch a copy from a backup.";

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'";

    /// <summary>Columns in the order <see cref="ReadEdit"/> expects.</summary>
    public const string EditColumns = """
        id, status, prompt, target, subject, source, prompt_tokens, target_tokens, created_at, withdrawn_at, removed_at,
        layer, theta, alpha, retrofit, epochs, learning_rate, beta1, beta2, epsilon, weight_decay, rec_weight, irr_weight,
        label_smoothing, seed
        """;

    /// <summary>Columns in the order <see cref="ReadNeuron"/> expects.</summary>
    public const string NeuronColumns = "edit_id, position, target_token, key, value, threshold, losses";

    /// <summary>Inserts <paramref name="edit"/> as active, born at its <see cref="Edit.CreatedAt"/>; returns the new id.</summary>
    public static long InsertEdit(SqliteConnection connection, Edit edit)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            INSERT INTO edits (status, prompt, target, subject, source, prompt_tokens, target_tokens, created_at, layer, theta,
                alpha, retrofit, epochs, learning_rate, beta1, beta2, epsilon, weight_decay, rec_weight, irr_weight,
                label_smoothing, seed)
            VALUES ('active', $prompt, $target, $subject, $source, $prompt_tokens, $target_tokens, $created_at, $layer, $theta,
                $alpha, $retrofit, $epochs, $learning_rate, $beta1, $beta2, $epsilon, $weight_decay, $rec_weight, $irr_weight,
                $label_smoothing, $seed)
            RETURNING id
            """;
        SqliteParameterCollection p = command.Parameters;
        p.AddWithValue("$prompt", edit.Request.Prompt);
        p.AddWithValue("$target", edit.Request.Target);
        p.AddWithValue("$subject", (object?)edit.Request.Subject ?? DBNull.Value);
        p.AddWithValue("$source", edit.Request.Source);
        p.AddWithValue("$prompt_tokens", Tokens(edit.PromptTokens));
        p.AddWithValue("$target_tokens", Tokens(edit.TargetTokens));
        p.AddWithValue("$created_at", Time(edit.CreatedAt));
        EditSettings s = edit.Settings;
        p.AddWithValue("$layer", s.Layer);
        p.AddWithValue("$theta", (double)s.Theta);
        p.AddWithValue("$alpha", (double)s.Alpha);
        p.AddWithValue("$retrofit", s.Retrofit ? 1 : 0);
        p.AddWithValue("$epochs", s.Epochs);
        p.AddWithValue("$learning_rate", (double)s.LearningRate);
        p.AddWithValue("$beta1", (double)s.Beta1);
        p.AddWithValue("$beta2", (double)s.Beta2);
        p.AddWithValue("$epsilon", (double)s.Epsilon);
        p.AddWithValue("$weight_decay", (double)s.WeightDecay);
        p.AddWithValue("$rec_weight", (double)s.RecWeight);
        p.AddWithValue("$irr_weight", (double)s.IrrWeight);
        p.AddWithValue("$label_smoothing", (double)s.LabelSmoothing);
        p.AddWithValue("$seed", s.Seed.ToString(CultureInfo.InvariantCulture));
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>Inserts the neurons of edit <paramref name="id"/>.</summary>
    public static void InsertNeurons(SqliteConnection connection, long id, IReadOnlyList<Neuron> neurons)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"INSERT INTO neurons ({NeuronColumns}) VALUES ($edit, $position, $token, $key, $value, $threshold, $losses)";
        for (int i = 0; i < neurons.Count; i++)
        {
            Neuron neuron = neurons[i];
            command.Parameters.Clear();
            command.Parameters.AddWithValue("$edit", id);
            command.Parameters.AddWithValue("$position", i);
            command.Parameters.AddWithValue("$token", neuron.TargetToken);
            command.Parameters.AddWithValue("$key", Bytes(neuron.Key));
            command.Parameters.AddWithValue("$value", Bytes(neuron.Value));
            command.Parameters.AddWithValue("$threshold", (double)neuron.Threshold);
            command.Parameters.AddWithValue("$losses", Bytes(Flatten(neuron.Losses)));
            command.ExecuteNonQuery();
        }
    }

    /// <summary>The edit in the reader's row, its neurons still missing.</summary>
    /// <exception cref="InputException">A field does not hold what the store writes there.</exception>
    public static Edit ReadEdit(SqliteDataReader r, string path) => Read(r, path, () => ParseEdit(r));

    /// <summary>The neuron in the reader's row and the edit it belongs to.</summary>
    /// <exception cref="InputException">A field does not hold what the store writes there, or key or value are not <paramref name="nEmbd"/> floats.</exception>
    public static (long EditId, Neuron Neuron) ReadNeuron(SqliteDataReader r, int nEmbd, string path)
    {
        long id = r.GetInt64(0);
        Neuron neuron = Read(r, path, () => ParseNeuron(r));
        return neuron.Key.Length == nEmbd && neuron.Value.Length == nEmbd ? (id, neuron) : throw new InputException(
            $"Edit store '{path}': neuron {r.GetInt64(1)} of edit {id} has a key of {neuron.Key.Length} and a value of {neuron.Value.Length} numbers, expected {nEmbd}.",
            Tampered);
    }

    /// <summary>Token ids as the JSON text that is stored and searched for.</summary>
    public static string Tokens(int[] ids) => $"[{string.Join(',', ids)}]";

    /// <summary>A time as stored.</summary>
    public static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static T Read<T>(SqliteDataReader r, string path, Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (Exception error) when (error is FormatException or OverflowException or JsonException or InvalidCastException)
        {
            throw new InputException($"Edit store '{path}': edit {r.GetInt64(0)} has a field that cannot be read ({error.Message})", Tampered, error);
        }
    }

    private static Edit ParseEdit(SqliteDataReader r) => new()
    {
        Id = r.GetInt64(0),
        Status = r.GetString(1) switch
        {
            "active" => EditStatus.Active,
            "withdrawn" => EditStatus.Withdrawn,
            _ => EditStatus.Removed,
        },
        Request = new EditRequest(r.GetString(2), r.GetString(3), r.IsDBNull(4) ? null : r.GetString(4), r.GetString(5)),
        PromptTokens = ParseTokens(r.GetString(6)),
        TargetTokens = ParseTokens(r.GetString(7)),
        CreatedAt = ParseTime(r.GetString(8)),
        WithdrawnAt = r.IsDBNull(9) ? null : ParseTime(r.GetString(9)),
        RemovedAt = r.IsDBNull(10) ? null : ParseTime(r.GetString(10)),
        Settings = new EditSettings
        {
            Layer = r.GetInt32(11),
            Theta = r.GetFloat(12),
            Alpha = r.GetFloat(13),
            Retrofit = r.GetBoolean(14),
            Epochs = r.GetInt32(15),
            LearningRate = r.GetFloat(16),
            Beta1 = r.GetFloat(17),
            Beta2 = r.GetFloat(18),
            Epsilon = r.GetFloat(19),
            WeightDecay = r.GetFloat(20),
            RecWeight = r.GetFloat(21),
            IrrWeight = r.GetFloat(22),
            LabelSmoothing = r.GetFloat(23),
            Seed = ulong.Parse(r.GetString(24), NumberStyles.None, CultureInfo.InvariantCulture),
        },
        Neurons = [],
    };

    private static Neuron ParseNeuron(SqliteDataReader r)
    {
        float[] losses = Floats(r.GetFieldValue<byte[]>(6));
        var epochs = new EpochLoss[losses.Length / 3];
        for (int i = 0; i < epochs.Length; i++) epochs[i] = new EpochLoss(losses[3 * i], losses[3 * i + 1], losses[3 * i + 2]);
        return new Neuron(r.GetInt32(2), Floats(r.GetFieldValue<byte[]>(3)), Floats(r.GetFieldValue<byte[]>(4)), r.GetFloat(5), epochs);
    }

    private static DateTimeOffset ParseTime(string text) =>
        DateTimeOffset.ParseExact(text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static int[] ParseTokens(string json) => JsonSerializer.Deserialize<int[]>(json) ?? [];

    private static float[] Flatten(IReadOnlyList<EpochLoss> losses)
    {
        var flat = new float[3 * losses.Count];
        for (int i = 0; i < losses.Count; i++)
            (flat[3 * i], flat[3 * i + 1], flat[3 * i + 2]) = (losses[i].Edit, losses[i].Rec, losses[i].Irr);
        return flat;
    }

    private static byte[] Bytes(float[] values)
    {
        var bytes = new byte[values.Length * sizeof(float)];
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        return bytes;
    }

    private static float[] Floats(byte[] bytes)
    {
        var values = new float[bytes.Length / sizeof(float)];
        for (int i = 0; i < values.Length; i++)
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * sizeof(float)));
        return values;
    }
}
