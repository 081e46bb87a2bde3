//! A server written with the SDK for Rust, which has both eras of the protocol over
//! both transports, and the same SDK's client.
//!
//! The server of the standard input is this program of tests itself, started to run
//! one test, which then serves instead. So there is nothing else to build.

use std::borrow::Cow;
use std::convert::Infallible;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::thread;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ClientConfig,
    ContentBlock, CreateTaskResult, ElicitRequest, ElicitRequestParams, ElicitResult,
    ElicitationAction, GetTaskParams, GetTaskResult, Implementation, InputRequest, InputRequests,
    InputRequiredResult, ListToolsResult, PaginatedRequestParams, ProtocolVersion,
    ServerCapabilities, ServerConfig, TaskPayload, TaskStatus, Tool, UpdateTaskParams,
};
use rmcp::service::{RequestContext, RunningService};
use rmcp::task_manager::{TaskManager, TaskOptions};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{
    ClientHandler, ClientLifecycleMode, ClientServiceExt, ErrorData, RoleClient, RoleServer,
    ServerHandler, ServiceExt,
};

use super::http::{
    Tap, asked, body, called as called_and_replayed, head, header, listed_and_tapped, modern_call,
    post, send,
};
use super::*;
use crate::support::{fresh, mcppolicy, run, write};

/// Says to this program that it is a server, and of which era.
const SERVES: &str = "MCPPOLICY_TEST_SERVES";

/// What a server may speak: everything, or one version.
const BOTH: &str = "both";
pub const OLDER: &str = "2025-11-25";
pub const NEWER: &str = "2026-07-28";

/// The tools that the server lists, sorted.
pub const TOOLS: [&str; 6] = ["add", "ask", "echo", "fails", "later", "secret"];

#[derive(Clone)]
struct Server {
    versions: Vec<ProtocolVersion>,
    tasks: TaskManager,
}

impl Server {
    fn of(era: &str) -> Server {
        let known = ProtocolVersion::KNOWN_VERSIONS.iter();
        Server {
            versions: known
                .filter(|version| era == BOTH || version.as_str() == era)
                .cloned()
                .collect(),
            tasks: TaskManager::new(),
        }
    }
}

/// Asks a person for a name.
fn name_wanted() -> InputRequest {
    let params = ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: "Whom to greet?".to_owned(),
        requested_schema: serde_json::from_value(json!({
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"]
        }))
        .unwrap(),
    };
    InputRequest::Elicitation(ElicitRequest::new(params))
}

