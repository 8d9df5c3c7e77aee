//! Layer file and variables of OpenTelemetry against what is sent where.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use apex_config::model::{OtlpProtocol, Telemetry};
use apex_core::RunId;
use apex_monitor::otlp::settings::{Read, read};
use apex_monitor::otlp::{Destination, Endpoint};

use crate::config::support::Project;

/// Names and values.
type Variables<'a> = &'a [(&'a str, &'a str)];

fn telemetry(otlp: &str) -> Telemetry {
    let text = format!(
        "apex: 1\nlayers: {{a: {{categories: [{{name: x, command: [true]}}]}}}}\n\
                        telemetry: {{otlp: {otlp}}}\n"
    );
    Project::new(&text).config().telemetry
}

fn map(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn settled(otlp: &str, variables: &[(&str, &str)]) -> Read {
    read(&telemetry(otlp), &map(variables), Path::new("/project"))
}

/// Each route as `signal place`.
fn routes(read: &Read) -> Vec<String> {
    let routes = read.settings.iter().flat_map(|settings| &settings.routes);
    let place = |destination: &Destination| match destination {
        Destination::Collector(endpoint) => endpoint.url.clone(),
        Destination::Folder(folder) => folder.display().to_string(),
    };
    routes.map(|one| format!("{} {}", one.signal.word(), place(&one.destination))).collect()
}

fn first(read: &Read) -> &Endpoint {
    match &read.settings.as_ref().unwrap().routes[0].destination {
        Destination::Collector(endpoint) => endpoint,
        Destination::Folder(folder) => panic!("{}", folder.display()),
    }
}

const ALL: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");

#[test]
fn a_place_is_needed_and_each_signal_has_a_switch() {
    let traces = "traces http://c:4318/v1/traces";
    let metrics = "metrics http://c:4318/v1/metrics";
    let logs = "logs http://c:4318/v1/logs";
    let table: [(&str, Variables<'_>, &[&str]); 15] = [
        ("{}", &[], &[]),
        ("{endpoint: ''}", &[], &[]),
        ("{endpoint: 'http://c:4318'}", &[], &[traces, metrics]),
        ("{endpoint: 'http://c:4318/'}", &[], &[traces, metrics]),
        ("{endpoint: 'http://c:4318', logs: true, traces: false}", &[], &[metrics, logs]),
        ("{}", &[ALL], &[traces, metrics]),
        ("{endpoint: 'http://d:1'}", &[ALL], &[traces, metrics]),
        ("{}", &[ALL, ("OTEL_SDK_DISABLED", "true")], &[]),
        ("{}", &[ALL, ("OTEL_LOGS_EXPORTER", "otlp")], &[traces, metrics, logs]),
        ("{}", &[ALL, ("OTEL_TRACES_EXPORTER", "none")], &[metrics]),
        ("{}", &[("OTEL_TRACES_EXPORTER", "otlp")], &["traces http://localhost:4318/v1/traces"]),
        ("{}", &[("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "https://l/x")], &["logs https://l/x"]),
        (
            "{protocol: grpc}",
            &[("OTEL_METRICS_EXPORTER", "otlp")],
            &["metrics http://localhost:4317"],
        ),
        ("{folder: sent}", &[], &["traces /project/sent", "metrics /project/sent"]),
        ("{folder: /tmp/sent, metrics: false}", &[ALL], &[traces, "traces /tmp/sent"]),
    ];
    for (otlp, variables, expected) in table {
        let read = settled(otlp, variables);
        assert_eq!(routes(&read), expected, "{otlp} {variables:?}");
        assert_eq!(read.warnings, [""; 0], "{otlp} {variables:?}");
    }
}

#[test]
fn the_variable_of_a_signal_beats_the_one_of_all_which_beats_the_file() {
    let file = "{endpoint: 'http://f', protocol: grpc, compression: gzip, certificate: ca.pem, \
                headers: {X-A: file, x-b: file}, exit_seconds: 0.5}";
    let read = settled(file, &[]);
    let endpoint = first(&read);
    assert_eq!(endpoint.url, "http://f");
    assert_eq!(endpoint.protocol, OtlpProtocol::Grpc);
    assert!(endpoint.gzip);
    assert_eq!(endpoint.certificate.as_deref(), Some(Path::new("/project/ca.pem")));
    assert_eq!(endpoint.timeout, Duration::from_secs(10));
    assert_eq!(read.settings.as_ref().unwrap().exit_limit, Duration::from_millis(500));

    let read = settled(
        file,
        &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "250"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-a=all,x-c=1%2C2"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/etc/ca.pem"),
            ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "me.pem"),
            ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "key.pem"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t/own"),
        ],
    );
    let endpoint = first(&read);
    assert_eq!(endpoint.url, "http://t/own");
    assert_eq!(endpoint.protocol, OtlpProtocol::HttpJson);
    assert!(!endpoint.gzip);
    assert_eq!(endpoint.timeout, Duration::from_millis(250));
    assert_eq!(endpoint.certificate.as_deref(), Some(Path::new("/etc/ca.pem")));
    let own = (Path::new("/project/me.pem").to_owned(), Path::new("/project/key.pem").to_owned());
    assert_eq!(endpoint.identity, Some(own));
    let mut headers = endpoint.headers.clone();
    headers.sort();
    let expected = [("x-a", "all"), ("x-b", "file"), ("x-c", "1,2")];
    assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(routes(&read)[1], "metrics http://f");
}

#[test]
fn what_makes_no_sense_is_told_and_never_shows_a_secret() {
    for (variables, told) in [
        (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")][..], "no URL of a collector"),
        (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://me:secret@c")], "`ftp://c"),
        (&[ALL, ("OTEL_EXPORTER_OTLP_PROTOCOL", "smoke")], "=smoke is no protocol"),
        (&[ALL, ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon")], "=soon is no number of milliseconds"),
        (&[ALL, ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip")], "=zip is not known"),
        (&[ALL, ("OTEL_TRACES_EXPORTER", "console")], "=console names no exporter"),
        (&[ALL, ("OTEL_TRACES_SAMPLER", "dice")], "=dice is not known"),
        (
            &[ALL, ("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "7")],
            "=7 is no share",
        ),
        (&[ALL, ("OTEL_METRIC_EXPORT_INTERVAL", "0")], "=0 is no number"),
        (&[ALL, ("OTEL_EXPORTER_OTLP_HEADERS", "a b=secret")], "the header `a b`"),
    ] {
        let read = settled("{}", variables);
        let all = read.warnings.join("\n");
        assert!(all.contains(told), "{variables:?}: {all}");
        assert!(!all.contains("secret"), "{all}");
    }
}

#[test]
fn a_sampler_takes_its_share_and_follows_the_caller() {
    let sampled = |variables: &[(&str, &str)], run: &str| {
        let mut all = vec![ALL];
        all.extend_from_slice(variables);
        let settings = settled("{}", &all).settings.unwrap();
        settings.trace(&RunId::new(run), None, &map(&all)).is_sampled()
    };
    let caller =
        |flags: &str| format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}");
    let sampler = |word| ("OTEL_TRACES_SAMPLER", word);
    assert!(sampled(&[], "a"));
    assert!(!sampled(&[sampler("always_off")], "a"));
    assert!(!sampled(&[("TRACEPARENT", &caller("00"))], "a"));
    assert!(sampled(&[sampler("parentbased_always_off"), ("TRACEPARENT", &caller("01"))], "a"));
    assert!(sampled(&[sampler("always_on"), ("TRACEPARENT", &caller("00"))], "a"));
    let quarter = [sampler("traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0.25")];
    // Ids of runs that differ in their first bits only, as those of one minute do.
    let taken = (0..1000).filter(|number| {
        let run = format!("01a20a2b-{number:04x}-7000-8000-000000000000");
        sampled(&quarter, &run)
    });
    let taken = taken.count();
    assert!((200..300).contains(&taken), "{taken} of 1000");
}
