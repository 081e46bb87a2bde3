//! Changes that are large where the gate works hardest.

use serde_json::{Value, json};

use crate::support::{Ran, commit, git, repository, run, write};

attacks! {
    a_member_more_in_a_long_list: Cost,
        "adds one member to an `in` list of twenty thousand"
        => "The lists are compared exactly, and the new member is shown: exit 1";
    a_thousand_tools_at_once: Cost,
        "loosens each of a thousand tools"
        => "Each tool is a change with a call of its own: exit 1";
    a_rule_less_among_many: Cost,
        "puts five hundred `deny_if` rules in another order and drops one"
        => "The rule that is gone is found: exit 1";
    a_limit_of_millions: Cost,
        "raises a limit from two million calls a day to nine million"
        => "The limits are compared by arithmetic, with the calls that show it: exit 1";
    a_sum_of_millions: Cost,
        "raises a sum that single calls can add one to, from two million to nine"
        => "The sums are compared by arithmetic, with the calls that show it: exit 1";
    repetitions_without_end: Cost,
        "adds a trace of a thousand lines that repeat ten million calls each"
        => "The line that goes beyond what a trace may repeat is an error: exit 3";
    a_directory_of_traces_named_often: Cost,
        "names one directory of traces three thousand times"
        => "Each trace is replayed once";
    a_name_of_half_a_megabyte: Cost,
        "gives a tool a name that is as long as half of the file, which every place in it repeats"
        => "The name is longer than a tool's may be: exit 3, with one problem";
    defects_under_a_long_key: Cost,
        "repeats a key ten thousand times below a key of two hundred kilobytes"
        => "The file is not read beyond what can be listed: exit 3";
    problems_without_end: Cost,
        "adds a policy in which thirty thousand members are unknown"
        => "The first ten thousand are listed, and the last one counts the others: exit 3";
    patterns_of_many_states: Cost,
        "gives each of three thousand tools a pattern that stands for ten thousand states"
        => "The patterns are too large together: exit 3, with one problem";
    patterns_that_are_hard_together: Cost,
        "loosens each of five hundred tools by patterns whose common texts are hard to find"
        => "Each tool has its share of the effort, and what is not decided counts: exit 1";
    thousands_of_misspelt_arguments: Cost,
        "misspells thousands of arguments of a tool that has thousands"
        => "Each is a finding; which of so many was meant is not looked for";
    an_entry_of_a_product: Cost,
        "names thousands of traces for each of hundreds of policies, or a server by a template of \
         a hundred kilobytes"
        => "The setting is an error and is left out: exit 3";
}

const CONFIG: &str = "[[policy]]\npath = \"policy.json\"\nserver = \"assets\"\ntraces = [\"traces\"]\n\
                      [lint]\nfail-on = \"error\"\n";

const TRACE: &str = "{\"mcppolicy\":\"trace/1\",\"server\":\"assets\"}\n\
                     {\"tool\":\"unlisted\",\"grant\":\"g\",\"expect\":\"deny\"}\n";

fn policy(tools: &Value) -> String {
    json!({"version": "1", "default": "deny", "tools": tools}).to_string()
}

fn condition(path: &str, operator: &str, value: impl Into<Value>) -> Value {
    json!({"conditions": [{"path": format!("args.{path}"), "op": operator, "value": value.into()}]})
}

fn limit(max: u64) -> Value {
    json!({"counter": "calls", "window": "day", "max": max, "scope": "grant"})
}

/// Runs the gate on a change that replaces files of a repository with `old` as
/// its policy.
fn gate(name: &str, old: &str, files: &[(&str, &str)]) -> Ran {
    let base = [
        ("mcppolicy.toml", CONFIG),
        ("policy.json", old),
        ("traces/known.jsonl", TRACE),
    ];
    let dir = repository(name, &base);
    git(&dir, &["checkout", "--quiet", "-b", "change"]);
    for (path, text) in files {
        write(&dir, path, text);
    }
    commit(&dir);
    run(&dir, &["ci", "--base", "main", "--format", "json"])
}

