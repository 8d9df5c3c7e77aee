//! `telemetry`.

use super::view::View;
use crate::model::{Otlp, OtlpProtocol, Telemetry};
use crate::node::Node;
use crate::shape::TELEMETRY;

/// `telemetry`. Texts that a variable left empty count as not written.
pub(super) fn telemetry(tree: &Node) -> Telemetry {
    let view = View::new(tree.get("telemetry"), &TELEMETRY).inner("otlp");
    let text =
        |name| view.optional_text(name).filter(|text| !text.trim().is_empty()).map(str::to_owned);
    Telemetry {
        otlp: Otlp {
            endpoint: text("endpoint"),
            protocol: match view.text("protocol") {
                "grpc" => OtlpProtocol::Grpc,
                "http_json" => OtlpProtocol::HttpJson,
                _ => OtlpProtocol::HttpProtobuf,
            },
            headers: view.text_map("headers"),
            gzip: view.text("compression") == "gzip",
            certificate: text("certificate"),
            folder: text("folder"),
            traces: view.flag("traces"),
            metrics: view.flag("metrics"),
            logs: view.flag("logs"),
            exit_limit: view.seconds("exit_seconds"),
        },
    }
}
