//! One attempt of one job: asks its session what to run, runs it, and feeds it what happened.
//!
//! This is the loop between a [`Session`], which does no I/O, and a [`Program`], which knows no
//! tests. When an attempt has to end is the scheduler's decision; this file only knows how long
//! it waits for what a program leaves behind.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use apex_config::environment_variables::TMPDIR;
use apex_core::event::ProcessEnd;
use apex_core::report::{JobEnd, JobReport};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use super::bounds::Bounds;
use super::capture::{Capture, bound_texts};
use super::local::Shared;
use super::orders::Orders;
use super::private_folder::{Filled, PrivateFolder};
use super::report_files::{self, Search, Stamp};
use super::silence::Silence;
use super::{Reported, Submission};
use crate::process::pause::Since;
use crate::process::{
    Ending, Environment, Happening, Launch, Program, Source, StopRequest, Survivors,
};
use crate::resources::Watched;
use crate::runners::{Invocation, Session, Step};

/// How long what a program left behind may take to end by itself, when nobody asked it to end.
const PATIENCE: Duration = Duration::from_millis(200);

/// How long the kernel may take to remove killed processes.
const REMOVAL: Duration = Duration::from_secs(2);

/// Pause between two looks at processes that are about to be gone.
const LOOK: Duration = Duration::from_millis(5);

/// Most reads of what a program wrote before it was asked to end: a program that writes without a
/// pause must not put that off.
const READS_BEFORE_STOP: usize = 64;

/// What an attempt works with.
pub(super) struct Context<'a> {
    /// What is to be done.
    pub(super) submission: &'a Submission,
    /// What all attempts use.
    pub(super) shared: &'a Shared,
    /// The request to end it.
    pub(super) stop: &'a StopRequest,
    /// Where its reports go.
    pub(super) reports: &'a mpsc::Sender<Vec<Reported>>,
    /// When it began.
    pub(super) began: Since,
}

/// One attempt of one job.
pub(super) struct Attempt<'a> {
    pub(super) submission: &'a Submission,
    pub(super) shared: &'a Shared,
    pub(super) stop: &'a StopRequest,
    reports: &'a mpsc::Sender<Vec<Reported>>,
    pub(super) session: Box<dyn Session>,
    began: Since,
    /// The variables of all its programs.
    env: Environment<'a>,
    pub(super) folder: PrivateFolder<'a>,
    capture: Capture,
    silence: Silence,
    /// Reports that were not sent yet: those of one read.
    pub(super) batch: Vec<JobReport>,
    buffer: Vec<u8>,
    pub(super) bounds: Bounds<'a>,
    /// Whether the request to end reached it.
    has_stopped: bool,
    /// Whether anything came over the event channel.
    pub(super) has_heard: bool,
}

/// What a program came to.
pub(super) enum Followed {
    /// Its leader ended.
    Ended(ProcessEnd),
    /// It has done its work and waits for more; that it did would have been this end.
    Done(ProcessEnd),
}

impl<'a> Attempt<'a> {
    /// An attempt that has not begun.
    pub(super) fn new(context: Context<'a>, session: Box<dyn Session>) -> Self {
        let Context { submission, shared, stop, reports, began } = context;
        let folder = PrivateFolder::of(&shared.temporaries);
        Self {
            submission,
            shared,
            stop,
            reports,
            session,
            began,
            env: environment(submission, shared),
            folder: match submission.rules.keep_temporary {
                true => folder.keeping(submission.log.with_extension("tmp")),
                false => folder,
            },
            capture: Capture::into_file(
                submission.log.clone(),
                submission.rules.output_limit,
                shared.common.mask(),
            ),
            silence: Silence::watched_by(&submission.rules),
            batch: Vec::new(),
            buffer: shared.buffers.lend(),
            bounds: Bounds::of(shared, submission),
            has_stopped: false,
            has_heard: false,
        }
    }

