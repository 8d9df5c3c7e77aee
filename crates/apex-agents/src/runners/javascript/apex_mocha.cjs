// Tells Apex what mocha does: one JSON line per event. What people read is made by the reporter
// that the project configures, else by mocha's own.
'use strict';

const { existsSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { Channel, Numbers, bounded, described, shown } = require('./apex_channel.cjs');

const OUTPUT_LIMIT = 64 * 1024;

const fromProject = createRequire(join(process.cwd(), 'x.js'));

// The reporter of the project: the command line names ours.
const usualReporter = () => {
  const Mocha = fromProject('mocha');
  const { loadRc, loadPkgRc } = fromProject('mocha/lib/cli/options');
  const configured = { ...(loadPkgRc() || {}), ...(loadRc() || {}) };
  const name = configured.reporter ?? 'spec';
  const known = Mocha.reporters[name];
  const Usual = known ?? fromProject(existsSync(name) ? join(process.cwd(), name) : name);
  const options = configured['reporter-option'] ?? configured.reporterOption ?? {};
  const listed = [options].flat().map((one) => (typeof one === 'string' ? one.split('=') : one));
  const pairs = listed.every(Array.isArray) ? Object.fromEntries(listed) : listed[0];
  return { Usual, options: pairs };
};

// What tests write passes through, and is kept while a test runs.
class Output {
  text = '';

  constructor() {
    for (const stream of [process.stdout, process.stderr]) {
      const write = stream.write;
      stream.write = (chunk, ...rest) => {
        this.text = (this.text + chunk).slice(-OUTPUT_LIMIT);
        return write.call(stream, chunk, ...rest);
      };
    }
  }

  take() {
    const text = this.text;
    this.text = '';
    return text;
  }
}

class ApexReporter {
  channel = new Channel();
  known = new Map();
  ended = new Set();
  attempts = new Map();

  constructor(runner, options) {
    delete process.env.APEX_EVENTS;
    this.output = new Output();
    runner.on('start', () => this.found(runner));
    runner.on('test', (test) => this.start(test));
    runner.on('retry', (test, error) => this.retry(test, error));
    runner.on('pass', (test) => this.pass(test));
    runner.on('fail', (test, error) => this.fail(test, error));
    runner.on('pending', (test) => this.pending(test));
    runner.on('end', () => this.channel.tell('finished', {}));
    // It listens after us, so that what it prints is not taken for the output of a test.
    const { Usual, options: usual } = usualReporter();
    this.usual = new Usual(runner, { ...options, reporterOptions: usual, reporterOption: usual });
  }

  // Calls mocha's own way to wait for a reporter.
  done(failures, callback) {
    if (this.usual.done) this.usual.done(failures, callback);
    else callback(failures);
  }

  found(runner) {
    const numbers = new Map();
    const tests = [];
    runner.suite.eachTest((test) => {
      if (runner._grep && runner._invert === runner._grep.test(test.fullTitle())) return;
      const file = shown(test.file);
      if (!numbers.has(file)) numbers.set(file, new Numbers());
      const where = { file, titles: numbers.get(file).next(test.titlePath()) };
      this.known.set(this.original(test), where);
      tests.push(where);
    });
    this.channel.tell('found', { tests });
    if (runner._opts?.dryRun) this.isListing = true;
  }

  // A test that is tried again is a copy.
  original(test) {
    let one = test;
    while (one._retriedTest) one = one._retriedTest;
    return one;
  }

  where(test) {
    return (
      this.known.get(this.original(test)) ?? { file: shown(test.file), titles: test.titlePath() }
    );
  }

  start(test) {
    if (this.isListing) return;
    this.output.take();
    this.channel.tell('start', this.where(test));
  }

  end(test, fields) {
    if (this.isListing) return;
    const output = fields.outcome === 'passed' ? '' : bounded(this.output.text);
    const milliseconds = test.duration ?? null;
    this.ended.add(this.original(test));
    this.channel.tell('end', { ...this.where(test), milliseconds, output, ...fields });
  }

  retry(test, error) {
    const original = this.original(test);
    if (!this.attempts.has(original)) this.attempts.set(original, error);
  }

  pass(test) {
    const first = this.attempts.get(this.original(test));
    const outcome = test.currentRetry() > 0 ? 'flaky' : 'passed';
    this.end(test, { outcome, ...(first ? described(first) : {}) });
  }

  // Mocha does not tell a test that is left out from one that is not written yet.
  pending(test) {
    this.output.take();
    this.end(test, { outcome: 'skipped' });
  }

  fail(test, error) {
    const told = described(error);
    if (test.type === 'hook') {
      this.hook(test, told);
      return;
    }
    const isTimeout = error?.code === 'ERR_MOCHA_TIMEOUT';
    this.end(test, { outcome: isTimeout ? 'timed_out' : 'failed', ...told });
  }

  // After a hook has failed, no further test of its group runs.
  hook(hook, { message, details }) {
    const told = { message: `${hook.title}: ${message}`, details };
    const lost = [];
    hook.parent.eachTest((test) => {
      if (this.known.has(test) && !this.ended.has(test)) lost.push(test);
    });
    for (const test of lost) this.end(test, { outcome: 'errored', ...told });
    if (lost.length === 0) {
      this.channel.tell('broken', { file: shown(hook.file), ...told });
    }
  }
}

module.exports = ApexReporter;
