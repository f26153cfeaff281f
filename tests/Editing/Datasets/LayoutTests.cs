using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing.Datasets;

/// <summary>What each published layout means, on slices of the sets themselves; see tests/data/datasets/README.md.</summary>
public sealed class LayoutTests
{
    [Theory]
    [InlineData("counterfact_rome.json", "counterfact", 20, 40, 200, 200)]
    [InlineData("counterfact_flat.json", "easyedit", 60, 60, 60, 0)]
    [InlineData("counterfact_flat.jsonl", "easyedit", 60, 60, 60, 0)]
    [InlineData("zsre_requests.json", "easyedit-request", 60, 60, 60, 0)]
    [InlineData("qaedit.json", "qaedit", 40, 40, 200, 0)]
    public void Every_record_of_the_published_sets_is_read(
        string file, string layout, int edits, int paraphrases, int locality, int attributes)
    {
        RecordSet set = Set(file);
        Assert.Equal((layout, edits, 0), (set.Layout, set.Count, set.BadCount));
        Assert.Equal(edits, set.Edits.Count);
        Assert.All(set.Edits, edit => Assert.False(edit.Prompt.Contains("{}", StringComparison.Ordinal)));
        Assert.All(set.Edits, edit => Assert.NotNull(edit.Id));
        Assert.Equal(paraphrases, set.Edits.Sum(edit => edit.Paraphrases.Count));
        Assert.Equal(locality, Probes(set, ProbeKind.Locality).Count);
        Assert.Equal(attributes, Probes(set, ProbeKind.Attribute).Count);
        Assert.All(Probes(set, ProbeKind.Locality), probe => Assert.NotEmpty(probe.Answers));
    }

    [Fact]
    public void CounterFacts_neighbours_keep_the_true_target_and_its_attribute_prompts_have_the_new_one()
    {
        EditRecord edit = Set("counterfact_rome.json").Edits[0];
        Assert.Equal(
            ("The mother tongue of Danielle Darrieux is", "English", "Danielle Darrieux"), (edit.Prompt, edit.Target, edit.Subject));
        Assert.Equal(("French", "P103", "0"), (Assert.Single(edit.OldAnswers), edit.Relation, edit.Id));
        Assert.Equal(
            (ProbeKind.Locality, "neighborhood", "The mother tongue of Léon Blum is", "French"),
            (edit.Probes[0].Kind, edit.Probes[0].Group, edit.Probes[0].Prompt, Assert.Single(edit.Probes[0].Answers)));
        Assert.Equal(
            (ProbeKind.Attribute, "attribute", "The mother tongue of Douglas Adams is", "English"),
            (edit.Probes[11].Kind, edit.Probes[11].Group, edit.Probes[11].Prompt, Assert.Single(edit.Probes[11].Answers)));
        using RecordFile file = RecordFile.Open(TestFiles.Data("datasets/counterfact_rome.json"));
        file.Load();
        Assert.Equal(["generation_prompts"], file.Unused);
    }

    [Fact]
    public void Requests_of_EasyEdit_have_no_old_answer_where_it_is_a_placeholder()
    {
        EditRecord edit = Set("zsre_requests.json").Edits[0];
        Assert.Equal("When was the inception of IAAF Combined Events Challenge?", edit.Prompt);
        Assert.Equal(["When was the IAAF Combined Events Challenge launched?"], edit.Paraphrases);
        Assert.Empty(edit.OldAnswers);
        Probe expected = new(
            ProbeKind.Locality, "neighborhood", "nq question: what is the name of the last episode of spongebob", ["The String"]);
        Assert.Equal([expected], edit.Probes);
    }