    /// Runs it to its end and reports everything, the end last.
    pub(super) async fn run(mut self) {
        let mut conclusion = self.steps().await;
        self.capture.finish(&mut self.batch);
        if let Err(problem) = self.folder.end().await {
            self.batch.push(JobReport::Note(problem));
        }
        conclusion.duration = self.began.elapsed();
        let used = self.bounds.end();
        conclusion.peak_memory_mb = used.peak_mb;
        conclusion.cpu_time = used.cpu_time;
        conclusion.out_of_memory = used.out_of_memory;
        self.batch.extend(used.trouble.map(JobReport::Note));
        self.batch.push(JobReport::Ended(conclusion));
        self.flush().await;
        self.shared.buffers.give_back(self.buffer);
    }

    /// All programs of the session; the answer is how the last one ended and what is wrong.
    async fn steps(&mut self) -> JobEnd {
        let mut ended = None;
        loop {
            self.session.clock(self.began.elapsed());
            if self.stop.asked().is_some() {
                return self.conclude_stopped(ended);
            }
            match self.session.next(ended.as_ref(), &mut self.batch) {
                Step::Run(invocation) => ended = Some(self.invoke(&invocation).await),
                Step::Finish { problem } => return conclusion(ended, problem),
                Step::NothingToRun => {
                    return JobEnd { nothing_to_run: true, ..conclusion(ended, None) };
                }
                Step::Unable { reason } => {
                    return conclusion(Some(ProcessEnd::NotStarted(reason)), None);
                }
            }
            self.flush().await;
        }
    }

    /// The end of an attempt that is not to run any further. A program that the request to end
    /// never reached came to an end of its own, and is judged by it.
    fn conclude_stopped(&mut self, ended: Option<ProcessEnd>) -> JobEnd {
        if !self.has_stopped && ended.is_some() {
            self.session.next(ended.as_ref(), &mut self.batch);
        }
        self.tell_stop();
        conclusion(ended, None)
    }

    /// Says, once, that what is reported from here on may be the doing of the request to end.
    fn tell_stop(&mut self) {
        if !std::mem::replace(&mut self.has_stopped, true) {
            self.session.stopping(&mut self.batch);
            self.batch.push(JobReport::StopReached);
        }
    }

    /// One program, from its preparation to its report files.
    async fn invoke(&mut self, invocation: &Invocation) -> ProcessEnd {
        if let Some(end) = self.run_in_worker(invocation).await {
            return end;
        }
        let directory = self.directory(invocation);
        let may_stay = self.residence(invocation).is_some();
        let filled = match self.folder.fill(invocation, may_stay) {
            Ok(filled) => filled,
            Err(problem) => return ProcessEnd::NotStarted(problem),
        };
        let temporary = match self.folder.temporary() {
            Ok(folder) => folder.to_owned(),
            Err(problem) => return ProcessEnd::NotStarted(problem),
        };
        let search = (!invocation.report_files.is_empty()).then(|| Search {
            directory: directory.to_path_buf(),
            private: self.folder.path().map(Into::into),
            out: self.folder.out(),
            since: Stamp::now(),
        });
        let Filled { arguments, mut env, channel, orders } = filled;
        if !self.submission.spec.env.contains_key(TMPDIR) {
            env.to_mut().insert(TMPDIR.to_owned(), temporary);
        }
        let launch = Launch {
            common: &self.shared.common,
            arguments: &arguments,
            directory: &directory,
            env: &self.env,
            own_env: &env,
            group: self.bounds.group(),
        };
        let mut program = match Program::start(&launch, channel) {
            Ok(program) => program,
            Err(problem) => return ProcessEnd::NotStarted(problem),
        };
        if let Some(orders) = orders {
            let worker = self.worker(program, orders);
            return self.accompany(worker, true).await;
        }
        let watched = self.bounds.watch(program.kin(), true);
        let followed = self.follow(&mut program, None, watched.as_ref()).await;
        let (Followed::Ended(end) | Followed::Done(end)) = followed;
        self.settle(&mut program).await;
        self.bounds.note(watched.as_ref());
        drop(program);
        if let Some(search) = search {
            self.read_reports(invocation.report_files.clone(), search).await;
        }
        end
    }

