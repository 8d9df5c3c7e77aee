//! From the written form of a plan to the plan.

use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{
    CategoryName, CommandLine, EnvironmentName, InvalidName, LayerId, ModeName, Quarantined,
    RetryWhen, ServiceName, SuccessCriteria,
};
use apex_core::Plan;
use apex_core::change::Fingerprint;
use apex_core::id::{CategoryIx, JobIx, LayerIx, ServiceIx};
use apex_core::plan::{
    CategoryWork, Cutting, Forecast, JobSpec, LayerPrediction, LeftOut, Part, PlannedCategory,
    PlannedJob, PlannedLayer, PlannedService, Prediction, RequestSummary, SerialShare,
    ServiceScope, Since, Sparing, Standing, Work,
};

use super::line::Text;
use super::plan::{
    Category, CategoryWorkLine, CuttingLine, ForecastLine, Job, Layer, PartLine, PlanLine,
    PredictionLine, QuarantinedLine, Request, Service, Shard, WorkLine,
};
use super::policy::retry_causes;

impl TryFrom<PlanLine<'_>> for Plan {
    type Error = InvalidName;

    fn try_from(line: PlanLine<'_>) -> Result<Self, InvalidName> {
        Ok(Self {
            request: line.request.try_into()?,
            run_mode: line.run_mode.0,
            budget: line.budget_seconds.map(Into::into),
            inter_layer_delay: line.inter_layer_delay_seconds.into(),
            startup_timeout: line.startup_timeout_seconds.into(),
            slots: line.slots,
            slots_up_to: line.slots_up_to,
            max_memory_mb: line.max_memory_mb,
            max_background_layers: line.max_background_layers,
            admission: line.admission.0,
            layers: line.layers.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            categories: line
                .categories
                .into_vec()
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, _>>()?,
            jobs: line.jobs.into_vec().into_iter().map(Into::into).collect(),
            services: line.services.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            since: line.since.map(|since| Since { base: since.base.into(), files: since.files }),
            quarantine: line
                .quarantine
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, _>>()?,
            handed_over: line
                .handed_over
                .iter()
                .map(|id| LayerId::new(id))
                .collect::<Result<_, _>>()?,
            left_out: line
                .left_out
                .into_iter()
                .map(|out| LeftOut { name: out.name.into(), reason: out.reason.into() })
                .collect(),
            notes: texts(line.notes),
            prediction: line.prediction.map(Into::into),
            failure_limits: line.failure_limits.map(Into::into).unwrap_or_default(),
            known_flaky: line.known_flaky.into_iter().map(Into::into).collect(),
            matrix: line.matrix.map(Into::into),
        })
    }
}

impl TryFrom<Request<'_>> for RequestSummary {
    type Error = InvalidName;

    fn try_from(request: Request<'_>) -> Result<Self, InvalidName> {
        Ok(Self {
            mode: request.mode.map(|name| ModeName::new(&name)).transpose()?,
            environment: request.environment.map(|name| EnvironmentName::new(&name)).transpose()?,
            selectors: texts(request.selectors),
        })
    }
}

impl TryFrom<Layer<'_>> for PlannedLayer {
    type Error = InvalidName;

    fn try_from(layer: Layer<'_>) -> Result<Self, InvalidName> {
        Ok(Self {
            id: LayerId::new(&layer.id)?,
            name: layer.name.into(),
            reason: layer.reason.into(),
            priority: layer.priority,
            execution_order: layer.execution_order,
            phase: layer.phase,
            after: layer.after.into_iter().map(LayerIx).collect(),
            conflicts: layer.conflicts.into_iter().map(LayerIx).collect(),
            budget: layer.budget_seconds.map(Into::into),
            retry_budget: layer.retry_budget_seconds.map(Into::into),
            execution_mode: layer.execution_mode.0,
            fail_fast: layer.fail_fast.0,
            background: layer.background,
            max_parallel: layer.max_parallel,
            max_memory_mb: layer.max_memory_mb,
            success: SuccessCriteria {
                min_pass_rate: layer.success.min_pass_rate,
                max_failures: layer.success.max_failures,
                critical_tests_must_pass: layer.success.critical_tests_must_pass,
                allow_partial_success: layer.success.allow_partial_success,
            },
            grace: layer.grace_seconds.into(),
            categories: layer.categories.into_iter().map(CategoryIx).collect(),
        })
    }
}

impl TryFrom<Category<'_>> for PlannedCategory {
    type Error = InvalidName;

    fn try_from(category: Category<'_>) -> Result<Self, InvalidName> {
        Ok(Self {
            name: CategoryName::new(&category.name)?,
            layer: LayerIx(category.layer),
            reason: (&*category.reason).into(),
            requested: category.requested,
            named: category.named,
            priority: category.priority.0,
            priority_order: category.priority_order,
            after: category.after.into_iter().map(CategoryIx).collect(),
            conflicts: category.conflicts.into_iter().map(CategoryIx).collect(),
            parallel_safe: category.parallel_safe,
            load: category.load.into_iter().map(|mark| mark.0).collect(),
            exclusive: category.exclusive,
            timeout: category.timeout_seconds.into(),
            grace: category.grace_seconds.into(),
            slow_after: category.slow_after_seconds.map_or(Duration::from_secs(60), Into::into),
            no_output_timeout: category.no_output_timeout_seconds.map(Into::into),
            max_parallel: category.max_parallel,
            memory_mb: category.memory_mb,
            retries: category.retries,
            retry_when: match category.retries_at_once {
                true => RetryWhen::AtOnce,
                false => RetryWhen::AtEnd,
            },
            retry_on: retry_causes(category.retry_on),
            flaky: category.flaky.0,
            critical: category.critical,
            estimate: category.estimate_seconds.into(),
            fingerprint: category.fingerprint.as_deref().and_then(Fingerprint::from_text),
            is_sample: category.is_sample,
            cutting: category.cutting.map(Into::into).unwrap_or_default(),
            work: category.work.into(),
        })
    }
}

