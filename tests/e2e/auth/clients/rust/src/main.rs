//! The official Rust client at a server that wants a login.
//!
//!    e2e-auth URL
//!
//! Reports as ts_common.mjs does: pass|fail<TAB>name[<TAB>why].

use std::{env, error::Error, time::Duration};

use rmcp::{
    RoleClient, ServiceExt,
    model::CallToolRequestParams,
    service::RunningService,
    transport::{
        StreamableHttpClientTransport,
        auth::{AuthClient, AuthorizationRequest, OAuthState},
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::Command,
    time::timeout,
};

type Failure = Box<dyn Error + Send + Sync>;
type Client = RunningService<RoleClient, ()>;

fn report(name: &str, outcome: Result<(), Failure>) -> bool {
    match &outcome {
        Ok(()) => println!("pass\t{name}"),
        Err(why) => {
            let mut text = why.to_string();
            let mut inner = why.source();
            while let Some(cause) = inner {
                text += &format!(": {cause}");
                inner = cause.source();
            }
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            println!("fail\t{name}\t{}", text.chars().take(500).collect::<String>());
        }
    }
    outcome.is_ok()
}

/// The next callback: the path and query that the browser was sent to.
async fn callback(listener: &TcpListener) -> Result<String, Failure> {
    let (mut peer, _) = timeout(Duration::from_secs(30), listener.accept()).await??;
    let mut head = Vec::new();
    let mut block = [0u8; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let n = peer.read(&mut block).await?;
        if n == 0 {
            return Err("the browser sent no request".into());
        }
        head.extend_from_slice(&block[..n]);
    }
    peer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK").await?;
    let line = String::from_utf8(head)?;
    Ok(line.split(' ').nth(1).ok_or("no target")?.to_owned())
}

/// Logs in and connects. With `scopes` it asks for these.
async fn connect(url: &str, listener: &TcpListener, scopes: &[&str]) -> Result<Client, Failure> {
    let redirect = format!("http://127.0.0.1:{}/callback", listener.local_addr()?.port());
    let mut state = OAuthState::new(url, None).await?;
    let request = AuthorizationRequest::new(redirect.clone())
        .with_client_name("fastmcp-host e2e")
        .with_application_type("native")
        .with_scopes(scopes.iter().copied());
    state.start_authorization(request).await?;
    let page = state.get_authorization_url().await?;
    Command::new(env::var("BROWSER")?).arg(page).status().await?;
    let target = callback(listener).await?;
    state.handle_callback_url(&format!("http://127.0.0.1{target}")).await?;
    let manager = state.into_authorization_manager().ok_or("the login is not complete")?;
    let http = AuthClient::new(reqwest::Client::new(), manager);
    let config = StreamableHttpClientTransportConfig::with_uri(url);
    Ok(().serve(StreamableHttpClientTransport::with_client(http, config)).await?)
}

async fn call(client: &Client, tool: &str, text: Option<&str>) -> Result<String, Failure> {
    let mut request = CallToolRequestParams::new(tool.to_owned());
    if let Some(text) = text {
        request = request.with_arguments(rmcp::object!({ "text": text }));
    }
    let result = client.call_tool(request).await?;
    let block = result.content.first().and_then(|c| c.as_text()).ok_or("no text came back")?;
    Ok(block.text.clone())
}

async fn is_ada(client: &Client) -> Result<(), Failure> {
    let text = call(client, "whoami", None).await?;
    if text.contains(r#""subject":"ada""#) { Ok(()) } else { Err(text.into()) }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let url = env::args().nth(1).ok_or("usage: e2e-auth URL")?;
    let lifetime: u64 = env::var("E2E_TOKEN_LIFETIME").unwrap_or_default().trim_end_matches('s').parse().unwrap_or(0);
    let listener = TcpListener::bind("127.0.0.1:0").await?;

    let connected = connect(&url, &listener, &[]).await;
    let client = match connected {
        Ok(client) => {
            report("logs in", Ok(()));
            client
        }
        Err(why) => {
            report("logs in", Err(why));
            std::process::exit(1);
        }
    };
    let listed = async {
        let tools = client.list_all_tools().await?;
        if tools.iter().any(|tool| tool.name == "whoami") { Ok(()) } else { Err("no whoami".into()) }
    };
    report("lists", listed.await);
    report("is known to the tool", is_ada(&client).await);
    tokio::time::sleep(Duration::from_secs(lifetime + 1)).await;
    report("refreshes its token without a login", is_ada(&client).await);

    let stepped = async {
        let refused = match call(&client, "admin_echo", Some("more")).await {
            Ok(text) => return Err(format!("admin_echo answered {text} without the scope").into()),
            Err(why) => why,
        };
        let mut causes = format!("{refused:?}");
        causes.make_ascii_lowercase();
        if !causes.contains("scope") {
            return Err(format!("the refusal names no scope: {refused:?}").into());
        }
        let wider = connect(&url, &listener, &["tools:call", "tools:admin"]).await?;
        let text = call(&wider, "admin_echo", Some("more")).await?;
        if text == "more" { Ok(()) } else { Err(text.into()) }
    };
    report("steps up when a tool needs more scope", stepped.await);
    Ok(())
}
