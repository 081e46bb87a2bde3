//! What the formats of logs look like, line by line. The members are those that the
//! programs write; `testdata/traces` says where each format is described.

use mcppolicy_trace::trace::options::Format;

/// How a log is written: what is before, between and after the calls. The parts are
/// templates, except the beginning and the end of the file.
pub struct Log {
    /// The name in the table.
    pub name: &'static str,
    /// What the log is taken for.
    pub format: Format,
    /// At the beginning of the file.
    pub head: &'static str,
    /// Before each group of calls, such as the calls of a session or those of a line.
    pub begin: &'static str,
    /// Each call, with its answer.
    pub call: &'static str,
    /// Between two calls of a group.
    pub between: &'static str,
    /// After each group.
    pub end: &'static str,
    /// Between two groups.
    pub between_groups: &'static str,
    /// At the end of the file.
    pub tail: &'static str,
    /// How many calls are in a group.
    pub group: u64,
    /// Whether the decisions are those of the native log. They are not where a log lacks
    /// arguments, or names no session: then the whole file is one grant.
    pub decides_alike: bool,
}

/// What most logs have: lines for each call.
const LINES: Log = Log {
    name: "",
    format: Format::Native,
    head: "",
    begin: "",
    call: "",
    between: "",
    end: "",
    between_groups: "",
    tail: "",
    group: crate::template::CALLS_OF_SESSION,
    decides_alike: true,
};

