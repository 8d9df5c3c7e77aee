//! From a plan to its written form.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{CommandLine, Quarantined, RetryWhen};
use apex_core::Plan;
use apex_core::id::{CategoryIx, LayerIx, ServiceIx};
use apex_core::plan::{
    CategoryWork, Cutting, Forecast, Part, PlannedCategory, PlannedJob, PlannedLayer,
    PlannedService, Prediction, ServiceScope, Sparing, Standing, Work,
};

use super::line::Text;
use super::listed::Listed;
use super::plan::{
    Category, CategoryWorkLine, CuttingLine, ForecastLine, Job, Layer, LayerPredictionLine,
    LeftOut, PartLine, PlanFile, PlanLine, PredictionLine, QuarantinedLine, Request, SerialLine,
    Service, Shard, SinceLine, Success, WorkLine,
};
use super::policy::{FailureLimitsLine, retry_words};
use super::seconds::Seconds;
use super::word::Word;

impl<'a> PlanFile<'a> {
    pub(super) fn of(plan: &'a Plan) -> Self {
        Self { schema: super::PLAN_SCHEMA.into(), plan: plan.into() }
    }
}

impl<'a> From<&'a Plan> for PlanLine<'a> {
    fn from(plan: &'a Plan) -> Self {
        Self {
            request: Request {
                mode: plan.request.mode.as_ref().map(|mode| mode.as_str().into()),
                environment: plan.request.environment.as_ref().map(|name| name.as_str().into()),
                selectors: texts(&plan.request.selectors),
            },
            run_mode: Word(plan.run_mode),
            budget_seconds: plan.budget.map(Seconds::from),
            inter_layer_delay_seconds: plan.inter_layer_delay.into(),
            startup_timeout_seconds: plan.startup_timeout.into(),
            slots: plan.slots,
            slots_up_to: plan.slots_up_to,
            max_memory_mb: plan.max_memory_mb,
            max_background_layers: plan.max_background_layers,
            admission: Word(plan.admission),
            layers: plan.layers.iter().map(Layer::from).collect(),
            categories: Listed::Planned(&plan.categories),
            jobs: Listed::Planned(&plan.jobs),
            services: plan.services.iter().map(Service::from).collect(),
            left_out: plan
                .left_out
                .iter()
                .map(|out| LeftOut { name: (&out.name).into(), reason: (&out.reason).into() })
                .collect(),
            since: plan
                .since
                .as_ref()
                .map(|since| SinceLine { base: (&since.base).into(), files: since.files }),
            quarantine: plan.quarantine.iter().map(QuarantinedLine::from).collect(),
            handed_over: plan.handed_over.iter().map(|id| id.as_str().into()).collect(),
            notes: texts(&plan.notes),
            prediction: plan.prediction.as_ref().map(Into::into),
            failure_limits: FailureLimitsLine::of(&plan.failure_limits),
            known_flaky: plan.known_flaky.iter().map(Into::into).collect(),
            matrix: plan.matrix.as_ref().map(Into::into),
        }
    }
}

impl<'a> From<&'a PlannedLayer> for Layer<'a> {
    fn from(layer: &'a PlannedLayer) -> Self {
        Self {
            id: layer.id.as_str().into(),
            name: (&layer.name).into(),
            reason: (&layer.reason).into(),
            priority: layer.priority,
            execution_order: layer.execution_order,
            phase: layer.phase,
            after: layer.after.iter().map(|LayerIx(number)| *number).collect(),
            conflicts: layer.conflicts.iter().map(|LayerIx(number)| *number).collect(),
            budget_seconds: layer.budget.map(Seconds::from),
            retry_budget_seconds: layer.retry_budget.map(Seconds::from),
            execution_mode: Word(layer.execution_mode),
            fail_fast: Word(layer.fail_fast),
            background: layer.background,
            max_parallel: layer.max_parallel,
            max_memory_mb: layer.max_memory_mb,
            success: Success {
                min_pass_rate: layer.success.min_pass_rate,
                max_failures: layer.success.max_failures,
                critical_tests_must_pass: layer.success.critical_tests_must_pass,
                allow_partial_success: layer.success.allow_partial_success,
            },
            grace_seconds: layer.grace.into(),
            categories: layer.categories.iter().map(|CategoryIx(number)| *number).collect(),
        }
    }
}

impl<'a> From<&'a PlannedCategory> for Category<'a> {
    fn from(category: &'a PlannedCategory) -> Self {
        Self {
            name: category.name.as_str().into(),
            layer: category.layer.0,
            reason: Text::Borrowed(&category.reason),
            requested: category.requested,
            named: category.named,
            priority: Word(category.priority),
            priority_order: category.priority_order,
            after: category.after.iter().map(|CategoryIx(number)| *number).collect(),
            conflicts: category.conflicts.iter().map(|CategoryIx(number)| *number).collect(),
            parallel_safe: category.parallel_safe,
            load: category.load.iter().map(|&mark| Word(mark)).collect(),
            exclusive: category.exclusive,
            timeout_seconds: category.timeout.into(),
            grace_seconds: category.grace.into(),
            slow_after_seconds: (category.slow_after != Duration::from_secs(60))
                .then(|| category.slow_after.into()),
            no_output_timeout_seconds: category.no_output_timeout.map(Into::into),
            max_parallel: category.max_parallel,
            memory_mb: category.memory_mb,
            retries: category.retries,
            retries_at_once: category.retry_when == RetryWhen::AtOnce,
            retry_on: retry_words(category.retry_on),
            flaky: Word(category.flaky),
            critical: category.critical,
            estimate_seconds: category.estimate.into(),
            fingerprint: category.fingerprint.as_ref().map(|it| it.as_str().into()),
            is_sample: category.is_sample,
            cutting: cutting(&category.cutting),
            work: (&category.work).into(),
        }
    }
}