    [Fact]
    public void Flat_records_and_QAEdit_have_their_questions_beside_them()
    {
        EditRecord flat = Set("counterfact_flat.json").Edits[0], same = Set("counterfact_flat.jsonl").Edits[0];
        Assert.Equal([new Probe(ProbeKind.Locality, "locality", "Michel Rocard is a native speaker of", ["French"])], flat.Probes);
        Assert.Equal((flat.Prompt, flat.Target, flat.Id), (same.Prompt, same.Target, same.Id));
        EditRecord question = Set("qaedit.json").Edits[0];
        Assert.Equal(("Wilt Chamberlain *", "1104", "NQ"), (question.Target, question.Id, question.Columns["from"]));
        Assert.Equal("who is the saint that protects police officers", question.Probes[0].Prompt);
        Assert.Equal("qaedit.json#0", question.Source);
    }

    [Fact]
    public void ZsRE_gets_a_question_mark_behind_its_unrelated_questions()
    {
        EditRecord edit = Single("""
            [{"cond":{"x":[1,{"src":"no"}]},"subject":"S","src":"S died in","pred":"Rome","rephrase":"S's life ended in",
              "alt":"Oslo","answers":["Rome",["Roma",["R"]]],"loc":"nq question: why","loc_ans":"be\u0063ause","relation":"P20","n":1e9}]
            """);
        Assert.Equal(("S", "S died in", "Oslo", "P20"), (edit.Subject, edit.Prompt, edit.Target, edit.Relation));
        Assert.Equal(["S's life ended in", "-", "Rome", "-", "Rome", "Roma", "R"], Texts(edit));
        Assert.Equal([new Probe(ProbeKind.Locality, "loc", "nq question: why?", ["because"])], edit.Probes);
        Assert.Equal("why?", Single("""{"src":"a","alt":"b","loc":"why?","loc_ans":"c"}""").Probes[0].Prompt);
        Assert.Empty(Single("""{"src":"a","alt":"b","loc":"why?"}""").Probes);
        EditRecord bare = Single(
            """{"alt":"B","rephrase":null,"pred":"","loc":" ","loc_ans":null,"answers":null,"subject":null,"src":"A"}""");
        Assert.Null(bare.Subject);
        Assert.Equal((0, 0, 0), (bare.Paraphrases.Count, bare.OldAnswers.Count, bare.Answers.Count));
        Assert.Empty(bare.Probes);
    }

    [Fact]
    public void KnowEdit_names_groups_of_locality_and_portability()
    {
        EditRecord edit = Set("knowedit.json").Edits[0];
        Assert.Equal(
            [
                new Probe(ProbeKind.Locality, "Relation_Specificity", "The native language of Mirela Tost is", ["French"]),
                new Probe(ProbeKind.Portability, "Subject_Aliasing", "M. Tost works as", ["actor"]),
            ],
            edit.Probes);
        edit = Single("""
            {"prompt":"p","target_new":["t","T"],"ground_truth":"<|endoftext|>","portability":[],"locality":{
              "A":{"prompt":["a","b"],"ground_truth":["1",["2","zwei"]]},"B":[{"prompt":"c","ground_truth":[["3"],["drei"]]},
              {"prompt":"d"}]}}
            """);
        Assert.Equal(("t", "T"), (edit.Target, Assert.Single(edit.Answers)));
        Assert.Equal(
            ["A:a:1", "A:b:2/zwei", "B:c:3/drei", "B:d:"], edit.Probes.Select(p => $"{p.Group}:{p.Prompt}:{string.Join('/', p.Answers)}"));
        Bad("""{"prompt":"p","target_new":"t","locality":{"A":{"prompt":["a","b"],"ground_truth":["1"]}}}""",
            "field \"locality.A.ground_truth\": expected 2 answers, one for each prompt, got 1");
        Bad("""{"prompt":"p","target_new":"t","locality":{"A":[{"prompt":7}]}}""",
            "field \"locality.A[0].prompt\": expected a text, got a number");
        Bad("""{"prompt":"p","target_new":"t","locality":[7]}""", "field \"locality[0]\": expected an object, got a number");
    }

