//! Events without secrets: every text in them that is not Apex's own.

use std::borrow::Cow;
use std::sync::Arc;

use apex_core::event::{
    AgentEvent, CategoryEvent, JobEvent, LayerEvent, OutputEvent, ProcessEnd, RunEvent,
    ServiceEvent, TestEvent,
};
use apex_core::test_case::{Failure, TestCase};
use apex_core::{Event, Plan};

use super::Mask;

impl Mask {
    /// The event without secrets, with this plan in place of its own where it carries one. Text
    /// that programs wrote is expected to have gone through a [`super::MaskedStream`] before: here
    /// it is cut already.
    #[must_use]
    pub fn event(&self, mut event: Event, plan: &Arc<Plan>) -> Event {
        if !self.is_empty() {
            self.mend(&mut event, plan);
        }
        event
    }

    fn mend(&self, event: &mut Event, plan: &Arc<Plan>) {
        match event {
            Event::Run(RunEvent::Started(started)) => started.plan = Arc::clone(plan),
            Event::Run(RunEvent::Finished(result)) => {
                result.internal_error.iter_mut().for_each(|text| self.mend_text(text));
            }
            Event::Layer(
                _,
                LayerEvent::Stopped { reason } | LayerEvent::Finished { reason, .. },
            )
            | Event::Category(_, CategoryEvent::Finished { reason, .. })
            | Event::Job(_, JobEvent::Finished { reason, .. })
            | Event::Job(
                _,
                JobEvent::AttemptFinished { end: ProcessEnd::NotStarted(reason), .. },
            )
            | Event::Output(_, OutputEvent::Text { text: reason, .. })
            | Event::Warning(reason) => self.mend_text(reason),
            Event::Test(_, test) => self.mend_test(test),
            Event::Service(_, service) => self.mend_service(service),
            Event::Agent(
                AgentEvent::Failed { reason, .. } | AgentEvent::Restarted { reason, .. },
            ) => self.mend_text(reason),
            Event::Run(_)
            | Event::Layer(..)
            | Event::Category(..)
            | Event::Job(..)
            | Event::Output(..)
            | Event::Agent(_)
            | Event::Resources(_) => {}
        }
    }

    fn mend_test(&self, event: &mut TestEvent) {
        match event {
            TestEvent::Discovered { cases, .. } => {
                cases.iter_mut().for_each(|case| self.mend_case(case));
            }
            TestEvent::Finished { failure: Some(failure), .. } => {
                let Failure { message, details, output } = &mut **failure;
                [message, details, output].into_iter().for_each(|text| self.mend_text(text));
            }
            TestEvent::Started { .. }
            | TestEvent::Slow { .. }
            | TestEvent::Finished { failure: None, .. }
            | TestEvent::Settled { .. } => {}
        }
    }

    fn mend_case(&self, case: &mut TestCase) {
        let TestCase { id, suite, name, file, .. } = case;
        for text in [id, suite, name].into_iter().chain(file) {
            if let Cow::Owned(masked) = self.text(text) {
                *text = masked.into();
            }
        }
    }

    fn mend_service(&self, event: &mut ServiceEvent) {
        match event {
            ServiceEvent::Preparing { what: text }
            | ServiceEvent::Lost { reason: text }
            | ServiceEvent::Failed { reason: text } => self.mend_text(text),
            ServiceEvent::Ready { addresses } => {
                addresses.iter_mut().for_each(|(_, address)| self.mend_text(address));
            }
            ServiceEvent::Starting | ServiceEvent::Stopped => {}
        }
    }

    fn mend_text(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.text(text) {
            *text = masked;
        }
    }
}
