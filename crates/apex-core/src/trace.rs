//! Where a run stands in a distributed trace: the ids of its spans, before the spans exist.
//!
//! Ids follow from the run and the number of each thing in its plan. So a job can be told its
//! place before anything of it was sent, and whoever sends spans later finds the same ids. What
//! is written is [W3C Trace Context](https://www.w3.org/TR/trace-context/) and
//! [Baggage](https://www.w3.org/TR/baggage/); ids are made with
//! [FNV-1a](https://datatracker.ietf.org/doc/html/draft-eastlake-fnv), which a plug-in of a few
//! lines can repeat. It knows nothing of how spans are sent.

use std::fmt;

use crate::id::{AttemptNumber, CategoryIx, JobIx, LayerIx, RunId, ServiceIx};

/// Bytes of `tracestate` and of `baggage` that are passed on; longer ones are left out, as the
/// recommendations allow.
const LONGEST_STATE: usize = 512;
/// See [`LONGEST_STATE`].
const LONGEST_BAGGAGE: usize = 8192;

/// The key in the baggage under which jobs find the run.
const RUN_IN_BAGGAGE: &str = "cicd.pipeline.run.id";

/// The id of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceId(pub [u8; 16]);

/// The id of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpanId(pub [u8; 8]);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A thing of a run that has a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the things of a plan")]
pub enum Place {
    Run,
    Layer(LayerIx),
    Category(CategoryIx),
    Job(JobIx),
    JobAttempt(JobIx, AttemptNumber),
    Service(ServiceIx),
}

/// What came before the run: the span that Apex was called in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its trace.
    pub trace: TraceId,
    /// Its span.
    pub span: SpanId,
    /// Whether it is recorded.
    pub is_sampled: bool,
}

impl Caller {
    /// Reads the value of `traceparent`; nothing where it is not one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
        let [version] = bytes::<1>(version)?;
        let [flags] = bytes::<1>(parts.next()?)?;
        // A later version may say more behind; the first one may not.
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return None;
        }
        let (trace, span) = (TraceId(bytes(trace)?), SpanId(bytes(span)?));
        let is_known = trace.0 != [0; 16] && span.0 != [0; 8];
        is_known.then_some(Self { trace, span, is_sampled: flags & 1 == 1 })
    }
}

/// The trace of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    id: TraceId,
    run: RunId,
    seed: u64,
    caller: Option<SpanId>,
    is_sampled: bool,
    state: String,
    baggage: String,
}

impl Trace {
    /// The trace of a run, or of one part of a run that several machines share. A run id that is a
    /// UUID is the id of the trace, so that one finds the other.
    #[must_use]
    pub fn of_run(run: &RunId, part: Option<u32>) -> Self {
        let plain: String = run.as_str().chars().filter(|sign| *sign != '-').collect();
        let id = bytes(&plain).unwrap_or_else(|| fnv_128(run.as_str().as_bytes()).to_be_bytes());
        let seed = fnv(fnv(START, run.as_str().as_bytes()), &part.unwrap_or(0).to_be_bytes());
        Self {
            id: TraceId(id),
            run: run.clone(),
            seed,
            caller: None,
            is_sampled: true,
            state: String::new(),
            baggage: String::new(),
        }
    }

    /// The same, below the span that Apex was called in.
    #[must_use]
    pub fn called_by(mut self, caller: &Caller, state: &str) -> Self {
        self.id = caller.trace;
        self.caller = Some(caller.span);
        if state.len() <= LONGEST_STATE && is_printable(state) {
            state.clone_into(&mut self.state);
        }
        self
    }

    /// The same, with what else is passed on.
    #[must_use]
    pub fn with_baggage(mut self, baggage: &str) -> Self {
        if baggage.len() <= LONGEST_BAGGAGE && is_printable(baggage) {
            baggage.clone_into(&mut self.baggage);
        }
        self
    }

    /// The same, recorded or not.
    #[must_use]
    pub const fn sampled(mut self, is_sampled: bool) -> Self {
        self.is_sampled = is_sampled;
        self
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> TraceId {
        self.id
    }

    /// The span that Apex was called in.
    #[must_use]
    pub const fn caller(&self) -> Option<SpanId> {
        self.caller
    }

    /// Whether it is recorded.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.is_sampled
    }

    /// What the systems on the way said, in their order; empty where none did.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// A number between 0 and 1 that follows from the trace alone, to decide whether a share of
    /// traces holds this one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "53 bits are kept")]
    pub fn lot(&self) -> f64 {
        (mixed(fnv(START, &self.id.0)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The span of a thing.
    #[must_use]
    pub fn span(&self, place: Place) -> SpanId {
        let (sort, number, attempt) = match place {
            Place::Run => (b'r', 0, 0),
            Place::Layer(layer) => (b'l', layer.0, 0),
            Place::Category(category) => (b'c', category.0, 0),
            Place::Job(job) => (b'j', job.0, 0),
            Place::JobAttempt(job, attempt) => (b'a', job.0, attempt.0),
            Place::Service(service) => (b's', service.0, 0),
        };
        let sorted = fnv(self.seed, &[sort]);
        known(fnv(fnv(sorted, &number.to_be_bytes()), &attempt.to_be_bytes()))
    }

    /// The span of a test: FNV-1a over the span of its job and its id, which the side of Apex
    /// inside of a framework computes as well.
    #[must_use]
    pub fn test_span(&self, job: JobIx, test: &str) -> SpanId {
        known(fnv(fnv(START, &self.span(Place::Job(job)).0), test.as_bytes()))
    }

    /// The span of one of several attempts of a test.
    #[must_use]
    pub fn test_attempt_span(&self, job: JobIx, test: &str, attempt: AttemptNumber) -> SpanId {
        known(fnv(fnv(START, &self.test_span(job, test).0), &attempt.0.to_be_bytes()))
    }

    /// The value of `traceparent` for what runs below a span.
    #[must_use]
    pub fn parent_of(&self, span: SpanId) -> String {
        format!("00-{}-{span}-{:02x}", self.id, u8::from(self.is_sampled))
    }

    /// The value of `baggage`: what the caller passed on, and the run.
    #[must_use]
    pub fn baggage(&self) -> String {
        let run = format!("{RUN_IN_BAGGAGE}={}", escaped(self.run.as_str()));
        if self.baggage.is_empty() { run } else { format!("{},{run}", self.baggage) }
    }
}

/// Where FNV-1a begins.
const START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a of 64 bits, continued from a value.
fn fnv(value: u64, text: &[u8]) -> u64 {
    text.iter()
        .fold(value, |value, byte| (value ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// FNV-1a of 128 bits.
fn fnv_128(text: &[u8]) -> u128 {
    text.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |value, byte| {
        (value ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

/// Every bit of the result depends on every bit of the value: the end of `splitmix64`.
const fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A span id; the one that means none is not given.
fn known(value: u64) -> SpanId {
    SpanId(value.max(1).to_be_bytes())
}

/// Exactly so many bytes, from lower-case hexadecimal digits.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |sign: u8| match sign {
        b'0'..=b'9' => Some(sign - b'0'),
        b'a'..=b'f' => Some(sign - b'a' + 10),
        _ => None,
    };
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return None;
    }
    let mut found = [0; N];
    for (byte, pair) in found.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(found)
}

/// Whether a text fits into a header.
fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// A text as a value of baggage: what may not stand there is written in percents.
fn escaped(text: &str) -> String {
    use fmt::Write as _;
    text.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}
