// Tells Apex what vitest does: one JSON line per event. Vitest 3 or later.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

// The address of this module may be one that vitest made.
const require = createRequire(import.meta.url);
const { Channel, Numbers, bounded, described, forward, shown } = require('./apex_channel.cjs');

const TIMEOUT = /^(Test|Hook) timed out in \d+ ?ms/;

const OUTPUT_LIMIT = 64 * 1024;

// The hooks of reporters, those of earlier versions included.
const HOOKS = [
  'onTestRunStart', 'onTestRunEnd', 'onTestModuleQueued', 'onTestModuleCollected',
  'onTestModuleStart', 'onTestModuleEnd', 'onTestCaseReady', 'onTestCaseResult',
  'onTestCaseAnnotate', 'onTestCaseArtifactRecord', 'onTestSuiteReady', 'onTestSuiteResult',
  'onHookStart', 'onHookEnd', 'onUserConsoleLog', 'onProcessTimeout', 'onCoverage',
  'onPathsCollected', 'onSpecsCollected', 'onCollected', 'onTaskUpdate', 'onFinished',
];

// The reporters that the project configures: the command line names ours instead.
const reportersOfProject = async (vitest) => {
  const { configFile } = vitest.vite.config;
  if (!configFile || !readFileSync(configFile, 'utf8').includes('reporters')) return [];
  const fromProject = createRequire(configFile);
  const ofVitest = (name) =>
    import(pathToFileURL(createRequire(fromProject.resolve('vitest/package.json')).resolve(name)));
  const { loadConfigFromFile } = await ofVitest('vite');
  const { ReportersMap } = await ofVitest('vitest/node');
  const command = { command: 'serve', mode: vitest.mode ?? 'test' };
  const { config } = (await loadConfigFromFile(command, configFile)) ?? {};
  const entries = [config?.test?.reporters ?? []].flat();
  const made = entries.map(async (entry) => {
    const [reporter, options] = Array.isArray(entry) ? entry : [entry, {}];
    if (typeof reporter !== 'string') return reporter;
    if (reporter === 'default') return null;
    const path = reporter.startsWith('.')
      ? resolve(dirname(configFile), reporter)
      : ReportersMap[reporter] ?? fromProject.resolve(reporter);
    const Made = typeof path === 'string' ? (await import(pathToFileURL(path))).default : path;
    return new Made(options);
  });
  return (await Promise.all(made)).filter(Boolean);
};

const diffed = (error) => {
  const told = described(error);
  return error?.diff ? { ...told, details: bounded(`${told.details}\n\n${error.diff}`) } : told;
};

export default class ApexReporter {
  channel = new Channel();
  titles = new Map();
  output = new Map();

  constructor() {
    delete process.env.APEX_EVENTS;
    for (const hook of HOOKS) {
      const own = this[hook]?.bind(this);
      this[hook] = async (...values) => {
        own?.(...values);
        await forward(await this.others, [hook], values);
      };
    }
  }

  // Vitest takes a file on its command line for a part of names; the files that were asked for
  // are exactly those.
  onInit(vitest) {
    this.others = this.load(vitest);
    for (const project of vitest.projects) {
      const found = project.globTestFiles.bind(project);
      project.globTestFiles = async (filters = []) => {
        const files = await found(filters);
        const wanted = new Set(filters.map((file) => (isAbsolute(file) ? file : resolve(file))));
        const isWanted = (file) => wanted.size === 0 || wanted.has(file);
        return {
          testFiles: files.testFiles.filter(isWanted),
          typecheckTestFiles: files.typecheckTestFiles.filter(isWanted),
        };
      };
    }
  }

  async load(vitest) {
    try {
      const others = await reportersOfProject(vitest);
      await forward(others, ['onInit'], [vitest]);
      return others;
    } catch (error) {
      console.error(`the reporters of this project were not loaded: ${error?.message ?? error}`);
      return [];
    }
  }

  file(module) {
    return shown(module.moduleId);
  }

  names(test) {
    const names = [test.name];
    for (let one = test.parent; one?.type === 'suite'; one = one.parent) names.unshift(one.name);
    return test.project.name ? [`[${test.project.name}]`, ...names] : names;
  }

  where(test) {
    return { file: this.file(test.module), titles: this.titles.get(test.id) ?? this.names(test) };
  }

  onTestModuleQueued(module) {
    this.channel.tell('file', { file: this.file(module) });
  }

  onTestModuleCollected(module) {
    const numbers = new Numbers();
    const tests = [...module.children.allTests()].map((test) => {
      this.titles.set(test.id, numbers.next(this.names(test)));
      return { ...this.where(test), line: test.location?.line ?? null };
    });
    this.channel.tell('found', { tests });
  }

  onTestModuleStart(module) {
    this.channel.tell('file', { file: this.file(module) });
  }

  onTestCaseReady(test) {
    if (test.result().state === 'pending') this.channel.tell('start', this.where(test));
  }

  onUserConsoleLog({ taskId, content }) {
    if (taskId) {
      this.output.set(taskId, ((this.output.get(taskId) ?? '') + content).slice(-OUTPUT_LIMIT));
    }
  }

  onTestCaseResult(test) {
    const { state, errors, note } = test.result();
    const { duration, flaky } = test.diagnostic() ?? {};
    const error = errors?.[0];
    const isTimeout = state === 'failed' && TIMEOUT.test(error?.message ?? '');
    const isTodo = state === 'skipped' && test.options.mode === 'todo';
    const outcome = isTodo ? 'todo' : isTimeout ? 'timed_out' : flaky ? 'flaky' : state;
    this.channel.tell('end', {
      ...this.where(test),
      outcome,
      milliseconds: duration ?? null,
      ...(error ? diffed(error) : { message: note ?? '' }),
      output: outcome === 'passed' ? '' : bounded(this.output.get(test.id)),
    });
    this.output.delete(test.id);
  }

  onTestSuiteResult(suite) {
    this.groupErrors(suite);
  }

  // Errors of a group that its tests do not have: a hook after all of them.
  groupErrors(group) {
    const errors = group.errors();
    const failed = [...group.children.allTests()].some((test) => test.result().state === 'failed');
    if (errors.length > 0 && !failed) {
      this.channel.tell('broken', { file: this.file(group.module ?? group), ...diffed(errors[0]) });
    }
  }

  onTestModuleEnd(module) {
    const [error] = module.errors();
    this.channel.tell('file_end', { file: this.file(module), ...(error ? diffed(error) : {}) });
  }

  onTestRunEnd(modules, errors, reason) {
    for (const error of errors) this.tellUnhandled(error);
    const message = reason === 'interrupted' ? 'vitest was interrupted' : '';
    this.channel.tell('finished', { message });
  }

  tellUnhandled(error) {
    const file = error.VITEST_TEST_PATH ? shown(error.VITEST_TEST_PATH) : '';
    const told = diffed(error);
    const message = [told.message, error.cause?.message].filter(Boolean).join(' ');
    this.channel.tell('unhandled', { file, ...told, message });
  }
}
