//! What is sent, where and how: from the layer file and the usual variables of OpenTelemetry.
//!
//! The variables beat the file, those of one signal beat those of all. A value that makes no
//! sense is told and left out: telemetry never stops a run. A pure function over values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use apex_config::environment_variables as variable_names;
use apex_config::model::{Otlp, OtlpProtocol, Telemetry};
use apex_core::trace::{Caller, Trace};

use super::Signal;
use super::sampler::Sampler;
use super::surroundings;
use crate::names::{self, Name};

/// What variables begin with that have a form for each signal.
const OF_ALL: &str = "OTEL_EXPORTER_OTLP_";

/// What is sent of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where each signal goes; one may go to a collector and a folder.
    pub routes: Vec<Route>,
    /// Facts about everything that is sent, beside those that are known by themselves.
    pub facts: Vec<(String, String)>,
    /// Which traces are recorded.
    pub sampler: Sampler,
    /// How long the end of a run may wait.
    pub exit_limit: Duration,
    /// Time between two batches of spans or log records.
    pub batch_rhythm: Duration,
    /// Time between two looks at the metrics.
    pub metric_rhythm: Duration,
}

/// Where a signal goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The signal.
    pub signal: Signal,
    /// Where to.
    pub destination: Destination,
}

/// Where something goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Destination {
    /// To a collector.
    Collector(Endpoint),
    /// Into a folder, as lines of OTLP JSON.
    Folder(PathBuf),
}

/// A collector, and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The whole URL; of gRPC without a path.
    pub url: String,
    /// How it is spoken to.
    pub protocol: OtlpProtocol,
    /// Headers of every request.
    pub headers: Vec<(String, String)>,
    /// How long one request may take.
    pub timeout: Duration,
    /// Whether requests are packed.
    pub gzip: bool,
    /// PEM file of authorities.
    pub certificate: Option<PathBuf>,
    /// PEM files of the own certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// What was understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read {
    /// What is sent; none when nothing is.
    pub settings: Option<Settings>,
    /// What made no sense, for people.
    pub warnings: Vec<String>,
}

/// Reads file and variables. `root` is what relative paths are relative to.
#[must_use]
pub fn read(telemetry: &Telemetry, variables: &BTreeMap<String, String>, root: &Path) -> Read {
    let mut reader = Reader { otlp: &telemetry.otlp, variables, root, warnings: Vec::new() };
    let is_off = reader.variable("OTEL_SDK_DISABLED").is_some_and(|word| word == "true");
    let routes = if is_off { Vec::new() } else { reader.routes() };
    let settings = (!routes.is_empty()).then(|| Settings {
        routes,
        facts: reader.facts(),
        sampler: reader.sampler(),
        exit_limit: telemetry.otlp.exit_limit,
        batch_rhythm: reader.milliseconds("OTEL_BSP_SCHEDULE_DELAY", 5_000),
        metric_rhythm: reader.milliseconds("OTEL_METRIC_EXPORT_INTERVAL", 60_000),
    });
    Read { settings, warnings: reader.warnings }
}

impl Settings {
    /// The trace of a run: below the span that Apex was called in, where the variables name one.
    #[must_use]
    pub fn trace(
        &self,
        run: &apex_core::RunId,
        part: Option<u32>,
        variables: &BTreeMap<String, String>,
    ) -> Trace {
        let text = |name: &str| variables.get(name).map_or("", String::as_str);
        let caller = Caller::read(text(variable_names::TRACEPARENT));
        let mut trace = Trace::of_run(run, part).with_baggage(text(variable_names::BAGGAGE));
        if let Some(caller) = &caller {
            trace = trace.called_by(caller, text(variable_names::TRACESTATE));
        }
        let is_sampled = self.sampler.takes(caller.as_ref(), &trace);
        trace.sampled(is_sampled)
    }

    /// Whether traces go anywhere.
    #[must_use]
    pub fn has_traces(&self) -> bool {
        self.routes.iter().any(|route| route.signal == Signal::Traces)
    }
}

struct Reader<'r> {
    otlp: &'r Otlp,
    variables: &'r BTreeMap<String, String>,
    root: &'r Path,
    warnings: Vec<String>,
}

