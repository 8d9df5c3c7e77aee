//! `telemetry`.

use super::view::View;
use super::{Work, fill};
use crate::model::{LogFiles, Otlp, OtlpProtocol, ResourceSamples, Telemetry};
use crate::problem::Severity;
use crate::shape::TELEMETRY;

/// `telemetry`. Texts that a variable left empty count as not written.
pub(super) fn telemetry(work: &mut Work<'_, '_>) -> Telemetry {
    let node = work.scene.tree.get("telemetry");
    let node = node.map(|node| fill::service(work, node, "telemetry", Severity::Error));
    let view = View::new(node.as_ref(), &TELEMETRY);
    Telemetry {
        otlp: otlp(view.inner("otlp")),
        metrics_file: text(view.inner("metrics"), "file"),
        logs: log_files(view.inner("logs")),
        resources: resources(view.inner("resources")),
    }
}

fn otlp(view: View<'_>) -> Otlp {
    Otlp {
        endpoint: text(view, "endpoint"),
        protocol: match view.text("protocol") {
            "grpc" => OtlpProtocol::Grpc,
            "http_json" => OtlpProtocol::HttpJson,
            _ => OtlpProtocol::HttpProtobuf,
        },
        headers: view.text_map("headers"),
        gzip: view.text("compression") == "gzip",
        certificate: text(view, "certificate"),
        folder: text(view, "folder"),
        traces: view.flag("traces"),
        metrics: view.flag("metrics"),
        logs: view.flag("logs"),
        exit_limit: view.seconds("exit_seconds"),
    }
}

fn log_files(view: View<'_>) -> LogFiles {
    LogFiles {
        dir: text(view, "dir"),
        level: view.text("level").to_owned(),
        rotate_mb: view.whole("rotate_mb"),
        rotate_days: view.whole("rotate_days"),
        keep: view.whole("keep"),
    }
}

fn resources(view: View<'_>) -> ResourceSamples {
    let interval = view.flag("enabled").then(|| view.seconds("interval_seconds"));
    ResourceSamples { interval }
}

fn text(view: View<'_>, name: &str) -> Option<String> {
    view.optional_text(name).filter(|text| !text.trim().is_empty()).map(str::to_owned)
}
