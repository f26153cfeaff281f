using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Sharpformer.Editing.Metrics;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Reports;

/// <summary>
/// Pages of HTML. A page is one file: nothing fetched, no script but its own where it has one, which its policy tells the browser to
/// hold to; light or dark as the reader's screen is, and printable.
/// </summary>
internal static class Html
{
    private const string Style = """
        :root { color-scheme: light dark; --ink: #1b1f24; --dim: #5c6570; --line: #d5dae0; --paper: #ffffff; --bar: #b9d3f5; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e4e8ec; --dim: #98a2ad; --line: #3a424b; --paper: #14181c; --bar: #2c4f7c; } }
        @media print { :root { --ink: #000; --dim: #444; --line: #bbb; --paper: #fff; --bar: #cfdff5; }
          thead { display: table-header-group; } tr { break-inside: avoid; } }
        body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto; max-width: 72rem;
          padding: 0 1rem; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
        table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem;
          border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
        td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        .dim { color: var(--dim); } code { font-size: .9em; overflow-wrap: anywhere; }
        tr.changed td:first-child { border-left: 4px solid #d9822b; }
        .bar { background: linear-gradient(var(--bar), var(--bar)) no-repeat right / var(--w) 100%; }
        svg { max-width: 100%; height: auto; }
        th, .wide td { overflow-wrap: normal; } .wide th.n { white-space: normal; }
        .wide { overflow-x: auto; } .wide table { width: auto; min-width: 50%; } a { color: inherit; text-underline-offset: .15em; }
        table.sorted th { cursor: pointer; } input.filter { font: inherit; padding: .3rem .6rem; width: min(100%, 24rem); color: inherit;
          background: var(--paper); border: 1px solid var(--line); border-radius: .3rem; } nav a { margin-right: 1em; }
        @media print { input.filter, nav, button { display: none; } a { text-decoration: none; } }
        """;

    /// <summary>A time in UTC, to the second.</summary>
    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>The page around a body.</summary>
    /// <param name="title">Plain text.</param>
    /// <param name="body">Markup.</param>
    /// <param name="script">A script that works on it; empty for none.</param>
    public static string Page(string title, string body, string script = "") => $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'{Allowed(script)}">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{Markup.Text(title)}</title>
        <style>
        {Style}
        </style>
        </head>
        <body>
        <h1>{Markup.Text(title)}</h1>
        {body}
        {(script.Length == 0 ? "" : $"<script>{script}</script>\n")}</body>
        </html>

        """;

    /// <summary>A policy names a script by its hash, so that nothing else that might get into a page is run.</summary>
    private static string Allowed(string script) => script.Length == 0 ? ""
        : $"; script-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)))}'";

    /// <summary>A row of a table of two columns: what, and which markup.</summary>
    public static string Fact(string what, string markup) => $"<tr><th>{Markup.Text(what)}</th><td>{markup}</td></tr>\n";

    /// <summary>Who made a report, when, of which model and with which program, as rows of such a table.</summary>
    public static string Origin(ReportOrigin origin) =>
        Fact("Made by", $"{Markup.Text(origin.User)}, {Time(origin.At)}, with Sharpformer {Markup.Text(origin.Version)}")
        + Fact(
            "Base model",
            $"{Markup.Text(origin.Model)}<br><code class=\"dim\">weights {Markup.Text(origin.Fingerprint.Weights)}<br>"
                + $"tokenizer {Markup.Text(origin.Fingerprint.Tokenizer)}</code>");

    /// <summary>An edited model as a row of such a table: its store, and how its edits were made.</summary>
    public static string Side(string what, DiffSide side)
    {
        var text = new StringBuilder(Markup.Text(side.Name));
        if (side.Store is not null) text.Append($": {side.Active} active, {side.Withdrawn} withdrawn");
        foreach ((EditSettings settings, int edits) in side.Settings)
        {
            string method = Markup.Text(settings.Method), json = Markup.Text(settings.ToJson());
            text.Append($"<br><span class=\"dim\">{edits} by {method} <code>{json}</code></span>");
        }

        return Fact(what, text.ToString());
    }
}
