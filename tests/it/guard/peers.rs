//! Clients written with the official SDKs run one script against a real server: with a
//! tap between that records, which changes nothing, and with a guard, which changes what
//! the policy denies.

use std::process::Command;

use super::http::Listening;
use super::*;
use crate::live::http::{Peer, Tap, free_port, python};
use crate::live::{becomes_a_test, real, rust};
use crate::support::skipped;

const POLICY: &str = r#"{"version":"1","default":"deny","hide":["secret"],"tools":{"fails":{},
    "echo":{"deny_if":[{"conditions":[{"path":"args.text","op":"eq","value":"forbidden"}],
                        "on_deny":"Not that word"}]}}}"#;

/// The same server in both SDKs for Python.
fn server(version: &str) -> Option<Vec<String>> {
    let program = r#"
CLASS
@server.tool()
def echo(text: str) -> str:
    "Echoes a text"
    return "said " + text
@server.tool()
def secret() -> str:
    "Is not for everyone"
    return "the secret"
@server.tool()
def fails() -> str:
    "Fails"
    raise ValueError("as it should")
if http:
    server.run("streamable-http"RUN)
else:
    server.run()
"#;
    let class = "http = sys.argv[1:2] == [\"http\"]\n";
    let (class, run) = match version {
        "1" => (
            format!(
                "{class}from mcp.server.fastmcp import FastMCP\n\
                 server = FastMCP(\"python\", **({{\"host\": \"127.0.0.1\", \"port\": int(sys.argv[2])}} if http else {{}}))"
            ),
            "",
        ),
        _ => (
            format!(
                "{class}from mcp.server.mcpserver import MCPServer\nserver = MCPServer(\"python\")"
            ),
            ", host=\"127.0.0.1\", port=int(sys.argv[2])",
        ),
    };
    let program = program.replace("CLASS", &class).replace("RUN", run);
    python(version, &program).map(|(command, _)| command)
}

const STEPS: &str = r#"[["echo",{"text":"hello \u00e9\u2028"}],["echo",{"text":"forbidden"}],["secret",{}],["fails",{}],["missing",{}],["echo",{}]]"#;

const OLDER_PYTHON: &str = r#"
import asyncio, json
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client
async def main():
    kind, rest = sys.argv[1], sys.argv[2:]
    streams = streamablehttp_client(rest[0]) if kind == "http" else stdio_client(
        StdioServerParameters(command=rest[0], args=rest[1:]))
    async with streams as opened, ClientSession(opened[0], opened[1]) as session:
        await session.initialize()
        out = [sorted(tool.name for tool in (await session.list_tools()).tools)]
        for name, arguments in json.loads(STEPS):
            result = await session.call_tool(name, arguments)
            out.append([result.isError, result.content[0].text])
        await session.send_ping()
        print(json.dumps(out))
asyncio.run(main())
"#;

const NEWER_PYTHON: &str = r#"
import asyncio, json
from mcp import Client, StdioServerParameters
async def main():
    kind, rest = sys.argv[1], sys.argv[2:]
    server = rest[0] if kind == "http" else StdioServerParameters(command=rest[0], args=rest[1:])
    async with Client(server, mode="2026-07-28") as client:
        out = [sorted(tool.name for tool in (await client.list_tools()).tools)]
        for name, arguments in json.loads(STEPS):
            try:
                result = await client.call_tool(name, arguments)
                out.append([result.is_error, result.content[0].text])
            except Exception as error:
                out.append([True, str(error)])
        print(json.dumps(out))
asyncio.run(main())
"#;

const NODE: &str = r#"
const [kind, ...rest] = process.argv.slice(2);
const transport = kind === 'http'
  ? new StreamableHTTPClientTransport(new URL(rest[0]))
  : new StdioClientTransport({ command: rest[0], args: rest.slice(1), stderr: 'ignore' });
await client.connect(transport);
const out = [(await client.listTools()).tools.map((tool) => tool.name).sort()];
for (const [name, args] of STEPS) {
  try {
    const result = await client.callTool({ name, arguments: args });
    out.push([result.isError === true, result.content[0].text]);
  } catch (error) {
    out.push([true, error.message]);
  }
}
console.log(JSON.stringify(out));
await client.close();
process.exit(0);
"#;

