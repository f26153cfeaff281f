using System.Text;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization.Normalizers;

namespace Sharpformer.Transformer.Tokenization.SentencePiece;

/// <summary>What a piece of the vocabulary is for.</summary>
internal enum PieceType
{
    /// <summary>Text.</summary>
    Normal = 1,

    /// <summary>Stands for all that no other piece can.</summary>
    Unknown = 2,

    /// <summary>A mark such as the end of a text, which no text makes.</summary>
    Control = 3,

    /// <summary>Text that is always this piece, wherever it stands.</summary>
    UserDefined = 4,

    /// <summary>A number nobody uses.</summary>
    Unused = 5,

    /// <summary>A byte of what is unknown.</summary>
    Byte = 6,
}

/// <summary>
/// A model of Google's sentencepiece, <c>spiece.model</c> or <c>tokenizer.model</c>: the message <c>ModelProto</c> of its
/// <c>sentencepiece_model.proto</c>, checked.
/// </summary>
internal sealed class SentencePieceModel
{
    private const string Hint = "only SentencePiece models of types unigram and BPE are supported.";
    private const string DamagedHint = "the file is damaged; download it again.";
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private int modelType = 1, bosId = 1, eosId = 2, padId = -1;
    private byte[] charsmap = [];

    private SentencePieceModel()
    {
    }

    /// <summary>Texts of the pieces, by id.</summary>
    public List<string> Tokens { get; } = [];

    /// <summary>Their scores; of a unigram model the logarithms of their probabilities.</summary>
    public List<float> Scores { get; } = [];

    /// <summary>Their types.</summary>
    public List<PieceType> Types { get; } = [];

    /// <summary>Whether the model is byte-pair encoding, not unigram.</summary>
    public bool IsBpe => modelType == 2;

    /// <summary>Whether what is unknown becomes its bytes.</summary>
    public bool HasByteFallback { get; private set; }

    /// <summary>Whether a blank is put in front of a text.</summary>
    public bool AddsDummyPrefix { get; private set; } = true;

    /// <summary>Whether blanks at both ends, and all of several but one, are left out.</summary>
    public bool RemovesExtraBlanks { get; private set; } = true;

    /// <summary>Whether a blank becomes <c>▁</c>, U+2581.</summary>
    public bool EscapesBlanks { get; private set; } = true;

    /// <summary>Whether pieces end with their blank, instead of beginning with it.</summary>
    public bool BlankIsSuffix { get; private set; }

    /// <summary>The replacements that normalise a text; null for none.</summary>
    public Charsmap? Charsmap { get; private set; }

    /// <summary>The id of the unknown piece.</summary>
    public int UnknownId => Types.IndexOf(PieceType.Unknown);

    /// <summary>The text of the piece that begins a text, if there is one.</summary>
    public string? Bos => ControlAt(bosId);

    /// <summary>The text of the piece that ends a text, if there is one.</summary>
    public string? Eos => ControlAt(eosId);

    /// <summary>The text of the piece that fills up a batch, if there is one.</summary>
    public string? Pad => ControlAt(padId);

    /// <summary>The ids of the bytes; null without byte fallback.</summary>
    public int[]? ByteIds { get; private set; }

    /// <summary>Reads a model.</summary>
    /// <exception cref="InputException">The file is missing or damaged, or does something that is not supported.</exception>
    public static SentencePieceModel Read(string path)
    {
        byte[] bytes = SmallFile.Read(path, VocabularyFiles.FolderHint);
        var model = new SentencePieceModel();
        var reader = new ProtobufReader(path, bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: model.AddPiece(path, reader.AsBytes()); break;
                case 2: model.ReadTraining(path, reader.AsBytes()); break;
                case 3: model.ReadNormalizing(path, reader.AsBytes()); break;
                case 5: RefuseDenormalizing(path, reader.AsBytes()); break;
            }
        }

        model.Check(path);
        return model;
    }

    private void AddPiece(string path, ReadOnlySpan<byte> message)
    {
        string text = "";
        float score = 0;
        var type = PieceType.Normal;
        var reader = new ProtobufReader(path, message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: text = Text(path, reader.AsBytes()); break;
                case 2: score = reader.AsSingle(); break;
                case 3: type = (PieceType)reader.AsInt(); break;
            }
        }

        if (text.Length == 0 || !float.IsFinite(score) || !Enum.IsDefined(type))
            throw new InputException(
                $"{path}: piece {Tokens.Count} is {Quoted.Text(text)} with score {score} and type {(int)type}, "
                    + "expected a text, a finite score and a type from 1 to 6.",
                DamagedHint);
        Tokens.Add(text);
        Scores.Add(score);
        Types.Add(type);
    }

    private void ReadTraining(string path, ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(path, message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 3: modelType = reader.AsInt(); break;
                case 24: BlankIsSuffix = reader.AsBool(); break;
                case 35: HasByteFallback = reader.AsBool(); break;
                case 41: bosId = reader.AsInt(); break;
                case 42: eosId = reader.AsInt(); break;
                case 43: padId = reader.AsInt(); break;
            }
        }
    }

    private void ReadNormalizing(string path, ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(path, message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 2: charsmap = reader.AsBytes().ToArray(); break;
                case 3: AddsDummyPrefix = reader.AsBool(); break;
                case 4: RemovesExtraBlanks = reader.AsBool(); break;
                case 5: EscapesBlanks = reader.AsBool(); break;
            }
        }
    }

    private static void RefuseDenormalizing(string path, ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(path, message);
        while (reader.Next())
            if (reader.Field == 2 && reader.AsBytes().Length > 0)
                throw new InputException($"{path}: has denormalizer_spec, which changes decoded texts, expected none.", Hint);
    }

    private void Check(string path)
    {
        if (modelType is not (1 or 2))
        {
            string type = modelType switch { 3 => "word", 4 => "char", _ => $"{modelType}" };
            throw new InputException($"{path}: model type {type}, supported: unigram, bpe.", Hint);
        }

        if (Types.Count(type => type == PieceType.Unknown) != 1)
            throw new InputException($"{path}: {Tokens.Count} pieces, none or several of them the unknown one.", DamagedHint);
        if (!Types.Contains(PieceType.Normal)) throw new InputException($"{path}: no piece stands for text.", DamagedHint);
        var seen = new HashSet<string>(Tokens.Count);
        foreach (string token in Tokens)
            if (!seen.Add(token)) throw new InputException($"{path}: piece {Quoted.Text(token)} appears twice.", DamagedHint);
        if (charsmap.Length > 0) Charsmap = new Charsmap($"{path}: precompiled_charsmap", charsmap);
        if (HasByteFallback) ByteIds = [.. Enumerable.Range(0, 256).Select(b => IdOfByte(path, b))];
    }

    private int IdOfByte(string path, int b) => Tokens.IndexOf($"<0x{b:X2}>") is >= 0 and int id && Types[id] == PieceType.Byte
        ? id
        : throw new InputException($"{path}: byte_fallback is on, but no piece stands for byte 0x{b:X2}.", DamagedHint);

    private string? ControlAt(int id) => id >= 0 && id < Tokens.Count && Types[id] == PieceType.Control ? Tokens[id] : null;

    private static string Text(string path, ReadOnlySpan<byte> utf8)
    {
        try
        {
            return StrictUtf8.GetString(utf8);
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException($"{path}: a piece is not valid UTF-8.", DamagedHint, e);
        }
    }
}