impl From<CategoryWorkLine<'_>> for CategoryWork {
    fn from(work: CategoryWorkLine<'_>) -> Self {
        match work {
            CategoryWorkLine::Jobs { first, count } => Self::Jobs { first: JobIx(first), count },
            CategoryWorkLine::Empty { looked } => Self::Empty { looked: looked.into() },
            CategoryWorkLine::Unavailable { reason } => Self::Unavailable { reason: reason.into() },
            CategoryWorkLine::Spared { cached, reason } => {
                let by = if cached { Sparing::Cached } else { Sparing::Unaffected };
                Self::Spared { by, reason: reason.into() }
            }
            CategoryWorkLine::Skipped { reason } => Self::Skipped { reason: reason.into() },
        }
    }
}

impl From<CuttingLine<'_>> for Cutting {
    fn from(line: CuttingLine<'_>) -> Self {
        let why = line.why.into();
        if line.in_parts { Self::Parts { why } } else { Self::Whole { why } }
    }
}

impl From<PredictionLine> for Prediction {
    fn from(line: PredictionLine) -> Self {
        let layers = line.layers.into_iter().map(|layer| LayerPrediction {
            expected: layer.expected_seconds.into(),
            high: layer.high_seconds.into(),
            within_budget: layer.within_budget,
        });
        Self {
            low: line.low_seconds.into(),
            expected: line.expected_seconds.into(),
            high: line.high_seconds.into(),
            layers: layers.collect(),
            runs: line.runs,
            unknown: line.unknown,
        }
    }
}

impl From<Job<'_>> for PlannedJob {
    fn from(job: Job<'_>) -> Self {
        let spec = JobSpec {
            runner: job.runner.0,
            working_directory: job.working_directory.into(),
            work: job.work.into(),
            env: Arc::new(job.env.into_owned()),
            shard: job.shard.map(|Shard { number, of }| (number, of)),
            part: job.part.map(|part| Arc::new(part.into())),
            found_by: job.found_by.into(),
        };
        let whole = |work: WorkLine<'_>| {
            Arc::new(JobSpec { work: work.into(), part: None, ..spec.clone() })
        };
        Self {
            category: CategoryIx(job.category),
            services: job.services.into_iter().map(ServiceIx).collect(),
            undivided: job.undivided.map(whole),
            spec,
            forecast: job.forecast.map(Into::into),
            holds: job.holds.into_iter().map(|name| Arc::from(&*name)).collect(),
            standing: if job.if_it_fits { Standing::IfItFits } else { Standing::Required },
            turn: job.turn,
            why: job.why.into(),
        }
    }
}

impl From<PartLine<'_>> for Part {
    fn from(part: PartLine<'_>) -> Self {
        Self {
            number: part.number,
            of: part.of,
            leave: shared(part.leave),
            only: shared(part.only),
            without: shared(part.without),
            serial: part
                .serial
                .map(|serial| SerialShare { files: shared(serial.files), marked: serial.marked }),
        }
    }
}

impl From<ForecastLine> for Forecast {
    fn from(line: ForecastLine) -> Self {
        Self {
            expected: line.expected_seconds.into(),
            high: line.high_seconds.into(),
            runs: line.runs,
            peak_memory_mb: line.peak_memory_mb,
        }
    }
}

impl TryFrom<QuarantinedLine<'_>> for Quarantined {
    type Error = InvalidName;

    fn try_from(line: QuarantinedLine<'_>) -> Result<Self, InvalidName> {
        Ok(Self {
            test: line.test.into(),
            category: line.category.map(|name| CategoryName::new(&name)).transpose()?,
            owner: line.owner.into(),
            reason: line.reason.into(),
            expires: line.expires.into(),
        })
    }
}

impl From<WorkLine<'_>> for Work {
    fn from(work: WorkLine<'_>) -> Self {
        match work {
            WorkLine::Arguments { command, discover, report } => Self::Command {
                command: CommandLine::Arguments(texts(command)),
                discover: (!discover.is_empty()).then(|| texts(discover)),
                report: report.map(Into::into),
            },
            WorkLine::Shell { command, discover, report } => Self::Command {
                command: CommandLine::Shell(command.into()),
                discover: (!discover.is_empty()).then(|| texts(discover)),
                report: report.map(Into::into),
            },
            WorkLine::Tests { paths, markers, keyword, ignore, arguments } => Self::Tests {
                paths: texts(paths),
                markers: markers.map(Into::into),
                keyword: keyword.map(Into::into),
                ignore: texts(ignore),
                arguments: texts(arguments),
            },
        }
    }
}

impl TryFrom<Service<'_>> for PlannedService {
    type Error = InvalidName;

    fn try_from(service: Service<'_>) -> Result<Self, InvalidName> {
        Ok(Self {
            name: ServiceName::new(&service.name)?,
            after: service.after.into_iter().map(ServiceIx).collect(),
            ready_within: service.ready_within_seconds.into(),
            reason: service.reason.into(),
            scope: match (service.category, service.layer) {
                (Some(category), _) => ServiceScope::Category(CategoryName::new(&category)?),
                (None, Some(layer)) => ServiceScope::Layer(LayerId::new(&layer)?),
                (None, None) => ServiceScope::Run,
            },
            memory_mb: service.memory_mb,
        })
    }
}

fn shared(list: Vec<Text<'_>>) -> Vec<Arc<str>> {
    list.into_iter().map(Into::into).collect()
}

fn texts(list: Vec<Text<'_>>) -> Vec<String> {
    list.into_iter().map(Into::into).collect()
}
