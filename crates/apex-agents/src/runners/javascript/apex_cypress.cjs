// Tells Apex what Cypress does: one JSON line per event. Cypress makes one such reporter for each
// spec file, in its own process, and feeds it as mocha would.
'use strict';

const { Channel, Numbers, described } = require('./apex_channel.cjs');

class ApexReporter {
  channel = new Channel();
  numbers = new Numbers();
  known = new Map();
  first = new Map();

  constructor(runner) {
    this.runner = runner;
    runner.on('start', () => this.begin());
    runner.on('test', (test) => this.tell('start', test, {}));
    runner.on('retry', (test, error) => this.retry(test, error ?? test.err));
    runner.on('pass', (test) => this.pass(test));
    runner.on('pending', (test) => this.tell('end', test, { outcome: 'skipped' }));
    runner.on('fail', (test, error) => this.fail(test, error ?? test.err));
    runner.on('end', () => this.channel.tell('file_end', { file: this.file() }));
  }

  // Paths of specs are relative to the project already.
  file() {
    const { file, suites } = this.runner.suite ?? {};
    return file || suites?.find((one) => one.file)?.file || '';
  }

  begin() {
    this.channel.tell('file', { file: this.file() });
  }

  titles(test) {
    if (test.titlePath) return test.titlePath();
    const titles = [test.title];
    for (let one = test.parent; one && !one.root; one = one.parent) titles.unshift(one.title);
    return titles;
  }

  // Attempts of one test are different objects with the same identity.
  key(test) {
    return test.id ?? JSON.stringify(this.titles(test));
  }

  tell(event, test, fields) {
    const key = this.key(test);
    if (!this.known.has(key)) this.known.set(key, this.numbers.next(this.titles(test)));
    const milliseconds = test.duration ?? null;
    this.channel.tell(event, { file: this.file(), titles: this.known.get(key), milliseconds, ...fields });
    if (event === 'end' && !test.id) this.known.delete(key);
  }

  retry(test, error) {
    const key = this.key(test);
    if (!this.first.has(key)) this.first.set(key, error);
  }

  pass(test) {
    const first = this.first.get(this.key(test));
    this.tell('end', test, { outcome: first ? 'flaky' : 'passed', ...(first ? described(first) : {}) });
  }

  fail(test, error) {
    const told = described(error);
    const isHook = test.type === 'hook' || Boolean(test.hookName);
    const message = isHook && test.hookName ? `"${test.hookName}" hook: ${told.message}` : told.message;
    this.tell('end', test, { outcome: isHook ? 'errored' : 'failed', ...told, message });
  }
}

module.exports = ApexReporter;
