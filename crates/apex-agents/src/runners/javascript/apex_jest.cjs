// Tells Apex what jest does: one JSON line per event. Beside it work the reporters that the
// project configures, which the command line would otherwise replace.
'use strict';

const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { resolve } = require('node:path');
const { Channel, Numbers, bounded, described, firstLine, forward, shown, whole } =
  require('./apex_channel.cjs');

const OUTCOMES = { passed: 'passed', failed: 'failed', todo: 'todo' };

const TIMEOUT = /Exceeded timeout of \d+ ?ms/;

// The configuration as the user wrote it: what jest hands to reporters has ours only.
const configuredReporters = async (rootDir) => {
  const fromJest = createRequire(require.resolve('jest', { paths: [process.cwd()] }));
  const fromCore = createRequire(fromJest.resolve('@jest/core'));
  const { readInitialOptions } = fromCore('jest-config');
  const { config } = await readInitialOptions(undefined, { packageRootOrConfig: process.cwd() });
  return { names: config.reporters ?? [], requireFromRoot: createRequire(resolve(rootDir, 'x.js')) };
};

// Built-in ones are named on the command line already.
const BUILT_IN = ['default', 'verbose', 'summary', 'github-actions', 'agent'];

const reportersOfProject = async (globalConfig, context) => {
  try {
    const { names, requireFromRoot } = await configuredReporters(globalConfig.rootDir);
    return names
      .map((entry) => (Array.isArray(entry) ? entry : [entry, {}]))
      .filter(([name]) => !BUILT_IN.includes(name))
      .map(([name, options]) => {
        const loaded = requireFromRoot(name.replace(/^<rootDir>/, globalConfig.rootDir));
        return new (loaded.default ?? loaded)(globalConfig, options ?? {}, context);
      });
  } catch (error) {
    console.error(`the reporters of this project were not loaded: ${error?.message ?? error}`);
    return [];
  }
};

// Whether a failed test of this file may be tried again by jest itself: then its end is told only
// when its file has ended.
const mayRetry = (test) => {
  const { config } = test.context;
  const files = [test.path, ...(config.setupFiles ?? []), ...(config.setupFilesAfterEnv ?? [])];
  return files.some((file) => {
    try {
      return readFileSync(file, 'utf8').includes('retryTimes');
    } catch {
      return false;
    }
  });
};

// One test file at work.
class File {
  numbers = new Numbers();
  // Tests that began and were not told to have ended: names → titles as told.
  open = new Map();
  told = new Set();
  // What failed first in tests that are tried again.
  causes = new Map();

  constructor(test) {
    const project = test.context?.config?.displayName?.name;
    this.name = shown(test.path);
    this.prefix = project ? [`[${project}]`] : [];
    this.retries = mayRetry(test);
  }

  key(result) {
    return JSON.stringify([...result.ancestorTitles, result.title]);
  }

  titles(result) {
    return [...this.prefix, ...result.ancestorTitles, result.title];
  }

  hold(result) {
    const key = this.key(result);
    if (!this.causes.has(key)) this.causes.set(key, result);
  }

  begin(info) {
    const key = this.key(info);
    if (!this.open.has(key)) this.open.set(key, this.numbers.next(this.titles(info)));
    return this.open.get(key);
  }
}

class ApexReporter {
  channel = new Channel();
  files = new Map();
  others = [];

  constructor(globalConfig, _options, context) {
    delete process.env.APEX_EVENTS;
    this.globalConfig = globalConfig;
    this.context = context;
  }

  async onRunStart(...values) {
    this.others = await reportersOfProject(this.globalConfig, this.context);
    await forward(this.others, ['onRunStart'], values);
  }

  async onTestFileStart(test) {
    const file = new File(test);
    this.files.set(test.path, file);
    this.channel.tell('file', { file: file.name });
    await forward(this.others, ['onTestFileStart', 'onTestStart'], [test]);
  }

  async onTestCaseStart(test, info) {
    const file = this.files.get(test.path);
    this.channel.tell('start', { file: file.name, titles: file.begin(info) });
    await forward(this.others, ['onTestCaseStart'], [test, info]);
  }

  async onTestCaseResult(test, result) {
    const file = this.files.get(test.path);
    if (file.retries && result.status === 'failed') file.hold(result);
    else this.end(file, result);
    await forward(this.others, ['onTestCaseResult'], [test, result]);
  }

  end(file, result) {
    const key = file.key(result);
    const titles = file.begin(result);
    file.open.delete(key);
    file.told.add(JSON.stringify(titles));
    this.tell(file, titles, result);
  }

  tell(file, titles, result) {
    const { failureMessages } = file.causes.get(file.key(result)) ?? result;
    const texts = (failureMessages ?? []).map(whole);
    const isTimeout = result.status === 'failed' && texts.some((text) => TIMEOUT.test(text));
    const wasRetried = result.status === 'passed' && (result.invocations ?? 1) > 1;
    const outcome = OUTCOMES[result.status] ?? 'skipped';
    this.channel.tell('end', {
      file: file.name,
      titles,
      line: result.location?.line ?? null,
      outcome: wasRetried ? 'flaky' : isTimeout ? 'timed_out' : outcome,
      milliseconds: result.duration ?? null,
      message: firstLine(texts[0] ?? '').replace(/^(Error: )?(thrown: ")?/, ''),
      details: bounded(texts.join('\n\n')),
    });
  }

  async onTestFileResult(test, result, aggregated) {
    const file = this.files.get(test.path) ?? new File(test);
    const numbers = new Numbers();
    for (const one of result.testResults) {
      const titles = numbers.next(file.titles(one));
      if (!file.told.has(JSON.stringify(titles))) this.tell(file, titles, one);
    }
    this.channel.tell('file_end', { file: file.name, ...this.breakage(result) });
    const values = [test, result, aggregated];
    await forward(this.others, ['onTestFileResult', 'onTestResult'], values);
  }

  // What is wrong with a file beyond its tests: it could not be loaded, or a hook of all failed.
  breakage(result) {
    const error = result.testExecError;
    if (error) {
      // The text for people names the place and has the code frame.
      const told = described(error);
      return { message: told.message, details: bounded(result.failureMessage ?? told.details) };
    }
    const hasFailed = result.testResults.some((one) => one.status === 'failed');
    if (!result.failureMessage || hasFailed) return {};
    const lines = whole(result.failureMessage).split('\n').map((line) => line.trim());
    const said = lines.find((line) => line && !line.startsWith('●')) ?? '';
    return { message: firstLine(said), details: bounded(result.failureMessage) };
  }

  async onRunComplete(...values) {
    await forward(this.others, ['onRunComplete'], values);
    const { runExecError, wasInterrupted } = values[1];
    const error = runExecError ? described(runExecError).message : '';
    this.channel.tell('finished', { message: wasInterrupted ? 'jest was interrupted' : error });
  }
}

module.exports = ApexReporter;