const OLDER_NODE: &str = "
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
const client = new Client({ name: 'test', version: '1' });
";

const NEWER_NODE: &str = "
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
";

/// A client, as the arguments that start it.
fn client(name: &str) -> Option<Vec<String>> {
    let program = match name {
        "python-1" => {
            return python(
                "1",
                &OLDER_PYTHON.replace("STEPS", &format!("r'''{STEPS}'''")),
            )
            .map(|(command, _)| command);
        }
        "python-2" => {
            return python(
                "2",
                &NEWER_PYTHON.replace("STEPS", &format!("r'''{STEPS}'''")),
            )
            .map(|(command, _)| command);
        }
        "node-1" => OLDER_NODE,
        _ => NEWER_NODE,
    };
    real("server-everything")?;
    let peers = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../peers");
    if !peers
        .join("node_modules/@modelcontextprotocol/client")
        .is_dir()
    {
        skipped("@modelcontextprotocol/client");
        return None;
    }
    let file = peers.join(format!("client-{name}.mjs"));
    let text = format!("{program}{}", NODE.replace("STEPS", STEPS));
    std::fs::write(&file, text).unwrap();
    let file = file.canonicalize().unwrap();
    Some(vec!["node".to_owned(), file.to_str().unwrap().to_owned()])
}

