//! What pages are made of beside their text: one style sheet, a few modules of script.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A file inside the program.
struct Asset {
    name: &'static str,
    form: &'static str,
    text: &'static str,
}

const fn script(name: &'static str, text: &'static str) -> Asset {
    Asset { name, form: "text/javascript; charset=utf-8", text }
}

const fn style(name: &'static str, text: &'static str) -> Asset {
    Asset { name, form: "text/css; charset=utf-8", text }
}

static ASSETS: [Asset; 9] = [
    style("style.css", include_str!("../../report/style.css")),
    style("pages.css", include_str!("files/pages.css")),
    script("pages.js", include_str!("files/pages.js")),
    script("run.js", include_str!("files/run.js")),
    script("stream.js", include_str!("files/stream.js")),
    script("timeline.js", include_str!("files/timeline.js")),
    script("tests.js", include_str!("files/tests.js")),
    script("text.js", include_str!("files/text.js")),
    Asset { name: "icon.svg", form: "image/svg+xml", text: include_str!("files/icon.svg") },
];

/// One of them. A browser that has it is told so.
pub(super) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tag = format!("\"{}\"", &blake3::hash(asset.text.as_bytes()).to_hex()[..16]);
    let kept = [(header::CACHE_CONTROL, "no-cache"), (header::ETAG, &tag)];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (kept, [(header::CONTENT_TYPE, asset.form)], asset.text).into_response()
}
