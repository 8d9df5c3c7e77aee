//! How categories, layers and the run end when several parts ran them: judged once, over what all
//! parts know, by the rules of every run.

use crate::event::{CategoryEvent, Event, LayerEvent, RunEvent};
use crate::id::{CategoryIx, LayerIx};
use crate::judge::{self, LayerFacts};
use crate::outcome::{Outcome, Verdict};
use crate::plan::CategoryWork;
use crate::time::Moment;

use super::Join;

impl Join {
    /// How much the outcome of a category in a part weighs: what a budget left out by choice
    /// weighs less than whatever happened in other parts.
    pub(super) fn weight(&self, at: usize, category: CategoryIx, outcome: Outcome) -> u8 {
        let layer = self.plan.category(category).layer;
        let is_cut = self.parts[at].is_cut
            || self.layers[layer.position()].is_cut
            || self.categories[category.position()].timed_out;
        if outcome == Outcome::Deferred && !is_cut { judge::LEFT_OUT } else { judge::rank(outcome) }
    }

    /// A part told the end of its share of a category.
    pub(super) fn category_ends(
        &mut self,
        when: Moment,
        category: CategoryIx,
        ending: (u8, Outcome, String),
    ) {
        let book = &mut self.categories[category.position()];
        if book.worst.as_ref().is_none_or(|(weight, ..)| ending.0 > *weight) {
            book.worst = Some(ending);
        }
        book.open = book.open.saturating_sub(1);
        if book.open > 0 {
            return;
        }
        if let Some((_, worst, reason)) = book.worst.take() {
            let (outcome, reason) = judge::category(worst, reason, book.timed_out);
            self.emit(when, Event::Category(category, CategoryEvent::Finished { outcome, reason }));
        }
    }

    /// A part told the end of its share of a layer, and on what its verdict rests.
    pub(super) fn layer_ends(&mut self, when: Moment, layer: LayerIx, facts: &LayerFacts) {
        let book = &mut self.layers[layer.position()];
        book.facts.add_part(facts);
        book.open = book.open.saturating_sub(1);
        if book.open > 0 {
            return;
        }
        let mut facts = std::mem::take(&mut book.facts);
        let counts = &self.view.layers()[layer.position()].counts;
        facts.counts = Outcome::ALL.map(|outcome| counts.of(outcome));
        let criteria = &self.plan.layer(layer).success;
        let (verdict, reason) = judge::layer(&facts, criteria);
        self.result.tests_failed |= verdict == Verdict::Failed
            || (verdict == Verdict::Partial && !criteria.allow_partial_success);
        self.result.environment_failed |= verdict == Verdict::Errored;
        self.emit(when, Event::Layer(layer, LayerEvent::Finished { verdict, reason }));
    }

    /// Every part is over.
    pub(super) fn finish(&mut self) {
        let executed = self.view.counts().executed();
        self.result.nothing_ran = (executed == 0 && !self.is_all_spared()) || self.is_named_empty();
        let result = &self.result;
        let is_red = result.tests_failed
            || result.environment_failed
            || result.budget_exceeded
            || result.skipped
            || result.signal.is_some();
        // A part may have stopped before its later layers because of failures that are few in
        // the whole layer: what did not run then is not green.
        self.result.tests_failed |= !is_red && self.is_any_blocked();
        let result = self.result.clone();
        self.emit(self.now(), Event::Run(RunEvent::Finished(result)));
    }

    fn is_any_blocked(&self) -> bool {
        self.view.layers().iter().any(|layer| {
            layer.progress.ending().is_some_and(|ending| {
                matches!(ending.verdict, Verdict::Blocked | Verdict::Cancelled)
            })
        })
    }

    /// Whether everything that has work was spared.
    fn is_all_spared(&self) -> bool {
        let works = || self.plan.categories.iter().map(|category| &category.work);
        works().any(|work| matches!(work, CategoryWork::Spared { .. }))
            && !works().any(|work| {
                matches!(work, CategoryWork::Jobs { .. } | CategoryWork::Unavailable { .. })
            })
    }

    /// Whether a category that was named without a filter was looked at and has no tests.
    fn is_named_empty(&self) -> bool {
        self.plan.categories.iter().zip(self.view.categories()).any(|(planned, category)| {
            planned.named
                && matches!(planned.work, CategoryWork::Empty { .. })
                && category.progress.ending().is_some_and(|end| end.outcome == Outcome::Empty)
        })
    }
}
