using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Sharpformer.Editing.Store;

/// <summary>
/// A connection to a file that a stranger may have made. It is data and nothing else: SQLite neither trusts nor runs what its schema
/// says (<see cref="EditStoreSchema"/> refuses any but the known one besides), and nothing that is asked of it goes on forever.
/// </summary>
internal sealed class StoreDatabase : SqliteConnection
{
    // Far more than reading a whole store takes, which is some dozen steps for a row; a second or two of work. A crafted file can
    // have its pages visited more often than there are atoms.
    private const long FreeSteps = 200_000_000, StepsPerByte = 20, StepsPerLook = 100_000;

    // What this program's own statements need, with some room.
    private static readonly (int Limit, int Most)[] Limits =
    [
        (raw.SQLITE_LIMIT_LENGTH, 1 << 30), (raw.SQLITE_LIMIT_SQL_LENGTH, 20_000), (raw.SQLITE_LIMIT_COLUMN, 40),
        (raw.SQLITE_LIMIT_EXPR_DEPTH, 40), (raw.SQLITE_LIMIT_COMPOUND_SELECT, 5), (raw.SQLITE_LIMIT_VDBE_OP, 20_000),
        (raw.SQLITE_LIMIT_FUNCTION_ARG, 16), (raw.SQLITE_LIMIT_ATTACHED, 0), (raw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100),
        (raw.SQLITE_LIMIT_VARIABLE_NUMBER, 20), (raw.SQLITE_LIMIT_TRIGGER_DEPTH, 1), (raw.SQLITE_LIMIT_WORKER_THREADS, 0),
    ];

    private readonly delegate_progress counted; // held here: the native side does not keep it alive
    private readonly string? file;
    private long steps;

    /// <summary>Not open yet.</summary>
    /// <param name="source">What SQLite opens.</param>
    /// <param name="mode">What may be done with it.</param>
    /// <param name="file">The file that it lies in; null where it lies in memory.</param>
    public StoreDatabase(string source, SqliteOpenMode mode, string? file = null)
        : base(new SqliteConnectionStringBuilder
        {
            DataSource = source,
            Mode = mode,
            Pooling = false, // a pooled connection would keep the file open after Dispose
            DefaultTimeout = BusySeconds,
        }.ToString())
    {
        this.file = file;
        counted = _ => (steps -= StepsPerLook) < 0 ? 1 : 0;
    }

    /// <summary>How long it waits for another process's lock.</summary>
    public const int BusySeconds = 5;

    /// <summary>An open database in memory, empty.</summary>
    public static StoreDatabase OpenInMemory()
    {
        var memory = new StoreDatabase(":memory:", SqliteOpenMode.Memory);
        memory.Open();
        return memory;
    }

    /// <summary>Whether it lies in memory.</summary>
    public bool IsInMemory => file is null;

    /// <summary>Whether the last connection's end merges the log into the file.</summary>
    public bool MergesOnClose { set => Configure(raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !value); }

    /// <summary>Opens it and hardens it before anything is asked of it.</summary>
    public override void Open()
    {
        base.Open();
        Configure(raw.SQLITE_DBCONFIG_DEFENSIVE, true);
        Configure(raw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, false);
        Configure(raw.SQLITE_DBCONFIG_ENABLE_TRIGGER, false);
        Configure(raw.SQLITE_DBCONFIG_ENABLE_VIEW, false);
        foreach ((int limit, int most) in Limits) _ = raw.sqlite3_limit(Handle, limit, most);
        if (file is null) return; // what is there was checked when it was copied
        Refill();
        raw.sqlite3_progress_handler(Handle, (int)StepsPerLook, counted, null);
        this.Execute("PRAGMA cell_size_check = ON");
    }

    /// <summary>Gives the next thing that is asked of it as many steps as a file of its size may take.</summary>
    public void Refill()
    {
        if (file is null) return;
        var now = new FileInfo(file);
        steps = FreeSteps + StepsPerByte * (now.Exists ? now.Length : 0);
    }

    private void Configure(int option, bool isOn) => raw.sqlite3_db_config(Handle, option, isOn ? 1 : 0, out _);
}