/// What the gate says of a changed policy: its exit code, the verdict, and the
/// changes.
fn judged(name: &str, old: &Value, new: &Value) -> (i32, String, Vec<Value>) {
    let ran = gate(name, &policy(old), &[("policy.json", &policy(new))]);
    let report = ran.report();
    let diff = &report["policies"][0]["diff"];
    let verdict = diff["summary"]["verdict"].as_str().unwrap().to_owned();
    assert_eq!(diff["summary"]["undetermined"], 0, "{name}");
    (
        ran.code,
        verdict,
        diff["changes"].as_array().unwrap().clone(),
    )
}

/// `looser` is refused as loosened, and `tighter` passes.
fn tried(name: &str, old: &Value, looser: &Value, tighter: &Value, changes: usize) {
    let (code, verdict, found) = judged(&format!("{name}-attack"), old, looser);
    assert_eq!(
        (code, verdict.as_str(), found.len()),
        (1, "loosened", changes),
        "{name}"
    );
    for change in found {
        assert!(
            !change["loosened"]["calls"].as_array().unwrap().is_empty(),
            "{change}"
        );
    }
    let (code, verdict, _) = judged(&format!("{name}-honest"), old, tighter);
    assert_eq!(code, 0, "{name}: {verdict}");
    assert!(
        ["tightened", "equivalent"].contains(&verdict.as_str()),
        "{name}: {verdict}"
    );
}

fn a_member_more_in_a_long_list() {
    let tool = |members: usize| {
        let members: Vec<String> = (0..members).map(|at| format!("member-{at}")).collect();
        json!({"t": {"require": [condition("member", "in", members)]}})
    };
    let (old, looser, tighter) = (tool(20_000), tool(20_001), tool(19_999));
    tried("long-list", &old, &looser, &tighter, 1);
}

fn a_thousand_tools_at_once() {
    let tools = |most: u64| -> Value {
        let rules = json!({"require": [condition("amount", "lte", most)]});
        (0..1_000)
            .map(|at| (format!("tool_{at}"), rules.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    tried(
        "thousand-tools",
        &tools(100),
        &tools(1_000),
        &tools(10),
        1_000,
    );
}

fn a_rule_less_among_many() {
    let rules: Vec<Value> = (0..500)
        .map(|at| condition("text", "contains", format!("word-{at}.")))
        .collect();
    let tool = |rules: Vec<Value>| json!({"t": {"deny_if": rules}});
    let turned: Vec<Value> = rules.iter().rev().cloned().collect();
    let without = turned[1..].to_vec();
    tried("many-rules", &tool(rules), &tool(without), &tool(turned), 1);
}

fn a_limit_of_millions() {
    let tool = |max| json!({"t": {"limits": [limit(max)]}});
    tried(
        "millions",
        &tool(2_000_000),
        &tool(9_000_000),
        &tool(1_000_000),
        1,
    );
}

fn a_sum_of_millions() {
    let tool = |max| {
        let mut limit = limit(max);
        limit["increment_from"] = "args.amount".into();
        json!({"t": {"require": [condition("amount", "lte", 1)], "limits": [limit]}})
    };
    tried(
        "sum",
        &tool(2_000_000),
        &tool(9_000_000),
        &tool(1_000_000),
        1,
    );
}

fn repetitions_without_end() {
    let policy = policy(&json!({"t": {}}));
    // Calls to another server are read and not decided, so that the test is
    // over soon.
    let line =
        |repeat: u64| format!("{{\"server\":\"other\",\"tool\":\"t\",\"repeat\":{repeat}}}\n");
    let trace = TRACE.to_owned() + &line(10_000_000).repeat(1_000);
    let ran = gate(
        "repetitions-attack",
        &policy,
        &[("traces/new.jsonl", &trace)],
    );
    assert_eq!(ran.code, 3, "{}", ran.out);
    let report = ran.report();
    let findings = report["policies"][0]["test"]["findings"]
        .as_array()
        .unwrap();
    let first = &findings[0];
    assert_eq!(first["span"]["start"]["line"], 4, "{first}");
    assert!(
        first["message"]
            .as_str()
            .unwrap()
            .contains("repeat more than 10000000 calls")
    );
    let trace = TRACE.to_owned() + &line(10_000_000);
    let honest = gate(
        "repetitions-honest",
        &policy,
        &[("traces/new.jsonl", &trace)],
    );
    assert_eq!(honest.code, 0, "{}", honest.out);
}

fn a_directory_of_traces_named_often() {
    let policy = policy(&json!({"t": {}}));
    let calls = |name: &str, config: &str| {
        let ran = gate(name, &policy, &[("mcppolicy.toml", config)]);
        assert_eq!(ran.code, 0, "{}", ran.out);
        ran.report()["policies"][0]["test"]["summary"]["calls"].clone()
    };
    let names = vec!["\"traces\""; 3_000].join(", ");
    let often = CONFIG.replace("\"traces\"", &names);
    let honest = CONFIG.replace("\"traces\"", "\"traces/known.jsonl\"");
    assert_eq!(calls("often-attack", &often), 1);
    assert_eq!(calls("often-honest", &honest), 1);
}

/// The rule and the message of each finding about the first policy.
fn lint_findings(ran: &Ran) -> Vec<(String, String)> {
    let report = ran.report();
    let findings = report["policies"][0]["lint"]["findings"].as_array();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let each = findings.unwrap().iter();
    each.map(|finding| (text(finding, "rule"), text(finding, "message")))
        .collect()
}

fn a_name_of_half_a_megabyte() {
    let named = |length: usize, rules: usize| {
        let rules: Vec<Value> = (0..rules).map(|at| condition("a", "lte", at + 1)).collect();
        policy(&json!({"n".repeat(length): {"deny_if": rules}}))
    };
    let ran = gate(
        "long-name-attack",
        &named(500_000, 2),
        &[("policy.json", &named(500_000, 9_000))],
    );
    assert_eq!(ran.code, 3);
    let found = lint_findings(&ran);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].1,
        "This name has 500000 bytes, more than the 4096 of a tool"
    );
    let honest = gate(
        "long-name-honest",
        &named(4_000, 2),
        &[("policy.json", &named(4_000, 20))],
    );
    assert_eq!(honest.code, 0, "{}", honest.err);
}

fn patterns_of_many_states() {
    let with = |tools: usize, longest: usize| {
        let each = (0..tools).map(|tool| {
            let branches = (1..12).map(|at| format!("w{}[a-z]{{0,{longest}}}", at + tool));
            let pattern = format!("^({})$", branches.collect::<Vec<_>>().join("|"));
            let rules = json!({"require": [condition("m", "regex", pattern)]});
            (format!("t{tool}"), rules)
        });
        policy(&Value::Object(each.collect()))
    };
    let ran = gate(
        "many-states-attack",
        &with(3_000, 5),
        &[("policy.json", &with(3_000, 900))],
    );
    assert_eq!(ran.code, 3);
    let found = lint_findings(&ran);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].1,
        "The patterns up to this one are too large together: compiled, they have more than \
         5000000 states"
    );
    let honest = gate(
        "many-states-honest",
        &with(30, 30),
        &[("policy.json", &with(30, 20))],
    );
    assert_eq!(honest.code, 0, "{}", honest.out);
}