    /// Where a program runs. Nothing is joined for the root itself: a path that ends with a slash
    /// would not be known as the directory in which Apex runs.
    fn directory(&self, invocation: &Invocation) -> Cow<'a, Path> {
        let root = &self.shared.settings.root;
        match invocation.working_directory.as_str() {
            "" => Cow::Borrowed(root),
            folder => Cow::Owned(root.join(folder)),
        }
    }

    /// Feeds the session until the leader of the program ended, or until a program that takes
    /// orders waits for more work.
    pub(super) async fn follow(
        &mut self,
        program: &mut Program,
        mut orders: Option<&mut Orders>,
        watched: Option<&Watched<'_>>,
    ) -> Followed {
        let mut asked = None;
        let mut is_over = false;
        loop {
            let happening = tokio::select! {
                biased;
                ending = self.stop.stronger_than(asked) => {
                    if asked.is_none() {
                        self.take_waiting(program);
                        self.tell_stop();
                    }
                    asked = Some(ending);
                    program.kin().end(ending);
                    continue;
                }
                () = memory_is_short(watched), if !is_over => {
                    is_over = true;
                    program.kin().end(Ending::Kill);
                    continue;
                }
                happening = program.next(&mut self.buffer) => happening,
                quiet_for = self.silence.lasts() => {
                    self.batch.push(JobReport::Quiet(quiet_for));
                    self.flush().await;
                    continue;
                }
            };
            match happening {
                Happening::Wrote(source) => self.take(source, program),
                Happening::Ended(end) => return Followed::Ended(end),
            }
            if let Some(end) = self.answer(orders.as_deref_mut()) {
                return Followed::Done(end);
            }
            self.flush().await;
        }
    }

    /// Takes what the program wrote before it is asked to end.
    pub(super) fn take_waiting(&mut self, program: &mut Program) {
        for _ in 0..READS_BEFORE_STOP {
            let Some(source) = program.read_waiting(&mut self.buffer) else { return };
            self.take(source, program);
        }
    }

    /// After the leader ended: reads the rest, ends what it left behind, empties the channel.
    pub(super) async fn settle(&mut self, program: &mut Program) {
        let patience = match self.stop.asked() {
            Some(Ending::Kill) => Duration::ZERO,
            // Who was asked to end may use the grace to do so, also when its leader was faster.
            Some(Ending::Terminate) if !program.kin().is_gone() => self.submission.grace,
            _ => PATIENCE,
        };
        if !self.outlast(program, patience).await {
            self.remove_leftovers(program).await;
        }
        while program.channel().is_some_and(|channel| channel.read_waiting(&mut self.buffer)) {
            self.take(Source::Channel, program);
            self.flush().await;
        }
        self.close_channel(program);
    }

    /// Reads until the outputs are closed and waits until the kin is gone, but no longer than
    /// `patience`. A request to kill ends the wait. The answer is whether the kin is gone.
    async fn outlast(&mut self, program: &mut Program, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut asked = self.stop.asked();
        loop {
            let wrote = tokio::select! {
                biased;
                ending = self.stop.stronger_than(asked) => {
                    asked = Some(ending);
                    program.kin().end(ending);
                    continue;
                }
                wrote = timeout_at(deadline, program.rest(&mut self.buffer)) => wrote,
            };
            match wrote {
                Ok(Some(stream)) => self.take(Source::Output(stream), program),
                Ok(None) | Err(_) => break,
            }
            self.flush().await;
        }
        while !program.kin().is_gone() {
            if asked == Some(Ending::Kill) || Instant::now() >= deadline {
                return false;
            }
            sleep(LOOK).await;
            asked = self.stop.asked();
        }
        true
    }

    /// Kills what is left, waits until it is gone, and reads what it wrote.
    async fn remove_leftovers(&mut self, program: &mut Program) {
        let kin = program.kin();
        let survivors = kin.survivors();
        let deadline = Instant::now() + REMOVAL;
        // Again and again: what starts processes faster than they are found is found in the end.
        kin.end(Ending::Kill);
        while !kin.is_gone() && Instant::now() < deadline {
            sleep(LOOK).await;
            kin.end(Ending::Kill);
        }
        // After a kill, members that are still dying are nothing to tell.
        let is_news = self.stop.asked() != Some(Ending::Kill) || !kin.is_gone();
        if survivors.count > 0 && is_news {
            self.batch.push(JobReport::Note(leftovers(&survivors, kin.is_gone())));
        }
        let _ = self.outlast(program, PATIENCE).await;
    }

    /// Ends the last line of the channel.
    fn close_channel(&mut self, program: &mut Program) {
        let Some(channel) = program.channel() else { return };
        let too_long = channel.finish(|line| self.session.event_line(line, &mut self.batch));
        if too_long > 0 {
            self.batch.push(JobReport::Note(format!(
                "{too_long} events were longer than 1 MiB and were left out"
            )));
        }
    }

    /// Keeps what is in the buffer, shows it, and feeds it to the session.
    fn take(&mut self, source: Source, program: &mut Program) {
        let Self { capture, session, batch, buffer, .. } = self;
        session.clock(self.began.elapsed());
        self.silence.broken();
        match source {
            Source::Output(stream) => {
                capture.take(stream, buffer, batch);
                session.output(stream, buffer, batch);
            }
            Source::Channel => {
                self.has_heard = true;
                if let Some(channel) = program.channel() {
                    channel.take(buffer, |line| session.event_line(line, batch));
                }
            }
        }
    }

    /// Hands the report files to the session.
    async fn read_reports(&mut self, patterns: Vec<String>, search: Search) {
        let read = tokio::task::spawn_blocking(move || report_files::read(&patterns, &search));
        let Ok(found) = read.await else {
            self.batch.push(JobReport::Note("reading the report files broke off".to_owned()));
            return;
        };
        self.batch.extend(found.problems.into_iter().map(JobReport::Note));
        for (path, content) in found.files {
            self.session.report_file(&path, &content, &mut self.batch);
            self.flush().await;
        }
    }

    /// Sends what there is to report. Waits when the reader is behind.
    async fn flush(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let (job, attempt) = (self.submission.job, self.submission.attempt);
        bound_texts(&mut self.batch, self.submission.rules.test_output_limit);
        let batch = self.batch.drain(..).map(|report| (job, attempt, report)).collect();
        // Without a reader the run is over; the attempt still ends in good order.
        let _ = self.reports.send(batch).await;
    }
}

