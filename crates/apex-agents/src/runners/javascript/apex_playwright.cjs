// Tells Apex what Playwright Test does: one JSON line per event.
'use strict';

const { Channel, Numbers, bounded, described, firstLine, shown, whole } =
  require('./apex_channel.cjs');

const OUTCOMES = { passed: 'passed', failed: 'failed', timedOut: 'timed_out', skipped: 'skipped' };

const text = (chunks) => chunks.map(String).join('');

// The test itself, its group, …, its file, its project, the root.
const ancestors = (test) => {
  const suites = [];
  for (let one = test.parent; one; one = one.parent) suites.unshift(one);
  return suites;
};

class ApexReporter {
  channel = new Channel();
  known = new Map();
  problems = [];

  constructor() {
    delete process.env.APEX_EVENTS;
    delete process.env.PW_TEST_REPORTER;
  }

  printsToStdio() {
    return false;
  }

  onBegin(_config, root) {
    const numbers = new Map();
    const tests = root.allTests().map((test) => {
      const file = shown(test.location.file);
      if (!numbers.has(file)) numbers.set(file, new Numbers());
      const where = { file, titles: numbers.get(file).next(this.titles(test)) };
      this.known.set(test.id, where);
      return { ...where, line: test.location.line };
    });
    this.channel.tell('found', { tests });
  }

  titles(test) {
    const suites = ancestors(test);
    const project = suites.find((one) => one.type === 'project')?.title;
    const groups = suites.filter((one) => one.type === 'describe').map((one) => one.title);
    return [...(project ? [`[${project}]`] : []), ...groups.filter(Boolean), test.title];
  }

  where(test) {
    return this.known.get(test.id) ?? { file: shown(test.location.file), titles: this.titles(test) };
  }

  onTestBegin(test) {
    this.channel.tell('start', this.where(test));
  }

  // Only the last attempt ends a test.
  onTestEnd(test, result) {
    const isDone = result.status === 'skipped' || result.status === test.expectedStatus;
    const isInterrupted = result.status === 'interrupted';
    if (!isDone && !isInterrupted && result.retry < test.retries) return;
    if (isInterrupted) return;
    this.channel.tell('end', { ...this.where(test), ...this.end(test, result) });
  }

  end(test, result) {
    const verdict = test.outcome();
    const failed = [...test.results].reverse().find((one) => one.error);
    const outcome = {
      flaky: () => 'flaky',
      expected: () => 'passed',
      skipped: () => this.skip(test),
      unexpected: () => (result.status === 'passed' ? 'failed' : OUTCOMES[result.status] ?? 'errored'),
    }[verdict]();
    const told = verdict === 'expected' || !failed ? {} : described(failed.error);
    return {
      outcome,
      milliseconds: result.duration,
      message: this.reason(test, result) || (told.message ?? '').replace(/^Error: /, ''),
      details: told.details ?? '',
      output: outcome === 'passed' ? '' : bounded(text(result.stdout) + text(result.stderr)),
    };
  }

  skip(test) {
    return test.annotations.some((one) => one.type === 'fixme') ? 'todo' : 'skipped';
  }

  reason(test, result) {
    if (test.outcome() === 'unexpected' && result.status === 'passed') {
      return 'it was expected to fail, and passed';
    }
    const notes = test.annotations.filter((one) => one.type === 'skip' || one.type === 'fixme');
    return test.outcome() === 'skipped' ? notes.map((one) => one.description ?? '').join(' ').trim() : '';
  }

  // An error that belongs to no test: a file that cannot be loaded, a global set-up.
  onError(error) {
    const told = described(error);
    const file = error.location?.file ?? whole(error.message).match(/\bat (\S+?):\d+/)?.[1];
    if (/^Error: No tests found/.test(whole(error.message))) return;
    if (/^Error: No tests found/.test(firstLine(error.stack))) return;
    this.channel.tell('unhandled', { file: file ? shown(file) : '', ...told });
  }

  onEnd(result) {
    const message = result.status === 'timedout' ? 'Playwright reached its globalTimeout' : '';
    this.channel.tell('finished', { message });
  }
}

module.exports = ApexReporter;