impl<'a> From<&'a CategoryWork> for CategoryWorkLine<'a> {
    fn from(work: &'a CategoryWork) -> Self {
        match work {
            CategoryWork::Jobs { first, count } => Self::Jobs { first: first.0, count: *count },
            CategoryWork::Empty { looked } => Self::Empty { looked: looked.into() },
            CategoryWork::Unavailable { reason } => Self::Unavailable { reason: reason.into() },
            CategoryWork::Spared { by, reason } => {
                Self::Spared { cached: *by == Sparing::Cached, reason: reason.into() }
            }
            CategoryWork::Skipped { reason } => Self::Skipped { reason: reason.into() },
        }
    }
}

impl From<&Prediction> for PredictionLine {
    fn from(prediction: &Prediction) -> Self {
        let layers = prediction.layers.iter().map(|layer| LayerPredictionLine {
            expected_seconds: layer.expected.into(),
            high_seconds: layer.high.into(),
            within_budget: layer.within_budget,
        });
        Self {
            low_seconds: prediction.low.into(),
            expected_seconds: prediction.expected.into(),
            high_seconds: prediction.high.into(),
            layers: layers.collect(),
            runs: prediction.runs,
            unknown: prediction.unknown,
        }
    }
}

impl<'a> From<&'a PlannedJob> for Job<'a> {
    fn from(job: &'a PlannedJob) -> Self {
        Self {
            category: job.category.0,
            services: job.services.iter().map(|ServiceIx(number)| *number).collect(),
            runner: Word(job.spec.runner),
            working_directory: Text::Borrowed(&job.spec.working_directory),
            work: (&job.spec.work).into(),
            env: Cow::Borrowed(&job.spec.env),
            shard: job.spec.shard.map(|(number, of)| Shard { number, of }),
            part: job.spec.part.as_deref().map(Into::into),
            found_by: Text::Borrowed(&job.spec.found_by),
            undivided: job.undivided.as_ref().map(|whole| (&whole.work).into()),
            forecast: job.forecast.map(ForecastLine::from),
            holds: job.holds.iter().map(|name| Text::Borrowed(name)).collect(),
            if_it_fits: job.standing == Standing::IfItFits,
            turn: job.turn,
            why: Text::Borrowed(&job.why),
        }
    }
}

impl<'a> From<&'a Part> for PartLine<'a> {
    fn from(part: &'a Part) -> Self {
        Self {
            number: part.number,
            of: part.of,
            leave: shared(&part.leave),
            only: shared(&part.only),
            without: shared(&part.without),
            serial: part
                .serial
                .as_ref()
                .map(|serial| SerialLine { files: shared(&serial.files), marked: serial.marked }),
        }
    }
}

impl From<Forecast> for ForecastLine {
    fn from(forecast: Forecast) -> Self {
        Self {
            expected_seconds: forecast.expected.into(),
            high_seconds: forecast.high.into(),
            runs: forecast.runs,
            peak_memory_mb: forecast.peak_memory_mb,
        }
    }
}

impl<'a> From<&'a Quarantined> for QuarantinedLine<'a> {
    fn from(entry: &'a Quarantined) -> Self {
        Self {
            test: (&entry.test).into(),
            category: entry.category.as_ref().map(|name| name.as_str().into()),
            owner: (&entry.owner).into(),
            reason: (&entry.reason).into(),
            expires: (&entry.expires).into(),
        }
    }
}

impl<'a> From<&'a Work> for WorkLine<'a> {
    fn from(work: &'a Work) -> Self {
        match work {
            Work::Command { command: CommandLine::Arguments(arguments), discover, report } => {
                Self::Arguments {
                    command: texts(arguments),
                    discover: texts(discover.as_deref().unwrap_or_default()),
                    report: optional(report),
                }
            }
            Work::Command { command: CommandLine::Shell(text), discover, report } => Self::Shell {
                command: text.into(),
                discover: texts(discover.as_deref().unwrap_or_default()),
                report: optional(report),
            },
            Work::Tests { paths, markers, keyword, ignore, arguments } => Self::Tests {
                paths: texts(paths),
                markers: optional(markers),
                keyword: optional(keyword),
                ignore: texts(ignore),
                arguments: texts(arguments),
            },
        }
    }
}

impl<'a> From<&'a PlannedService> for Service<'a> {
    fn from(service: &'a PlannedService) -> Self {
        let (layer, category) = match &service.scope {
            ServiceScope::Run => (None, None),
            ServiceScope::Layer(layer) => (Some(layer.as_str().into()), None),
            ServiceScope::Category(category) => (None, Some(category.as_str().into())),
        };
        Self {
            layer,
            category,
            memory_mb: service.memory_mb,
            name: service.name.as_str().into(),
            after: service.after.iter().map(|ServiceIx(number)| *number).collect(),
            ready_within_seconds: service.ready_within.into(),
            reason: (&service.reason).into(),
        }
    }
}

fn cutting(cutting: &Cutting) -> Option<CuttingLine<'_>> {
    let (in_parts, why) = match cutting {
        Cutting::AsWritten => return None,
        Cutting::Whole { why } => (false, why),
        Cutting::Parts { why } => (true, why),
    };
    Some(CuttingLine { in_parts, why: Text::Borrowed(why) })
}

fn shared(list: &[Arc<str>]) -> Vec<Text<'_>> {
    list.iter().map(|text| Text::Borrowed(text)).collect()
}

fn texts(list: &[String]) -> Vec<Text<'_>> {
    list.iter().map(Text::from).collect()
}

fn optional(text: &Option<String>) -> Option<Text<'_>> {
    text.as_ref().map(Text::from)
}