/// Waits until what is watched is over a limit that nobody else holds; for ever, when it is not.
async fn memory_is_short(watched: Option<&Watched<'_>>) {
    match watched {
        Some(watched) => watched.over().await,
        None => std::future::pending().await,
    }
}

/// What the layer file says of the category beats what every job gets.
fn environment<'a>(submission: &'a Submission, shared: &'a Shared) -> Environment<'a> {
    let layers = submission.env.iter().map(|layer| &**layer).chain([&*submission.spec.env]);
    Environment::of(&shared.common, layers.collect())
}

/// The end of an attempt whose last program ended like this; its duration is not known here.
fn conclusion(ended: Option<ProcessEnd>, problem: Option<String>) -> JobEnd {
    let end = ended.unwrap_or_else(|| ProcessEnd::NotStarted("no program was started".to_owned()));
    JobEnd {
        end,
        problem,
        nothing_to_run: false,
        duration: Duration::ZERO,
        peak_memory_mb: None,
        cpu_time: None,
        out_of_memory: None,
    }
}

fn leftovers(survivors: &Survivors, are_gone: bool) -> String {
    let processes = survivors.describe();
    if are_gone {
        format!("the program ended and left {processes} behind; killed")
    } else {
        format!(
            "the program ended and left {processes} behind, and not all of it could be killed \
             within {} seconds; look for it with `ps`",
            REMOVAL.as_secs()
        )
    }
}
