#:property PublishAot=false
// Opens pages of reports in a real browser, headless: nothing may be wrong on its console, figures must be seen at the width of a phone and
// of a screen, and filtering and sorting must work.
//
//   dotnet run scripts/check-report.cs -- report.html [points/KEY.html …] [--shots DIR]
//
// Needs Chromium (Debian: apt-get install chromium). --shots keeps a picture of each page at each width, light and dark.
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

int shotsAt = Array.IndexOf(args, "--shots");
string? shots = shotsAt >= 0 ? args[shotsAt + 1] : null;
string[] pages = shotsAt >= 0 ? args[..shotsAt] : args;
if (shots is not null) Directory.CreateDirectory(shots);
string profile = Directory.CreateTempSubdirectory("report-").FullName;
using var browser = Process.Start(new ProcessStartInfo("chromium",
[
    "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", $"--user-data-dir={profile}", "about:blank",
])
{ RedirectStandardError = true })!;
int wrong = 0;
try
{
    string address = Listening(browser);
    foreach (string page in pages)
        foreach (int width in new[] { 360, 1400 }) wrong += await Check(address, Path.GetFullPath(page), width);
}
finally
{
    browser.Kill(entireProcessTree: true);
    browser.WaitForExit();
    Directory.Delete(profile, recursive: true);
}

Console.WriteLine(wrong == 0 ? "All pages are well." : $"{wrong} things are wrong.");
return wrong == 0 ? 0 : 1;

async Task<int> Check(string address, string page, int width)
{
    await using Tab tab = await Tab.Open(address);
    await tab.Ask("Runtime.enable");
    await tab.Ask("Log.enable");
    await tab.Ask("Page.enable");
    await tab.Ask(
        "Emulation.setDeviceMetricsOverride", ("width", width), ("height", 900), ("deviceScaleFactor", 1), ("mobile", width < 600));
    await tab.Ask("Page.navigate", ("url", new Uri(page).AbsoluteUri));
    await tab.Until("document.readyState === 'complete'");
    var faults = new List<string>();
    int figures = (int)await tab.Value("document.querySelectorAll('svg').length");
    int seen = (int)await tab.Value("[...document.querySelectorAll('svg')].map(one => one.getBoundingClientRect())"
        + ".filter(box => box.width > 100 && box.height > 50 && box.left >= 0 && box.right <= window.innerWidth).length");
    if (seen != figures) faults.Add($"{figures - seen} of {figures} figures do not fit the window");
    if ((bool)await tab.Value("document.documentElement.scrollWidth > window.innerWidth")) faults.Add("the page is wider than the window");
    foreach (JsonNode? name in (await tab.Value("[...document.querySelectorAll('input.filter')].map(one => one.dataset.for)")).AsArray())
        await CheckTable(tab, (string)name!, faults);
    foreach (string scheme in new[] { "light", "dark" })
    {
        await tab.Ask("Emulation.setEmulatedMedia", ("features", new JsonArray(new JsonObject
        {
            ["name"] = "prefers-color-scheme", ["value"] = scheme,
        })));
        if (shots is null) continue;
        JsonNode shot = await tab.Ask("Page.captureScreenshot", ("captureBeyondViewport", false));
        string name = $"{Path.GetFileNameWithoutExtension(page)}-{width}-{scheme}.png";
        File.WriteAllBytes(Path.Combine(shots, name), Convert.FromBase64String((string)shot["data"]!));
    }

    faults.AddRange(tab.Faults);
    Console.WriteLine($"{page} at {width}: {figures} figures{(faults.Count == 0 ? ", well" : "")}");
    foreach (string fault in faults) Console.WriteLine($"  {fault}");
    return faults.Count;
}

