//! The table of names against the registry of the semantic conventions, and against those who use
//! the names outside of the program.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use apex_monitor::measures::text::exposed_name;
use apex_monitor::names::{NAMES, Sort};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where the sources of the conventions are on this machine.
fn registry_folder() -> PathBuf {
    // Packages for other platforms need not be on this machine.
    let host = Command::new("rustc").args(["--print", "host-tuple"]).output().unwrap().stdout;
    let host = String::from_utf8(host).unwrap();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--filter-platform", host.trim()])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let found = packages.find(|one| one["name"] == "opentelemetry-semantic-conventions").unwrap();
    Path::new(found["manifest_path"].as_str().unwrap()).parent().unwrap().join("src")
}

/// The names that a file of constants declares.
fn declared(file: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(registry_folder().join(file)).unwrap();
    let texts = text.split("pub const ").skip(1).filter_map(|one| one.split('"').nth(1));
    texts.map(str::to_owned).collect()
}

#[test]
fn every_name_is_in_the_registry_or_our_own() {
    let (attributes, metrics) = (declared("attribute.rs"), declared("metric.rs"));
    assert!(attributes.len() > 500 && metrics.len() > 200, "the registry was not found");
    for name in NAMES {
        let is_ours = name.text.starts_with("apex.");
        let is_known = match name.sort {
            Sort::Attribute => attributes.contains(name.text),
            // Events of spans have no list of constants; this one is part of the core conventions.
            Sort::Moment => name.text == "exception",
            Sort::Counter | Sort::Level | Sort::Gauge | Sort::Histogram => {
                metrics.contains(name.text)
            }
        };
        assert!(is_ours != is_known, "`{}`: ours {is_ours}, known {is_known}", name.text);
    }
}

#[test]
fn every_name_is_said_once_and_only_metrics_have_units() {
    let texts: BTreeSet<&str> = NAMES.iter().map(|name| name.text).collect();
    assert_eq!(texts.len(), NAMES.len());
    for name in NAMES {
        let is_metric = !matches!(name.sort, Sort::Attribute | Sort::Moment);
        assert_eq!(is_metric, !name.unit.is_empty(), "{}", name.text);
    }
}

/// Words of a text that look like a name of ours in Prometheus.
fn words(text: &str) -> BTreeSet<&str> {
    text.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_')
        .filter(|word| word.starts_with("apex_") || word.starts_with("cicd_"))
        .collect()
}

#[test]
fn dashboards_and_rules_use_names_that_exist() {
    let mut known = BTreeSet::new();
    for name in NAMES {
        let exposed = exposed_name(name);
        if name.sort == Sort::Histogram {
            known.extend(["bucket", "sum", "count"].map(|end| format!("{exposed}_{end}")));
        }
        known.insert(exposed);
    }
    let mut used = 0;
    for file in ["dashboard.json", "alerts.yaml"] {
        let text = std::fs::read_to_string(root().join("docs/observability").join(file)).unwrap();
        for word in words(&text) {
            assert!(known.contains(word), "{file} uses {word}, which nobody sends");
            used += 1;
        }
    }
    assert!(used > 10, "the check is blind: {used}");
    let dashboard =
        std::fs::read_to_string(root().join("docs/observability/dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() >= 6);
}