/// What a client has seen.
fn seen(dir: &Path, client: &[String], kind: &str, rest: &[String]) -> Value {
    let output = Command::new(&client[0])
        .args(&client[1..])
        .arg(kind)
        .args(rest)
        .current_dir(dir)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// The results that the policy changes, and no other ones.
#[track_caller]
fn differ_where_denied(name: &str, direct: &Value, guarded: &Value) {
    let mut expected = direct.clone();
    let mut listed = direct[0].as_array().unwrap().clone();
    for tool in ["echo", "fails", "secret"] {
        assert!(listed.contains(&json!(tool)), "{name}: {listed:?}");
    }
    listed.retain(|tool| tool != "secret");
    assert_eq!(
        direct[1],
        json!([false, "said hello \u{e9}\u{2028}"]),
        "{name}"
    );
    expected[0] = json!(listed);
    let denied = |text: &str| json!([true, format!("[POLICY DENIED] {text}")]);
    expected[2] = denied("Not that word");
    expected[3] = denied("Tool \"secret\" is hidden by policy");
    expected[5] = denied("Tool \"missing\" is not permitted by policy");
    assert_eq!(guarded, &expected, "{name}");
}

/// The longest of the recordings whose names begin with `name`. There are several where
/// a client starts its server twice, at first to ask which protocol it speaks.
fn longest(dir: &Path, name: &str) -> String {
    let files = std::fs::read_dir(dir).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let files = files.filter(|file| file.starts_with(name));
    let longest = files.max_by_key(|file| std::fs::metadata(dir.join(file)).unwrap().len());
    longest.unwrap()
}

/// A recording of the script has each of its calls once, in their order, and becomes a
/// test that passes.
#[track_caller]
fn is_recorded(dir: &Path, name: &str) {
    let steps: Vec<Value> = serde_json::from_str(STEPS).unwrap();
    becomes_a_test(dir, &longest(dir, name), &steps);
}

/// Runs the script against a server of the standard input: by itself, with a tap
/// between, and behind a guard. `see` starts a server and says what the client has seen.
#[track_caller]
fn over_stdio(name: &str, dir: &Path, server: &[String], see: impl Fn(&[String]) -> Value) {
    let direct = see(server);
    let program = mcppolicy(dir).get_program().to_str().unwrap().to_owned();
    let before = |words: &str, server: &[String]| {
        let words = words.split(' ').map(str::to_owned);
        let command = std::iter::once(program.clone()).chain(words);
        command.chain(server.to_vec()).collect::<Vec<_>>()
    };
    let tapped = before("record -o tapped-{pid}.jsonl --", server);
    assert_eq!(see(&tapped), direct, "{name}");
    is_recorded(dir, "tapped-");
    let behind = before("record -o behind-{pid}.jsonl --", server);
    let guard = "guard --policy policy.json --log log.jsonl --";
    differ_where_denied(name, &direct, &see(&before(guard, &behind)));
    replays(dir, "log.jsonl");
    // What is denied does not reach the server.
    let steps: Vec<Value> = serde_json::from_str(STEPS).unwrap();
    let allowed = [0, 3, 5].map(|at| steps[at].clone());
    becomes_a_test(dir, &longest(dir, "behind-"), &allowed);
}

/// The same for a server of the network.
#[track_caller]
fn over_http(name: &str, dir: &Path, url: &str, see: impl Fn(&str) -> Value) {
    let direct = see(url);
    let tap = Tap::new(dir, url, &[]);
    let address = format!("http://{}/mcp", tap.address);
    assert_eq!(see(&address), direct, "{name}");
    assert_eq!(tap.end().0, Some(0), "{name}");
    is_recorded(dir, "t.");
    let options = ["--allow-unauthenticated", "--log", "http.jsonl"];
    let guard = Listening::start(dir, url, &options);
    let guarded = see(&format!("http://{}/mcp", guard.address));
    let (code, said) = guard.end();
    assert_eq!(code, Some(0), "{said}");
    differ_where_denied(name, &direct, &guarded);
    replays(dir, "http.jsonl");
}

fn runs_the_same(name: &str, version: &str) {
    let (Some(client), Some(server)) = (client(name), server(version)) else {
        return;
    };
    let dir = scene(&format!("guard-peers-{name}"), POLICY, "");
    over_stdio(name, &dir, &server, |command| {
        seen(&dir, &client, "stdio", command)
    });
    let port = free_port();
    let command = [server, vec!["http".to_owned(), port.to_string()]].concat();
    let peer = Peer::start(&command, Some(port), "running on");
    over_http(name, &dir, &peer.url(), |url| {
        seen(&dir, &client, "http", &[url.to_owned()])
    });
    let log = |name: &str| {
        let text = std::fs::read_to_string(dir.join(name)).unwrap();
        let decided = |call: &Value| (call["request"].clone(), call["expect"].clone());
        calls(&text).iter().map(decided).collect::<Vec<_>>()
    };
    assert_eq!(log("http.jsonl"), log("log.jsonl"));
}

/// A server of the network that is written with the SDK for Rust, and a client from npm.
fn runs_the_same_in_rust(name: &str, era: &str) {
    let Some(client) = client(name) else {
        return;
    };
    let dir = scene(&format!("guard-peers-{name}-rust"), POLICY, "");
    over_http(name, &dir, &rust::listening(era), |url| {
        seen(&dir, &client, "http", &[url.to_owned()])
    });
}

#[test]
fn a_client_in_python_of_the_older_era_sees_what_the_policy_allows() {
    runs_the_same("python-1", "1");
}

#[test]
fn a_client_in_python_of_the_newer_era_sees_what_the_policy_allows() {
    runs_the_same("python-2", "2");
}

#[test]
fn a_client_in_typescript_of_the_older_era_sees_what_the_policy_allows() {
    runs_the_same("node-1", "1");
}

#[test]
fn a_client_in_typescript_of_the_newer_era_sees_what_the_policy_allows() {
    runs_the_same("node-2", "2");
}

#[test]
fn clients_in_typescript_of_both_eras_see_of_a_server_in_rust_what_the_policy_allows() {
    runs_the_same_in_rust("node-1", rust::OLDER);
    runs_the_same_in_rust("node-2", rust::NEWER);
}

#[test]
fn a_client_in_rust_of_both_eras_sees_of_a_server_in_rust_what_the_policy_allows() {
    let steps: Vec<Value> = serde_json::from_str(STEPS).unwrap();
    for era in [rust::OLDER, rust::NEWER] {
        let name = format!("rust-{era}");
        let dir = scene(&format!("guard-peers-{name}"), POLICY, "");
        over_stdio(&name, &dir, &rust::serving(era), |command| {
            rust::with_client(&dir, era, command, async |client| {
                let tools = client.list_all_tools().await.unwrap();
                let mut names: Vec<_> = tools.iter().map(|tool| &tool.name).collect();
                names.sort();
                let mut out = vec![json!(names)];
                for step in &steps {
                    out.push(rust::called(client, step).await);
                }
                Value::Array(out)
            })
        });
    }
}