static async Task CheckTable(Tab tab, string table, List<string> faults)
{
    string rows = $"[...document.querySelectorAll('#{table} tbody tr')].filter(row => !row.hidden)";
    int all = (int)await tab.Value($"{rows}.length");
    if (all < 2) return;
    string cell = (string)(await tab.Value($"{rows}[0].cells[0].textContent"))!;
    await Type($"{Guid.NewGuid()}");
    if ((int)await tab.Value($"{rows}.length") != 0) faults.Add($"{table}: the filter shows rows without its words");
    await Type(cell.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]);
    int found = (int)await tab.Value($"{rows}.length");
    if (found < 1 || found > all) faults.Add($"{table}: the filter shows {found} of {all} rows for a word of the first");
    await Type("");
    await tab.Value($"document.querySelector('#{table} thead th').click()");
    string sorted = $"{rows}.map(row => row.cells[0].dataset.value ?? row.cells[0].textContent.trim())";
    if (!(bool)await tab.Value($"(values => values.every((one, i) => i === 0 || (isNaN(one) ? values[i - 1].localeCompare(one) <= 0"
        + $" : values[i - 1] - one <= 0)))({sorted})")) faults.Add($"{table}: it is not sorted");

    async Task Type(string text) => await tab.Value($"(field => {{ field.value = '{text}'; field.dispatchEvent(new Event('input')); }})"
        + $"(document.querySelector('input[data-for={table}]'))");
}

static string Listening(Process browser)
{
    while (browser.StandardError.ReadLine() is { } line)
        if (line.Split("DevTools listening on ws://") is [_, var rest]) return rest.Split('/')[0];
    throw new InvalidOperationException("Chromium did not start.");
}

/// <summary>A tab of the browser, by its DevTools protocol.</summary>
internal sealed class Tab(ClientWebSocket socket) : IAsyncDisposable
{
    private int asked;

    /// <summary>What its console had to say.</summary>
    public List<string> Faults { get; } = [];

    public static async Task<Tab> Open(string address)
    {
        using var http = new HttpClient();
        using HttpResponseMessage made = await http.PutAsync(new Uri($"http://{address}/json/new"), null);
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(
            new Uri((string)JsonNode.Parse(await made.Content.ReadAsStringAsync())!["webSocketDebuggerUrl"]!), CancellationToken.None);
        return new Tab(socket);
    }

    public async Task<JsonNode> Ask(string method, params (string Name, JsonNode Value)[] arguments)
    {
        int id = ++asked;
        var request = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = new JsonObject([.. arguments.Select(Pair)]) };
        await socket.SendAsync(Encoding.UTF8.GetBytes(request.ToJsonString()), WebSocketMessageType.Text, true, CancellationToken.None);
        while (true)
        {
            JsonNode message = await Receive();
            if ((string?)message["method"] is { } said) Note(said, message["params"]!);
            else if ((int)message["id"]! == id)
                return message["result"] ?? throw new InvalidOperationException($"{method}: {message["error"]}");
        }

        static KeyValuePair<string, JsonNode?> Pair((string Name, JsonNode Value) one) => new(one.Name, one.Value);
    }

    public async Task<JsonNode> Value(string expression)
    {
        JsonNode result = await Ask("Runtime.evaluate", ("expression", expression), ("returnByValue", true));
        if (result["exceptionDetails"] is { } thrown) throw new InvalidOperationException($"{expression}: {thrown}");
        return result["result"]!["value"] ?? JsonValue.Create("")!;
    }

    public async Task Until(string expression)
    {
        for (int i = 0; i < 300 && !(bool)await Value(expression); i++) await Task.Delay(100);
    }

    public async ValueTask DisposeAsync()
    {
        await Ask("Page.close");
        socket.Dispose();
    }

    private void Note(string said, JsonNode what)
    {
        bool isFault = said == "Runtime.exceptionThrown"
            || (said == "Log.entryAdded" && (string?)what["entry"]!["level"] is "error" or "warning")
            || (said == "Runtime.consoleAPICalled" && (string?)what["type"] is "error" or "warning" or "assert");
        if (isFault) Faults.Add(what.ToJsonString());
    }

    private async Task<JsonNode> Receive()
    {
        using var text = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        while (true)
        {
            WebSocketReceiveResult part = await socket.ReceiveAsync(buffer, CancellationToken.None);
            text.Write(buffer, 0, part.Count);
            if (part.EndOfMessage) return JsonNode.Parse(text.ToArray())!;
        }
    }
}