impl<'r> Reader<'r> {
    /// A variable that is set to more than nothing.
    fn variable(&self, name: &str) -> Option<&'r str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The variable of one signal, else the one of all.
    fn of_signal(&self, signal: Signal, name: &str) -> Option<&'r str> {
        let own = format!("{OF_ALL}{}_", signal.word().to_uppercase());
        self.variable(&name.replacen(OF_ALL, &own, 1)).or_else(|| self.variable(name))
    }

    fn routes(&mut self) -> Vec<Route> {
        let mut routes = Vec::new();
        for signal in Signal::ALL {
            if !self.is_wanted(signal) {
                continue;
            }
            if let Some(endpoint) = self.endpoint(signal) {
                routes.push(Route { signal, destination: Destination::Collector(endpoint) });
            }
            if let Some(folder) = &self.otlp.folder {
                let folder = self.root.join(folder);
                routes.push(Route { signal, destination: Destination::Folder(folder) });
            }
        }
        routes
    }

    /// Whether a signal is to be sent, if there is a place for it.
    fn is_wanted(&mut self, signal: Signal) -> bool {
        let switch = match signal {
            Signal::Traces => self.otlp.traces,
            Signal::Metrics => self.otlp.metrics,
            Signal::Logs => self.otlp.logs,
        };
        let name = exporter_variable(signal);
        let has_own_endpoint = self.variable(&own_endpoint_variable(signal)).is_some();
        match self.variable(&name) {
            None => switch || has_own_endpoint,
            Some("none") => false,
            Some(words) => {
                let known = words.split(',').map(str::trim).any(|word| word == "otlp");
                if !known {
                    self.warnings.push(format!(
                        "{name}={words} names no exporter that Apex has; it knows `otlp` and `none`"
                    ));
                }
                known
            }
        }
    }

    fn endpoint(&mut self, signal: Signal) -> Option<Endpoint> {
        let protocol = self.protocol(signal);
        let url = self.url(signal, protocol)?;
        let is_known = url.parse::<http::Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
        });
        if !is_known {
            self.warnings.push(format!(
                "`{}` is no URL of a collector, so no {} are sent; write `http://host:4318`",
                without_secrets(&url),
                signal.word()
            ));
            return None;
        }
        let file = |text: &str| self.root.join(text);
        let certificate = self
            .of_signal(signal, "OTEL_EXPORTER_OTLP_CERTIFICATE")
            .or(self.otlp.certificate.as_deref());
        let identity = self
            .of_signal(signal, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE")
            .zip(self.of_signal(signal, "OTEL_EXPORTER_OTLP_CLIENT_KEY"))
            .map(|(certificate, key)| (file(certificate), file(key)));
        Some(Endpoint {
            url,
            protocol,
            certificate: certificate.map(file),
            identity,
            headers: self.headers(signal),
            timeout: self.timeout(signal),
            gzip: self.gzip(signal),
        })
    }

    fn protocol(&mut self, signal: Signal) -> OtlpProtocol {
        match self.of_signal(signal, "OTEL_EXPORTER_OTLP_PROTOCOL") {
            None => self.otlp.protocol,
            Some("grpc") => OtlpProtocol::Grpc,
            Some("http/protobuf") => OtlpProtocol::HttpProtobuf,
            Some("http/json") => OtlpProtocol::HttpJson,
            Some(word) => {
                self.warnings.push(format!(
                    "OTEL_EXPORTER_OTLP_PROTOCOL={word} is no protocol; `http/protobuf` is spoken, \
                     `grpc` and `http/json` are known too"
                ));
                OtlpProtocol::HttpProtobuf
            }
        }
    }

    /// The URL of a signal. The variable of one signal is taken as it is; all others get the path.
    /// Without any, nothing is sent unless an exporter was asked for by name.
    fn url(&self, signal: Signal, protocol: OtlpProtocol) -> Option<String> {
        let is_grpc = protocol == OtlpProtocol::Grpc;
        if let Some(own) = self.variable(&own_endpoint_variable(signal)) {
            return Some(own.to_owned());
        }
        let is_asked = self.variable(&exporter_variable(signal)).is_some();
        let usual = if is_grpc { "http://localhost:4317" } else { "http://localhost:4318" };
        let base = self
            .variable("OTEL_EXPORTER_OTLP_ENDPOINT")
            .or(self.otlp.endpoint.as_deref())
            .or((is_asked && self.otlp.folder.is_none()).then_some(usual))?;
        let base = base.trim_end_matches('/');
        let is_whole = is_grpc || base.ends_with(&format!("/v1/{}", signal.word()));
        Some(if is_whole { base.to_owned() } else { format!("{base}/v1/{}", signal.word()) })
    }

    fn headers(&mut self, signal: Signal) -> Vec<(String, String)> {
        let mut headers = self.otlp.headers.clone();
        if let Some(text) = self.of_signal(signal, "OTEL_EXPORTER_OTLP_HEADERS") {
            for (name, value) in pairs(text) {
                headers.retain(|known, _| !known.eq_ignore_ascii_case(&name));
                headers.insert(name, value);
            }
        }
        let is_possible = |name: &String, value: &String| {
            http::HeaderName::try_from(name.as_str()).is_ok()
                && http::HeaderValue::try_from(value.as_str()).is_ok()
        };
        headers
            .into_iter()
            .filter(|(name, value)| {
                let is_possible = is_possible(name, value);
                if !is_possible {
                    // The value may be a secret.
                    self.warnings.push(format!(
                        "the header `{}` for the collector cannot be sent",
                        name.escape_debug()
                    ));
                }
                is_possible
            })
            .collect()
    }

    fn timeout(&mut self, signal: Signal) -> Duration {
        match self
            .of_signal(signal, "OTEL_EXPORTER_OTLP_TIMEOUT")
            .map(|text| (text, text.parse::<u64>()))
        {
            None => Duration::from_secs(10),
            Some((_, Ok(milliseconds @ 1..))) => Duration::from_millis(milliseconds),
            Some((text, _)) => {
                self.warnings.push(format!(
                    "OTEL_EXPORTER_OTLP_TIMEOUT={text} is no number of milliseconds; 10000 holds"
                ));
                Duration::from_secs(10)
            }
        }
    }

    fn gzip(&mut self, signal: Signal) -> bool {
        match self.of_signal(signal, "OTEL_EXPORTER_OTLP_COMPRESSION") {
            None => self.otlp.gzip,
            Some("gzip") => true,
            Some("none") => false,
            Some(word) => {
                self.warnings.push(format!(
                    "OTEL_EXPORTER_OTLP_COMPRESSION={word} is not known; requests are not packed"
                ));
                false
            }
        }
    }

    fn milliseconds(&mut self, name: &str, usual: u64) -> Duration {
        let number = match self.variable(name).map(|text| (text, text.parse::<u64>())) {
            None => usual,
            Some((_, Ok(number @ 1..))) => number,
            Some((text, _)) => {
                self.warnings
                    .push(format!("{name}={text} is no number of milliseconds; {usual} holds"));
                usual
            }
        };
        Duration::from_millis(number)
    }

    fn sampler(&mut self) -> Sampler {
        let word = self.variable("OTEL_TRACES_SAMPLER");
        let share = self.variable("OTEL_TRACES_SAMPLER_ARG");
        Sampler::read(word, share).unwrap_or_else(|warning| {
            self.warnings.push(warning);
            Sampler::default()
        })
    }

    /// Facts by the CI system, over them those of the variables.
    fn facts(&self) -> Vec<(String, String)> {
        let known = surroundings::of_variables(self.variables);
        let name = |name: Name| name.text.to_owned();
        let mut facts: BTreeMap<String, String> =
            known.into_iter().map(|(fact, value)| (name(fact), value)).collect();
        facts.extend(self.variable("OTEL_RESOURCE_ATTRIBUTES").into_iter().flat_map(pairs));
        if let Some(service) = self.variable("OTEL_SERVICE_NAME") {
            facts.insert(name(names::SERVICE_NAME), service.to_owned());
        }
        facts.into_iter().collect()
    }
}

fn exporter_variable(signal: Signal) -> String {
    format!("OTEL_{}_EXPORTER", signal.word().to_uppercase())
}

fn own_endpoint_variable(signal: Signal) -> String {
    format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", signal.word().to_uppercase())
}

/// `name=value,name=value`, percents resolved, as in baggage.
fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split(',').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let name = name.trim();
        (!name.is_empty()).then(|| (name.to_owned(), unescaped(value.trim())))
    })
}

/// A text with its `%41` resolved; what is no such code, or no UTF-8, stays.
fn unescaped(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut found = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                found.push(byte);
                at += 3;
            }
            None => {
                found.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(found).unwrap_or_else(|_| text.to_owned())
}

/// A URL without user and password.
pub(super) fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let begin = rest[..end].rfind('@').map_or(0, |at| at + 1);
    let path = rest.find('?').unwrap_or(rest.len());
    format!("{scheme}://{}", &rest[begin..path])
}