fn said(text: impl Into<String>) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(text)])
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_tasks();
        ServerConfig::new(capabilities.build())
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.versions.clone().into()
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let of = |name: &str| match name {
            "add" => (
                "Adds two numbers",
                json!({"a": {"type": "number"}, "b": {"type": "number"}}),
            ),
            "echo" => ("Echoes a text", json!({"text": {"type": "string"}})),
            "fails" => ("Fails", json!({})),
            "ask" => ("Greets whom it asks for", json!({})),
            "later" => ("Greets in its own time", json!({})),
            _ => ("Is not for everyone", json!({})),
        };
        let tool = |name: &'static str| {
            let (description, properties) = of(name);
            let schema = json!({"type": "object", "properties": properties});
            Tool::new(name, description, schema.as_object().unwrap().clone())
        };
        Ok(ListToolsResult::with_all_items(TOOLS.map(tool).to_vec()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let argument = |name: &str| {
            let value = request.arguments.as_ref().and_then(|all| all.get(name));
            value.ok_or_else(|| ErrorData::invalid_params(format!("there is no {name}"), None))
        };
        let result = match request.name.as_ref() {
            "add" => {
                let number = |name: &str| argument(name).map(|value| value.as_f64().unwrap());
                said((number("a")? + number("b")?).to_string())
            }
            "echo" => said(format!("said {}", argument("text")?.as_str().unwrap())),
            "fails" => CallToolResult::error(vec![ContentBlock::text("as it should")]),
            "secret" => said("the secret"),
            "ask" => match request.request_state.as_deref() {
                None => {
                    let wanted = InputRequests::from([("who".to_owned(), name_wanted())]);
                    let state = Some("a state of the server".to_owned());
                    return Ok(InputRequiredResult::new(Some(wanted), state).into());
                }
                Some(_) => {
                    let given = request.input_responses.as_ref();
                    let who = given.map(|given| given["who"]["content"]["name"].clone());
                    said(format!("Hello {}", who.unwrap().as_str().unwrap()))
                }
            },
            "later" => {
                let capabilities = context.client_capabilities();
                if !capabilities.is_some_and(|of| of.supports_tasks()) {
                    return Ok(said("Hello now").into());
                }
                let task = self.tasks.spawn(TaskOptions::new(), |task| {
                    Box::pin(async move {
                        let who = task.request_input("who", name_wanted()).await?;
                        let who = who["content"]["name"].as_str().unwrap();
                        Ok(said(format!("Hello later {who}")))
                    })
                });
                return Ok(CreateTaskResult::new(task).into());
            }
            name => {
                let message = format!("there is no tool {name}");
                return Err(ErrorData::invalid_params(message, None));
            }
        };
        Ok(result.into())
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        let task = self.tasks.get_task(&request.task_id)?;
        Ok(GetTaskResult::new(task))
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let responses = request.input_responses;
        self.tasks.update_task(&request.task_id, responses)
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap()
}

/// A server of the standard input, as the arguments that start it. The harness
/// reports on the standard output, so the server is given another file for its own,
/// and puts it where it belongs.
pub fn serving(era: &str) -> Vec<String> {
    let program = std::env::current_exe().unwrap();
    let test = "live::rust::a_server_in_rust_is_listed_over_both_transports";
    let start = format!("{SERVES}={era} exec \"$0\" --exact {test} --nocapture 2>&1 >/dev/null");
    let words = ["sh", "-c", &start, program.to_str().unwrap()];
    words.map(str::to_owned).to_vec()
}

/// Serves until the client has closed its side.
fn serve(era: &str) {
    runtime().block_on(async {
        let pipes = (tokio::io::stdin(), tokio::io::stderr());
        let running = Server::of(era).serve(pipes).await.unwrap();
        running.waiting().await.unwrap();
    });
}

/// A server of the network, with sessions in the older era; its URL.
pub fn listening(era: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let server = Server::of(era);
    thread::spawn(move || {
        runtime().block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let service = StreamableHttpService::new(
                move || Ok(server.clone()),
                Arc::new(LocalSessionManager::default()),
                StreamableHttpServerConfig::default(),
            );
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = service.clone();
                let answer = service_fn(move |request| {
                    let service = service.clone();
                    async move { Ok::<_, Infallible>(service.handle(request).await) }
                });
                let connection = http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), answer));
            }
        });
    });
    url
}

/// A client that gives a name to whoever asks, and takes tasks.
#[derive(Clone)]
pub struct Person;

fn answer() -> ElicitResult {
    ElicitResult::new(ElicitationAction::Accept).with_content(json!({"name": "Ferris"}))
}

impl ClientHandler for Person {
    fn get_info(&self) -> ClientConfig {
        let capabilities = ClientCapabilities::builder();
        let capabilities = capabilities.enable_elicitation().enable_tasks().build();
        ClientConfig::new(capabilities, Implementation::new("test", "1"))
    }

    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        Ok(answer())
    }
}

