//! Who is let in: the checks that every request passes before anything else looks at it, the
//! upgrade to a stream included.
//!
//! 1. `Host` names this server, exactly: a foreign name that leads here (DNS rebinding) is refused
//!    with 421.
//! 2. `Origin`, where there is one, is a page of this server, exactly: else 403. A request that
//!    changes something with a cookie must have one.
//! 3. A token, as `Authorization: Bearer`, or as the cookie that the link with the token left: else
//!    401.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::problem::Problem;
use super::token::{Right, Tokens};
use super::{Shared, page};

/// What pages may do: use what this server gives, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// What goes with every answer.
const HEADERS: [(&str, &str); 6] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// Names and words that open the server.
#[derive(Clone)]
pub struct Access {
    /// What `Host` may say.
    hosts: BTreeSet<String>,
    /// None where everybody is let in who reaches the address.
    tokens: Option<Tokens>,
    /// Another server of this machine, on another port, must not be sent our cookie.
    cookie: String,
}

impl Access {
    /// For a server at this address, which may be called by further names (`name` or `name:port`).
    /// Without tokens everybody is let in who reaches the address, and may look.
    #[must_use]
    pub fn new(address: SocketAddr, names: &[String], tokens: Option<Tokens>) -> Self {
        let port = address.port();
        let mut hosts: BTreeSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
        hosts.insert(address.to_string());
        if address.ip().is_loopback() || address.ip().is_unspecified() {
            hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}:{port}")));
        }
        if port == 80 {
            let bare: Vec<String> = hosts
                .iter()
                .filter_map(|host| host.strip_suffix(":80"))
                .map(str::to_owned)
                .collect();
            hosts.extend(bare);
        }
        Self { hosts, tokens, cookie: format!("apex-{port}") }
    }

    fn knows_host(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        let mut named = headers.get_all(header::HOST).iter();
        let (first, second) = (named.next(), named.next());
        let host = first.and_then(|host| host.to_str().ok()).map(str::to_lowercase);
        let is_ours = host.is_some_and(|host| self.hosts.contains(&host));
        // An absolute address in the request line stands above `Host`.
        let authority = uri.authority().map(|authority| authority.as_str().to_lowercase());
        let agrees = authority.is_none_or(|authority| self.hosts.contains(&authority));
        is_ours && second.is_none() && agrees
    }

    /// Whether an origin is a page of this server; a proxy in front of it may speak https.
    fn knows_origin(&self, origin: &HeaderValue) -> bool {
        let origin = origin.to_str().unwrap_or_default().to_lowercase();
        let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        host.is_some_and(|host| self.hosts.contains(host))
    }

    /// What somebody with these headers may do, and whether a cookie says so.
    fn right(&self, headers: &HeaderMap) -> Option<(Right, bool)> {
        let Some(tokens) = &self.tokens else { return Some((Right::Look, false)) };
        if let Some(word) = headers.get(header::AUTHORIZATION) {
            let word = word.to_str().ok()?.strip_prefix("Bearer ")?;
            return tokens.right_of(word.trim()).map(|right| (right, false));
        }
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs =
            cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
        let words =
            pairs.filter(|(name, _)| name.trim() == self.cookie).map(|(_, word)| word.trim());
        words.filter_map(|word| tokens.right_of(word)).max().map(|right| (right, true))
    }

    /// The answer to the link with the token: a cookie, and the same address without the token.
    fn welcome(&self, uri: &Uri) -> Option<Response> {
        let query = uri.query()?;
        let word = query.split('&').find_map(|pair| pair.strip_prefix("token="))?;
        self.tokens.as_ref()?.right_of(word)?;
        let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("token=")).collect();
        // Two slashes at the beginning would be another server.
        let path = format!("/{}", uri.path().trim_start_matches('/'));
        let target = if rest.is_empty() { path } else { format!("{path}?{}", rest.join("&")) };
        let cookie = format!("{}={word}; Path=/; HttpOnly; SameSite=Strict", self.cookie);
        let mut response = Redirect::to(&target).into_response();
        response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_str(&cookie).ok()?);
        Some(response)
    }
}

/// Passes a request on, or refuses it.
pub(super) async fn guard(
    State(shared): State<Shared>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let is_page = !path.starts_with("/api") && !["/ws", "/metrics"].contains(&path);
    let mut response = match check(&shared.access, &request) {
        Passage::Enter(right) => {
            request.extensions_mut().insert(right);
            next.run(request).await
        }
        Passage::Answer(response) => response,
        Passage::Refuse(problem) if is_page && request.method() == Method::GET => {
            page::refusal(&problem)
        }
        Passage::Refuse(problem) => problem.into_response(),
    };
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

/// What becomes of a request.
enum Passage {
    Enter(Right),
    Answer(Response),
    Refuse(Problem),
}

fn check(access: &Access, request: &Request) -> Passage {
    let refuse = |status, detail: &str| Passage::Refuse(Problem::new(status, detail));
    let (headers, uri) = (request.headers(), request.uri());
    if !access.knows_host(headers, uri) {
        let detail = "this is not a name of this server; name it with --allow-host";
        return refuse(StatusCode::MISDIRECTED_REQUEST, detail);
    }
    let origin = headers.get(header::ORIGIN);
    if origin.is_some_and(|origin| !access.knows_origin(origin)) {
        return refuse(StatusCode::FORBIDDEN, "pages of another server may not ask this one");
    }
    let is_get = request.method() == Method::GET || request.method() == Method::HEAD;
    if is_get && let Some(response) = access.welcome(uri) {
        return Passage::Answer(response);
    }
    // What everybody may have says nothing about runs.
    if uri.path() == "/api/health" || uri.path().starts_with("/assets/") {
        return Passage::Enter(Right::Look);
    }
    let Some((right, by_cookie)) = access.right(headers) else {
        let detail = "a token is needed: open the link that `apex serve` printed, or send \
                      `Authorization: Bearer TOKEN`";
        return refuse(StatusCode::UNAUTHORIZED, detail);
    };
    if !is_get && by_cookie && origin.is_none() {
        return refuse(StatusCode::FORBIDDEN, "a browser that changes something says from where");
    }
    Passage::Enter(right)
}
