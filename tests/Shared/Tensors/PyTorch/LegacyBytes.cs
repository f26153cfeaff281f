namespace Sharpformer.Tests.Tensors.PyTorch;

/// <summary>Writes what <c>torch.save</c> wrote before PyTorch 1.6.</summary>
internal static class LegacyBytes
{
    public static byte[] Create(byte[] pickle, IReadOnlyList<(string Key, long Count, byte[] Data)> storages, bool littleEndian = true)
    {
        byte[] magic = new PickleBytes().Raw(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19).Stop();
        byte[] machine = new PickleBytes().Ops("}(").Text("protocol_version").Int(1001).Text("little_endian")
            .Raw((byte)(littleEndian ? 0x88 : 0x89)).Ops("u").Stop();
        PickleBytes keys = new PickleBytes().Ops("](");
        foreach ((string key, _, _) in storages) keys.Text(key);
        return
        [
            .. magic, .. new PickleBytes().Int(1001).Stop(), .. machine, .. pickle, .. keys.Ops("e").Stop(),
            .. storages.SelectMany(s => BitConverter.GetBytes(s.Count).Concat(s.Data)),
        ];
    }
}