/// Starts a server, works with it as a client of the era, and closes; what the work
/// gave.
pub fn with_client<T>(
    dir: &Path,
    era: &str,
    command: &[String],
    work: impl AsyncFnOnce(&RunningService<RoleClient, Person>) -> T,
) -> T {
    let lifecycle = match era {
        NEWER => ClientLifecycleMode::Discover {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        },
        _ => ClientLifecycleMode::Initialize,
    };
    runtime().block_on(async {
        let mut child = tokio::process::Command::new(&command[0])
            .args(&command[1..])
            .current_dir(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pipes = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        let client = Person.serve_with_lifecycle(pipes, lifecycle).await.unwrap();
        let given = work(&client).await;
        client.cancel().await.unwrap();
        assert!(child.wait().await.unwrap().success());
        given
    })
}

fn params(tool: &str, arguments: &Value) -> CallToolRequestParams {
    let params = CallToolRequestParams::new(tool.to_owned());
    params.with_arguments(arguments.as_object().unwrap().clone())
}

/// Calls a tool with its arguments: whether it failed, and what it said.
pub async fn called(client: &RunningService<RoleClient, Person>, step: &Value) -> Value {
    let call = params(step[0].as_str().unwrap(), &step[1]);
    match client.call_tool(call).await {
        Ok(result) => {
            let text = &result.content[0].as_text().unwrap().text;
            json!([result.is_error == Some(true), text])
        }
        Err(error) => json!([true, error.to_string()]),
    }
}

/// `mcppolicy` with these arguments before a server of the standard input.
fn before(dir: &Path, arguments: &[&str], server: &[String]) -> Vec<String> {
    let program = mcppolicy(dir).get_program().to_str().unwrap().to_owned();
    let arguments = arguments.iter().map(|&word| word.to_owned());
    let command = std::iter::once(program).chain(arguments);
    command
        .chain(["--".to_owned()])
        .chain(server.to_vec())
        .collect()
}

/// The names of the tools in a kept list.
fn names(file: &Path) -> Vec<String> {
    let kept = std::fs::read_to_string(file).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    let tools = kept["tools"].as_array().unwrap().iter();
    tools
        .map(|tool| tool["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_server_in_rust_is_listed_over_both_transports() {
    if let Ok(era) = std::env::var(SERVES) {
        return serve(&era);
    }
    // One that speaks both is asked as the older era does.
    for (era, version) in [(BOTH, OLDER), (OLDER, OLDER), (NEWER, NEWER)] {
        let dir = fresh(&format!("rust_listed_{era}"));
        let server = serving(era);
        let words: Vec<&str> = server.iter().map(String::as_str).collect();
        for how in [&["inventory"][..], &["inventory", "--check"]] {
            let arguments = [how, &["-o", "tools.json", "--"], &words].concat();
            let ran = run(&dir, &arguments);
            assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        }
        assert_eq!(names(&dir.join("tools.json")), TOOLS);
        let of = asked(&dir.join("tools.json"));
        assert_eq!(of["protocolVersion"], version, "{era}");
        let name = format!("rust_tapped_{era}");
        let dir = listed_and_tapped(&name, &listening(era), version);
        assert_eq!(names(&dir.join("direct.json")), TOOLS);
    }
}

const POLICY: &str = r#"{"version":"1","default":"deny","tools":{"fails":{},"ask":{},"later":{},
    "add":{"deny_if":[{"conditions":[{"path":"args.b","op":"gt","value":2}],"on_deny":"Too much"}]},
    "echo":{"require":[{"conditions":[{"path":"args.text","op":"regex","value":"^[a-z]+$"}]}]}}}"#;

/// A directory with the policy.
fn scene(name: &str) -> PathBuf {
    let dir = fresh(name);
    write(&dir, "policy.json", POLICY);
    dir
}

/// The calls of an import, and whether each was seen to be let through.
fn outcomes(dir: &Path, recording: &str) -> Vec<(String, bool)> {
    let ran = run(dir, &["import", recording]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let lines = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let calls = lines.filter(|line: &Value| line.get("tool").is_some());
    let shown = calls.map(|call| {
        let tool = call["tool"].as_str().unwrap().to_owned();
        (tool, call["observed"] == "allow")
    });
    shown.collect()
}

#[test]
fn a_session_with_a_server_in_rust_is_recorded_and_becomes_a_test() {
    let steps = [
        json!(["echo", {"text": "hello"}]),
        json!(["add", {"a": 1, "b": 2.5}]),
        json!(["fails", {}]),
        json!(["echo", {"text": "gr\u{fc}\u{df}e \u{1f600}\u{0}"}]),
        json!(["missing", {"n": 1}]),
        json!(["echo", {}]),
    ];
    for era in [OLDER, NEWER] {
        let dir = scene(&format!("rust_recorded_{era}"));
        let server = before(&dir, &["record", "-o", "t.jsonl"], &serving(BOTH));
        let seen = with_client(&dir, era, &server, async |client| {
            let mut seen = vec![json!(client.list_all_tools().await.unwrap().len())];
            for step in &steps {
                seen.push(called(client, step).await);
            }
            seen
        });
        assert_eq!(
            seen[..3],
            [
                json!(6),
                json!([false, "said hello"]),
                json!([false, "3.5"])
            ]
        );
        assert_eq!(seen[3], json!([true, "as it should"]));
        assert!(
            seen[5][1].as_str().unwrap().contains("no tool missing"),
            "{seen:?}"
        );
        becomes_a_test(&dir, "t.jsonl", &steps);
        // An error about parameters may be a gateway's own: it shows no decision.
        let seen = outcomes(&dir, "t.jsonl").into_iter();
        let seen: Vec<bool> = seen.map(|(_, observed)| observed).collect();
        assert_eq!(seen, [true, true, true, true, false, false]);
        // What the policy says of it: the number, the letters, the names.
        let ran = run(
            &dir,
            &["test", "t.jsonl", "--allow-unasserted", "--format", "json"],
        );
        let summary = &ran.report()["summary"];
        let counts = ["calls", "allow", "deny", "undetermined"].map(|of| summary[of].as_u64());
        assert_eq!(counts, [6, 2, 4, 0].map(Some), "{era}: {}", ran.out);
    }
}

/// Sends a message on a connection of its own; the head, and the answer to just that.
fn posted(address: &str, headers: &str, message: &Value) -> (String, Value) {
    let text = message.to_string().into_bytes();
    let accept = "Accept: application/json, text/event-stream\n";
    let mut stream = send(address, &post(&text, &format!("{accept}{headers}")), &text);
    let head = head(&mut stream);
    let body = String::from_utf8(body(&head, &mut stream)).unwrap();
    let mut events = body
        .lines()
        .map(|line| line.strip_prefix("data: ").unwrap_or(line));
    let answer = events.find_map(|event| {
        let answer: Value = serde_json::from_str(event).ok()?;
        (answer["id"] == message["id"]).then_some(answer)
    });
    (head, answer.unwrap_or_default())
}

#[test]
fn sessions_with_a_server_in_rust_are_recorded_over_the_network_without_a_credential() {
    let dir = scene("rust_http_older");
    let headers = write(&dir, "headers", "Authorization: Bearer s3cret-of-the-tap\n");
    std::fs::set_permissions(&headers, std::fs::Permissions::from_mode(0o600)).unwrap();
    let tap = Tap::new(&dir, &listening(BOTH), &["--header-file", "headers"]);
    let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": OLDER, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}});
    let cookie = "Cookie: id=s3cret-of-the-client\n";
    let (head, answer) = posted(&tap.address, cookie, &hello);
    assert_eq!(answer["result"]["protocolVersion"], OLDER, "{head}");
    let session = header(&head, "mcp-session-id").expect(&head);
    let headers = format!("{cookie}Mcp-Session-Id: {session}\nMcp-Protocol-Version: {OLDER}\n");
    let notice = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert!(
        posted(&tap.address, &headers, &notice)
            .0
            .starts_with("HTTP/1.1 202")
    );
    let steps = [
        json!(["echo", {"text": "hello"}]),
        json!(["add", {"a": 1, "b": 2.5}]),
        json!(["echo", {"text": "hello"}]),
        json!(["fails", {}]),
    ];
    for (id, step) in steps.iter().enumerate() {
        let params = json!({"name": step[0], "arguments": step[1]});
        let call =
            json!({"jsonrpc": "2.0", "id": id + 1, "method": "tools/call", "params": params});
        let (head, answer) = posted(&tap.address, &headers, &call);
        assert!(answer["result"]["content"].is_array(), "{head}{answer}");
    }
    assert_eq!(tap.end(), (Some(0), String::new()));
    let text = std::fs::read_to_string(dir.join("t.jsonl")).unwrap();
    assert!(
        !text.contains("s3cret") && !text.contains(&session),
        "{text}"
    );
    becomes_a_test(&dir, "t.jsonl", &steps);
    assert!(
        outcomes(&dir, "t.jsonl")
            .iter()
            .all(|(_, observed)| *observed),
        "{text}"
    );

    let (headers, call) = modern_call();
    called_and_replayed("rust_http_newer", &listening(NEWER), &headers, &call);
}

#[test]
fn a_call_that_is_asked_back_counts_in_each_round_and_one_that_becomes_a_task_counts_once() {
    let dir = scene("rust_rounds");
    let server = before(&dir, &["record", "-o", "t.jsonl"], &serving(NEWER));
    let seen = with_client(&dir, NEWER, &server, async |client| {
        let greeted = client.call_tool(params("ask", &json!({}))).await.unwrap();
        let once = client.call_tool_once(params("later", &json!({}))).await;
        let CallToolResponse::Task(begun) = once.unwrap() else {
            panic!("it is no task");
        };
        let id = begun.task.task_id;
        let later = loop {
            let asked = client.get_task(GetTaskParams::new(id.clone())).await;
            match asked.unwrap().task.payload {
                TaskPayload::InputRequired { .. } => {
                    let given = serde_json::to_value(answer()).unwrap();
                    let given = [("who".to_owned(), given)].into();
                    let update = UpdateTaskParams::new(id.clone(), given);
                    client.update_task(update).await.unwrap();
                }
                TaskPayload::Completed { result } => break result,
                other => assert_eq!(other.status(), TaskStatus::Working),
            }
        };
        [json!(greeted), json!(later)].map(|result| result["content"][0]["text"].clone())
    });
    assert_eq!(seen, ["Hello Ferris", "Hello later Ferris"]);
    let of = |tool: &str, observed| (tool.to_owned(), observed);
    // The server's question is no outcome; a task has that of its call.
    let expected = [of("ask", false), of("ask", true), of("later", true)];
    assert_eq!(outcomes(&dir, "t.jsonl"), expected);
    let steps = ["ask", "ask", "later"].map(|tool| json!([tool, {}]));
    becomes_a_test(&dir, "t.jsonl", &steps);

    // The same over the network, as a client without sessions does it.
    let dir = scene("rust_http_rounds");
    let tap = Tap::new(&dir, &listening(NEWER), &[]);
    let (headers, mut call) = modern_call();
    let headers = headers.replace("echo", "ask");
    call["params"]["name"] = json!("ask");
    call["params"]["arguments"] = json!({});
    let (_, question) = posted(&tap.address, &headers, &call);
    assert_eq!(
        question["result"]["resultType"], "input_required",
        "{question}"
    );
    call["params"]["requestState"] = question["result"]["requestState"].clone();
    call["params"]["inputResponses"] = json!({"who": answer()});
    let (_, greeted) = posted(&tap.address, &headers, &call);
    assert_eq!(
        greeted["result"]["content"][0]["text"], "Hello Ferris",
        "{greeted}"
    );
    assert_eq!(tap.end(), (Some(0), String::new()));
    assert_eq!(outcomes(&dir, "t.jsonl"), expected[..2]);
    becomes_a_test(&dir, "t.jsonl", &steps[..2]);
}