fn thousands_of_misspelt_arguments() {
    let old = policy(&json!({"t": {}}));
    let with = |wrong: usize, known: usize| {
        let rules: Vec<Value> = (0..wrong)
            .map(|at| condition(&format!("argument_nme_{at}"), "exists", true))
            .collect();
        let known = (0..known).map(|at| (format!("argument_name_{at}"), json!({"type": "string"})));
        let known: serde_json::Map<_, _> = known.collect();
        let schema = json!({"type": "object", "properties": known, "additionalProperties": false});
        let inventory = json!({"tools": [{"name": "t", "inputSchema": schema}]});
        let config = CONFIG.replace("[lint]", "inventory = \"tools.json\"\n[lint]");
        let (policy, inventory) = (
            policy(&json!({"t": {"require": rules}})),
            inventory.to_string(),
        );
        let ran = gate(
            &format!("misspelt-{wrong}"),
            &old,
            &[
                ("policy.json", &policy),
                ("tools.json", &inventory),
                ("mcppolicy.toml", &config),
            ],
        );
        let report = ran.report();
        let findings = report["policies"][0]["lint"]["findings"]
            .as_array()
            .unwrap()
            .clone();
        let unknown = findings
            .into_iter()
            .filter(|finding| finding["rule"] == "unknown-argument");
        let advice = unknown.map(|finding| finding["help"].as_str().unwrap().to_owned());
        advice.collect::<Vec<_>>()
    };
    let advice = with(2_000, 4_000);
    assert_eq!(advice.len(), 2_000);
    assert!(advice.iter().all(|help| help.starts_with("it takes")));
    let honest = with(2, 40);
    assert_eq!(honest[1], "did you mean `args.argument_name_1`?");
}