/// The logs that are measured. The first, with the answers of the calls as the other
/// formats have them, is what the others are compared with.
pub const LOGS: [Log; 19] = [
    Log {
        name: "native",
        call: r#"{"ts":"<<ts>>","grant":"<<session>>","server":"<<server>>","tool":"<<tool>>","arguments":<<arguments>>,"response":<<response>>,"response_ts":"<<end>>"}
"#,
        ..LINES
    },
    // What `import` writes of calls that were let through.
    Log {
        name: "native, observed",
        call: r#"{"ts":"<<ts>>","grant":"<<session>>","server":"<<server>>","tool":"<<tool>>","arguments":<<arguments>>,"observed":"allow","origin":{"file":"session.jsonl","line":7},"id":"<<number>>"}
"#,
        ..LINES
    },
    Log {
        name: "native, no answers",
        call: r#"{"ts":"<<ts>>","grant":"<<session>>","server":"<<server>>","tool":"<<tool>>","arguments":<<arguments>>}
"#,
        ..LINES
    },
    Log {
        name: "jsonrpc",
        format: Format::JsonRpc,
        call: r#"{"ts":"<<ts>>","dir":"client->server","session":"<<session>>","server":"<<server>>","msg":<<request>>}
{"ts":"<<end>>","dir":"server->client","session":"<<session>>","server":"<<server>>","msg":<<response>>}
"#,
        ..LINES
    },
    // One conversation on each line, without times.
    Log {
        name: "openai",
        format: Format::OpenAi,
        begin: r#"{"conversation_id":"<<session>>","model":"gpt-5","messages":[{"role":"system","content":"You are a careful assistant. Use the tools."},{"role":"user","content":"Find out why the test fails on staging, and mend it."},"#,
        call: r#"{"role":"assistant","content":null,"tool_calls":[{"id":"call_<<id>>","type":"function","function":{"name":"mcp__<<server>>__<<tool>>","arguments":<<arguments_text>>}}]},{"role":"tool","tool_call_id":"call_<<id>>","content":<<text_text>>}"#,
        between: ",",
        end: r#",{"role":"assistant","content":"The test passes now."}]}
"#,
        ..LINES
    },
    Log {
        name: "claude-code",
        format: Format::ClaudeCode,
        begin: r#"{"parentUuid":null,"isSidechain":false,"userType":"external","cwd":"/home/ann/project","sessionId":"<<session>>","version":"2.1.1","gitBranch":"main","type":"user","message":{"role":"user","content":"Find out why the test fails on staging, and mend it."},"uuid":"<<uuid_before>>","timestamp":"<<ts>>"}
"#,
        call: r#"{"parentUuid":"<<uuid_before>>","isSidechain":false,"userType":"external","cwd":"/home/ann/project","sessionId":"<<session>>","version":"2.1.1","gitBranch":"main","message":{"model":"claude-sonnet-4-5-20250929","id":"msg_<<id>>","type":"message","role":"assistant","content":[{"type":"tool_use","id":"toolu_<<id>>","name":"mcp__<<server>>__<<tool>>","input":<<arguments>>}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":4,"cache_creation_input_tokens":412,"cache_read_input_tokens":48213,"cache_creation":{"ephemeral_5m_input_tokens":412,"ephemeral_1h_input_tokens":0},"output_tokens":187,"service_tier":"standard"}},"requestId":"req_<<id>>","type":"assistant","uuid":"<<uuid>>","timestamp":"<<ts>>"}
{"parentUuid":"<<uuid>>","isSidechain":false,"userType":"external","cwd":"/home/ann/project","sessionId":"<<session>>","version":"2.1.1","gitBranch":"main","type":"user","message":{"role":"user","content":[{"tool_use_id":"toolu_<<id>>","type":"tool_result","content":[{"type":"text","text":<<text_text>>}]}]},"uuid":"<<uuid_after>>","timestamp":"<<end>>","toolUseResult":[{"type":"text","text":<<text_text>>}],"sourceToolAssistantUUID":"<<uuid>>"}
"#,
        ..LINES
    },
    // Recent versions also write an event at the end of a call, and one with the tokens.
    Log {
        name: "codex",
        format: Format::Codex,
        begin: r#"{"timestamp":"<<ts>>","type":"session_meta","payload":{"id":"<<session>>","timestamp":"<<ts>>","cwd":"/home/ann/project","originator":"codex_cli_rs","cli_version":"0.65.0","source":"cli","model_provider":"openai","git":{"commit_hash":"<<id>>","branch":"main"}}}
{"timestamp":"<<ts>>","type":"turn_context","payload":{"cwd":"/home/ann/project","approval_policy":"on-request","sandbox_policy":{"type":"workspace-write"},"model":"gpt-5-codex","summary":"auto"}}
{"timestamp":"<<ts>>","type":"response_item","payload":{"type":"message","role":"user","content":[{"type":"input_text","text":"Find out why the test fails on staging, and mend it."}]}}
"#,
        call: r#"{"timestamp":"<<ts>>","type":"response_item","payload":{"type":"function_call","name":"mcp__<<server>>__<<tool>>","arguments":<<arguments_text>>,"call_id":"call_<<id>>"}}
{"timestamp":"<<end>>","type":"event_msg","payload":{"type":"mcp_tool_call_end","call_id":"call_<<id>>","invocation":{"server":"<<server>>","tool":"<<tool>>","arguments":<<arguments>>},"duration":{"secs":0,"nanos":120000000},"result":{"Ok":<<content>>}}}
{"timestamp":"<<end>>","type":"response_item","payload":{"type":"function_call_output","call_id":"call_<<id>>","output":<<text_text>>}}
{"timestamp":"<<end>>","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":48629,"cached_input_tokens":48213,"output_tokens":187,"reasoning_output_tokens":64,"total_tokens":48816},"model_context_window":272000},"rate_limits":null}}
"#,
        ..LINES
    },
    // A batch of twenty spans on each line.
    Log {
        name: "otlp",
        format: Format::Otlp,
        begin: r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"agent"}},{"key":"service.version","value":{"stringValue":"1.4.0"}},{"key":"telemetry.sdk.language","value":{"stringValue":"python"}},{"key":"telemetry.sdk.name","value":{"stringValue":"opentelemetry"}}]},"scopeSpans":[{"scope":{"name":"opentelemetry.instrumentation.mcp","version":"0.50b0"},"spans":["#,
        call: r#"{"traceId":"<<trace>>","spanId":"<<id>>","parentSpanId":"00f067aa0ba902b7","flags":257,"name":"tools/call <<tool>>","kind":3,"startTimeUnixNano":"<<nanos>>","endTimeUnixNano":"<<nanos_end>>","attributes":[{"key":"mcp.method.name","value":{"stringValue":"tools/call"}},{"key":"gen_ai.operation.name","value":{"stringValue":"execute_tool"}},{"key":"gen_ai.tool.name","value":{"stringValue":"<<tool>>"}},{"key":"mcp.session.id","value":{"stringValue":"<<session>>"}},{"key":"mcp.protocol.version","value":{"stringValue":"2025-06-18"}},{"key":"jsonrpc.request.id","value":{"stringValue":"<<number>>"}},{"key":"network.transport","value":{"stringValue":"pipe"}},{"key":"gen_ai.tool.call.arguments","value":{"stringValue":<<arguments_text>>}},{"key":"gen_ai.tool.call.result","value":{"stringValue":<<content_text>>}}],"status":{}}"#,
        between: ",",
        end: r#"]}]}]}
"#,
        group: 20,
        ..LINES
    },
    Log {
        name: "hooks",
        format: Format::Hooks,
        call: r#"{"session_id":"<<session>>","transcript_path":"/home/ann/.claude/projects/project/<<session>>.jsonl","cwd":"/home/ann/project","permission_mode":"default","timestamp":"<<ts>>","hook_event_name":"PreToolUse","tool_name":"mcp__<<server>>__<<tool>>","tool_input":<<arguments>>,"tool_use_id":"toolu_<<id>>"}
{"session_id":"<<session>>","transcript_path":"/home/ann/.claude/projects/project/<<session>>.jsonl","cwd":"/home/ann/project","permission_mode":"default","timestamp":"<<end>>","hook_event_name":"PostToolUse","tool_name":"mcp__<<server>>__<<tool>>","tool_input":<<arguments>>,"tool_response":[{"type":"text","text":<<text_text>>}],"tool_use_id":"toolu_<<id>>"}
"#,
        ..LINES
    },
    Log {
        name: "copilot",
        format: Format::Copilot,
        begin: r#"{"type":"session.start","data":{"sessionId":"<<session>>","version":1,"producer":"copilot-agent","startTime":"<<ts>>"},"id":"<<uuid_before>>","timestamp":"<<ts>>","parentId":null}
"#,
        call: r#"{"type":"tool.execution_start","data":{"toolCallId":"call_<<id>>","toolName":"<<server>>-<<tool>>","arguments":<<arguments>>,"mcpServerName":"<<server>>","mcpToolName":"<<tool>>"},"id":"<<uuid>>","timestamp":"<<ts>>","parentId":"<<uuid_before>>"}
{"type":"tool.execution_complete","data":{"toolCallId":"call_<<id>>","success":true,"result":{"content":<<text_text>>,"detailedContent":<<text_text>>},"toolTelemetry":{}},"id":"<<uuid_after>>","timestamp":"<<end>>","parentId":"<<uuid>>"}
"#,
        ..LINES
    },
    // A message is written again when its calls go on.
    Log {
        name: "gemini",
        format: Format::Gemini,
        begin: r#"{"sessionId":"<<session>>","projectHash":"<<hash>>","startTime":"<<ts>>","lastUpdated":"<<ts>>","kind":"main"}
"#,
        call: r#"{"id":"<<uuid>>","timestamp":"<<ts>>","type":"gemini","content":"","thoughts":[],"model":"gemini-3-pro","toolCalls":[{"id":"<<id>>","name":"mcp_<<server>>_<<tool>>","args":<<arguments>>,"status":"executing","timestamp":"<<ts>>"}]}
{"id":"<<uuid>>","timestamp":"<<ts>>","type":"gemini","content":"","thoughts":[],"model":"gemini-3-pro","tokens":{"input":48629,"output":187,"cached":48213,"thoughts":64,"tool":0,"total":48816},"toolCalls":[{"id":"<<id>>","name":"mcp_<<server>>_<<tool>>","args":<<arguments>>,"status":"success","timestamp":"<<end>>","result":[{"functionResponse":{"id":"<<id>>","name":"mcp_<<server>>_<<tool>>","response":{"output":<<text_text>>}}}]}]}
"#,
        ..LINES
    },
    // One session on each line.
    Log {
        name: "opencode",
        format: Format::OpenCode,
        begin: r#"{"info":{"id":"<<session>>","version":"1.0.0","directory":"/home/ann/project","title":"The test on staging"},"messages":["#,
        call: r#"{"info":{"id":"msg_<<id>>","sessionID":"<<session>>","role":"assistant","time":{"created":<<millis>>,"completed":<<millis_end>>},"modelID":"claude-sonnet-4-5","providerID":"anthropic","tokens":{"input":4,"output":187,"reasoning":0}},"parts":[{"id":"<<uuid>>","sessionID":"<<session>>","messageID":"msg_<<id>>","type":"tool","callID":"call_<<id>>","tool":"<<server>>_<<tool>>","state":{"status":"completed","input":<<arguments>>,"output":<<text_text>>,"title":"","metadata":{},"time":{"start":<<millis>>,"end":<<millis_end>>}}}]}"#,
        between: ",",
        end: r#"]}
"#,
        ..LINES
    },
    // From here on, most logs name no session, so that each file is one grant.
    Log {
        name: "vscode",
        format: Format::VsCode,
        call: r#"<<local>> [debug] [editor -> server] <<request>>
<<local_end>> [debug] [server -> editor] <<response>>
"#,
        decides_alike: false,
        ..LINES
    },
    Log {
        name: "claude-desktop",
        format: Format::ClaudeDesktop,
        call: r#"<<ts>> [<<server>>] [info] Message from client: <<request>> { metadata: undefined }
<<end>> [<<server>>] [info] Message from server: <<response>> { metadata: undefined }
"#,
        decides_alike: false,
        ..LINES
    },
    // One document, an entry on each line.
    Log {
        name: "har",
        format: Format::Har,
        head: r#"{"log":{"version":"1.2","creator":{"name":"a browser","version":"1"},"pages":[],"entries":[
"#,
        call: r#"{"startedDateTime":"<<ts>>","time":120,"request":{"method":"POST","url":"https://gw.example.com/mcp","httpVersion":"h2","headers":[{"name":"accept","value":"application/json, text/event-stream"},{"name":"content-type","value":"application/json"},{"name":"mcp-session-id","value":"<<session>>"},{"name":"mcp-protocol-version","value":"2025-06-18"},{"name":"user-agent","value":"client/1.0"}],"queryString":[],"cookies":[],"headersSize":-1,"bodySize":-1,"postData":{"mimeType":"application/json","text":<<request_text>>}},"response":{"status":200,"statusText":"","httpVersion":"h2","headers":[{"name":"content-type","value":"application/json"},{"name":"cache-control","value":"no-store"}],"cookies":[],"content":{"size":100,"mimeType":"application/json","text":<<response_text>>},"redirectURL":"","headersSize":-1,"bodySize":-1},"cache":{},"timings":{"send":0,"wait":120,"receive":0}}"#,
        between: ",\n",
        between_groups: ",\n",
        tail: "\n]}}\n",
        ..LINES
    },
    Log {
        name: "cassette",
        format: Format::Cassette,
        head: r#"{"format_version":2,"recorded_at":"2026-11-19T08:00:00Z","transport":"stdio","server_url":null,"session_id":null,"protocol_version":"2025-11-25","server_info":{"name":"acme-tools","version":"1.0.0"},"messages":[
"#,
        call: r#"{"seq":<<number>>,"t_offset_ms":<<offset>>,"sender":"client","kind":"request","method":"tools/call","msg_id":<<number>>,"payload":<<request>>,"redacted":false,"exchange":null,"channel":null},
{"seq":<<number>>,"t_offset_ms":<<offset_end>>,"sender":"server","kind":"response","method":null,"msg_id":<<number>>,"payload":<<response>>,"redacted":false,"exchange":null,"channel":null}"#,
        between: ",\n",
        between_groups: ",\n",
        tail: "\n]}\n",
        decides_alike: false,
        ..LINES
    },
    // History: one array, an entry on each line.
    Log {
        name: "inspector",
        format: Format::Inspector,
        head: "[\n",
        call: r#"{"id":"<<uuid>>","timestamp":"<<ts>>","direction":"request","origin":"client","message":<<request>>,"response":<<response>>,"duration":120}"#,
        between: ",\n",
        between_groups: ",\n",
        tail: "\n]\n",
        decides_alike: false,
        ..LINES
    },
    Log {
        name: "toolhive",
        format: Format::ToolHive,
        call: r#"{"time":"<<end>>","level":"INFO+2","msg":"audit_event","audit_id":"<<uuid>>","type":"mcp_tool_call","logged_at":"<<ts>>","outcome":"success","component":"<<server>>","source":{"type":"network","value":"10.0.0.7","extra":{"user_agent":"client/1.0","session_id":"<<session>>"}},"subjects":{"user":"ann"},"target":{"endpoint":"/mcp","method":"tools/call","name":"<<tool>>","type":"tool"},"metadata":{"extra":{"duration_ms":120,"transport":"http"}},"data":{"request":<<request>>,"response":<<response>>}}
"#,
        ..LINES
    },
    // The arguments are hashed, so no condition is decided, and hardly any limit.
    Log {
        name: "gateway",
        format: Format::Gateway,
        call: r#"{"ts":"<<ts>>","type":"tool_call","instance":"0a1b2c3d","tool":"<<tool>>","result":"allowed","args_hash":"sha256:<<hash>>"}
"#,
        decides_alike: false,
        ..LINES
    },
];