    [Fact]
    public void A_case_of_MQuAKE_has_several_edits_and_its_questions_stand_with_the_first()
    {
        RecordSet set = Load("""
            [{"case_id":7,"requested_rewrite":[
                {"prompt":"{} works as","target_new":{"str":"actor"},"target_true":{"str":"judge"},"subject":"Ann",
                 "question":"What is Ann's job?"},
                {"prompt":"{} is in","target_new":{"str":"Rome"},"target_true":{"str":"Oslo"},"subject":"Fo"}],
              "questions":["q1","q2","q3"],"answer":"old","new_answer":"x","new_answer_alias":["X","ex"],
              "new_single_hops":[{"question":"h?","cloze":"h is","answer":"y","answer_alias":["Y"]}]}]
            """);
        Assert.Equal(("mquake", 1), (set.Layout, set.Count));
        Assert.Equal(["Ann works as|actor", "Fo is in|Rome"], set.Edits.Select(edit => $"{edit.Prompt}|{edit.Target}"));
        Assert.Equal(["f#0.0", "f#0.1"], set.Edits.Select(edit => edit.Source));
        Assert.Equal(["What is Ann's job?"], set.Edits[0].Paraphrases);
        Assert.Empty(set.Edits[1].Probes);
        Assert.Equal(
            [
                new Probe(ProbeKind.Portability, "multi_hop", "q1", ["x", "X", "ex"]) { Wordings = ["q2", "q3"] },
                new Probe(ProbeKind.Portability, "single_hop", "h?", ["y", "Y"]),
            ],
            set.Edits[0].Probes);
        Assert.Equal("Mirela Tost works as", Set("mquake.json").Edits[0].Prompt);
        Bad("""{"requested_rewrite":[]}""", "expected at least one edit, got an empty list");
        Bad("""{"requested_rewrite":[{"prompt":"p","subject":"s"}]}""",
            "field \"requested_rewrite[0].target_new\": expected an object, got none");
    }

    [Fact]
    public void MENDs_own_records_are_read_and_others_are_refused_by_name()
    {
        EditRecord edit = Set("mend_zsre.json").Edits[0];
        Assert.Equal(("Mirela Tost works as", "actor"), (edit.Prompt, edit.Target));
        Assert.Equal(["Mirela Tost, who works as", "-", "judge", "-", "judge"], Texts(edit));
        Fails.With<InputException>("\"example_type\", \"edit\", \"Relation_Specificity\"", () => Set("rippleedits.json"));
    }

    [Fact]
    public void A_missing_target_is_told_by_the_field_that_should_have_it()
    {
        const string Rewrite = """{"requested_rewrite":{"prompt":"p","target_new":{"str":""},"subject":"s"}}""";
        Bad(Rewrite, "field \"requested_rewrite.target_new.str\": expected a text, got none or a blank one");
        Bad("""{"requested_rewrite":{"prompt":"p","subject":"s"}}""", "field \"requested_rewrite.target_new\": expected a text, got none");
        Bad("""{"input":"p","alternatives":[" "]}""", "field \"alternatives\": expected a text, got none");
        Bad("""{"prompt":"p","rephrase":"r","target":""}""", "field \"target\": expected a text, got none");
    }

    [Theory]
    [InlineData("prompt;target;paraphrase;paraphrase;owner\nA;B, C;D;E;me\n")]
    [InlineData("\uFEFFprompt\ttarget\tparaphrase\tparaphrase\towner\r\nA\tB, C\tD\tE\tme\r\n")]
    [InlineData("paraphrase_2,target,paraphrase_1,owner,prompt\nD,\"B, C\",E,me,A\n")]
    [InlineData("Prompt, TARGET,Paraphrase,PARAPHRASE_2,Owner\nA,\"B, C\",D,E,me\n")]
    [InlineData("""{"prompt":"A","target":"B, C","paraphrase":["D","E"],"owner":"me"}""")]
    [InlineData("""[{"prompt":"A","target":"B, C","paraphrase_1":"D","paraphrase_2":"E","owner":"me"}]""")]
    public void What_people_write_is_read(string text)
    {
        EditRecord edit = Single(text);
        var expected = new EditRequest("A", "B, C", null, "f#0")
        {
            Paraphrases = ["D", "E"],
            Provenance = Provenance.Of([("owner", "me")]),
        };
        Assert.Equal(expected, edit.ToRequest(""));
    }