fn patterns_that_are_hard_together() {
    let with = |tools: usize, count: usize| {
        let each = (0..tools).map(|tool| {
            let hard = [
                format!("(a|b)*a(a|b){{{}}}c", 12 + tool % 5),
                format!("^[ab]*b[ab]{{{}}}c", count + tool % 7),
            ];
            let rules = hard.map(|pattern| condition("m", "regex", pattern));
            (format!("t{tool}"), json!({"require": rules}))
        });
        policy(&Value::Object(each.collect()))
    };
    let gate = |name: &str, tools: usize, before: usize, now: usize| {
        gate(
            name,
            &with(tools, before),
            &[("policy.json", &with(tools, now))],
        )
    };
    let ran = gate("hard-together-attack", 500, 12, 11);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("undetermined"), "{}", ran.code);
    let honest = gate("hard-together-honest", 500, 12, 12);
    assert_eq!(honest.code, 0, "{}", honest.err);
}

fn defects_under_a_long_key() {
    let with = |length: usize, repeated: usize| {
        let inside = vec!["\"a\":1"; repeated].join(",");
        let value = format!("{{\"{}\":{{{inside}}}}}", "k".repeat(length));
        let rule =
            format!("{{\"conditions\":[{{\"path\":\"args.a\",\"op\":\"eq\",\"value\":{value}}}]}}");
        policy(&json!({"t": {"deny_if": ["RULE"]}})).replace("\"RULE\"", &rule)
    };
    let old = with(10, 1);
    let ran = gate(
        "long-key-attack",
        &old,
        &[("policy.json", &with(200_000, 10_000))],
    );
    assert_eq!(ran.code, 3);
    let found = lint_findings(&ran);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].1.starts_with("Too many keys are repeated"),
        "{}",
        found[0].1
    );
    let honest = gate(
        "long-key-honest",
        &old,
        &[("policy.json", &with(200_000, 1))],
    );
    assert!(!honest.out.contains("Too many keys"), "{}", honest.code);
    assert_ne!(honest.code, 3, "{}", honest.err);
}

fn problems_without_end() {
    let old = policy(&json!({"t": {}}));
    let with = |unknown: usize| {
        let members = (0..unknown).map(|at| (format!("m{at}"), json!(1)));
        policy(&json!({"t": members.collect::<serde_json::Map<_, _>>()}))
    };
    let ran = gate("problems-attack", &old, &[("policy.json", &with(30_000))]);
    assert_eq!(ran.code, 3);
    let found = lint_findings(&ran);
    assert_eq!(found.len(), 10_001);
    let last = &found[10_000].1;
    assert_eq!(
        last,
        "There are 20000 more problems from here on, which are not listed"
    );
    let few = gate("problems-honest", &old, &[("policy.json", &with(300))]);
    assert_eq!(lint_findings(&few).len(), 300);
}

fn an_entry_of_a_product() {
    let old = policy(&json!({"t": {}}));
    let paths: Vec<String> = (0..300).map(|at| format!("p/{at}/policy.json")).collect();
    let gate = |name: &str, entry: &str| {
        let config = format!("{CONFIG}[[policy]]\npath = \"p/*/policy.json\"\n{entry}\n")
            .replace("[lint]\nfail-on = \"error\"\n", "");
        let mut files = vec![("mcppolicy.toml", &*config)];
        files.extend(paths.iter().map(|path| (path.as_str(), old.as_str())));
        gate(name, &old, &files)
    };
    let traces: Vec<String> = (0..4_000).map(|at| format!("\"{{dir}}/{at}\"")).collect();
    let ran = gate(
        "product-traces",
        &format!("traces = [{}]", traces.join(", ")),
    );
    assert_eq!(ran.code, 3, "{}", ran.err);
    let said =
        "has 4000 traces and categories for each of 300 policies, more than 1000000 together";
    assert!(ran.out.contains(said), "{}", ran.code);
    let server = "{dirname}".repeat(10_000);
    let ran = gate("product-server", &format!("server = \"{server}\""));
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(
        ran.out
            .contains("has 90000 bytes, more than the 4096 that are read")
    );
    let ran = gate("product-honest", "server = \"{dirname}\"");
    assert_eq!(ran.code, 0, "{}", ran.out);
}