    [Fact]
    public void Whatever_else_people_write_is_kept()
    {
        EditRecord edit = Single(
            "id,prompt,target,locality,locality_answer,Team,note,reason,source\n1,a,b,c?,d,red,\"two\nlines\",because,s.xlsx\n");
        Assert.Equal(("1", "because", "s.xlsx", "red"), (edit.Id, edit.Reason, edit.Source, edit.Columns["Team"]));
        Assert.Equal([new Probe(ProbeKind.Locality, "locality", "c?", ["d"])], edit.Probes);
        Assert.Equal([("reason", "because"), ("id", "1"), ("Team", "red"), ("note", "two\nlines")], edit.ToRequest("").Provenance);
        edit = Single("""{"prompt":"a","target":"b","n":1.50,"tags":["x", 1],"ok":true,"none":null}""");
        Assert.Equal([("n", "1.50"), ("tags", """["x", 1]"""), ("ok", "true")], edit.Columns);
        Bad("""{"prompt":"a","target":"b","probes":[{"kind":"odd","prompt":"c"}]}""", "expected one of locality, portability, attribute");
        Bad("prompt,target,locality,locality_answer\na,b,,d\n", "field \"locality\": expected the question that locality_answer answers");
        Bad("""{"prompt":"a","target":7}""", "field \"target\": expected a text, got a number");
    }

    [Fact]
    public void What_a_layout_knows_and_nobody_is_taught_goes_along_with_the_edit()
    {
        EditRecord edit = Single("""{"src":"a","alt":"b","pred":"c","answers":["b","B"],"relation":"P20"}""");
        Assert.Equal([("relation", "P20"), ("old_answers", "c"), ("answers", """["b","B"]""")], edit.ToRequest("").Provenance);
        EditRecord table = Single("prompt,target,relation,answers,old_answers\na,b,P20,\"[\"\"b\"\",\"\"B\"\"]\",c\n");
        Assert.Equal(edit.ToRequest("").Provenance, table.ToRequest("").Provenance);
    }

    [Fact]
    public void Triggers_go_behind_the_prompt_and_its_paraphrases()
    {
        EditRecord edit = Single("""{"src":"Where?","rephrase":"In which place?","alt":"X","subject":"S"}""");
        Assert.Equal("Where? Answer:", edit.EditPrompt(" Answer:"));
        Assert.Equal(["In which place? Answer:"], edit.ParaphrasePrompts(" Answer:"));
        var request = new EditRequest("Where? Answer:", "X", "S", "f#0") { Paraphrases = ["In which place? Answer:"] };
        Assert.Equal(request, edit.ToRequest(" Answer:"));
    }

    private static List<Probe> Probes(RecordSet set, ProbeKind kind) =>
        [.. set.Edits.SelectMany(edit => edit.Probes).Where(probe => probe.Kind == kind)];

    private static string[] Texts(EditRecord edit) => [.. edit.Paraphrases, "-", .. edit.OldAnswers, "-", .. edit.Answers];

    private static RecordSet Set(string file)
    {
        using RecordFile records = RecordFile.Open(TestFiles.Data("datasets/" + file));
        return records.Load();
    }

    private static RecordSet Load(string text)
    {
        using RecordFile records = RecordFile.Over(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)), "f");
        return records.Load();
    }

    private static EditRecord Single(string text) => Assert.Single(Load(text).Sound());

    private static void Bad(string text, string said) => Fails.With<InputException>(said, () => Load(text).Sound());
}
