// Tells Apex what `node --test` does: one JSON line per event. Node 18 or later, no packages.
//
// Results arrive in report order, so that one stack of names per stream is enough: a parent is
// announced before its children and ends after them. Only leaves are tests; a file or a parent
// that fails for a reason of its own is reported by its own name. That a test begins is told at
// once (`test:dequeue`), in whatever order files are at work.

import { relative } from 'node:path';

const TEXT_LIMIT = 64 * 1024;

const bounded = (text) => {
  const whole = String(text ?? '').toWellFormed?.() ?? String(text ?? '');
  return whole.length <= TEXT_LIMIT
    ? whole
    : `${whole.slice(0, TEXT_LIMIT / 2)}\n... cut by Apex ...\n${whole.slice(-TEXT_LIMIT / 2)}`;
};

const shown = (file) => (file ? relative(process.cwd(), file).replaceAll('\\', '/') : '');

const firstLine = (text) => String(text ?? '').split('\n').find((line) => line.trim())?.trim() ?? '';

// The error that a test threw is the cause of the error that the runner reports.
const described = (error) => {
  const cause = error?.cause;
  const isError = cause !== null && typeof cause === 'object';
  return {
    kind: error?.failureType ?? '',
    message: firstLine(isError ? cause.message ?? cause : cause ?? error?.message).slice(0, 1000),
    details: bounded(isError ? cause.stack ?? cause.message : cause ?? error?.stack),
    exitCode: error?.exitCode ?? null,
    signal: error?.signal ?? null,
  };
};

class Reporter {
  stack = [];
  begun = new Map();
  texts = new Map();

  event(name, fields) {
    return `${JSON.stringify({ event: name, ...fields })}\n`;
  }

  text(data) {
    const file = shown(data.file);
    const before = this.texts.get(file) ?? '';
    this.texts.set(file, (before + data.message).slice(-TEXT_LIMIT));
  }

  start({ name, nesting }) {
    this.stack.length = nesting;
    this.stack[nesting] = { name, children: 0 };
  }

  begin(data) {
    const file = shown(data.file);
    if (shown(data.name) === file) return '';
    const stack = this.begun.get(file) ?? [];
    stack.length = data.nesting;
    stack[data.nesting] = data.name;
    this.begun.set(file, stack);
    const path = stack.slice(0, data.nesting).map((name) => name ?? '');
    return this.event('begin', { file, path, name: data.name, line: data.line ?? null });
  }

  end(data, passed) {
    const entry = this.stack[data.nesting] ?? { name: data.name, children: 0 };
    const parent = this.stack[data.nesting - 1];
    if (parent) parent.children += 1;
    const path = this.stack.slice(0, data.nesting).map((one) => one?.name ?? '');
    this.stack.length = data.nesting;
    const isFile = shown(data.name) === shown(data.file) || data.name === data.file;
    const error = data.details?.error ? described(data.details.error) : null;
    const isGroup = entry.children > 0 || data.details?.type === 'suite';
    if ((isGroup || isFile) && !passed && error?.kind === 'subtestsFailed') return '';
    if (isGroup && (passed || data.skip !== undefined || data.todo !== undefined)) return '';
    return this.event('node', {
      file: shown(data.file),
      path: path.filter((one) => shown(one) !== shown(data.file)),
      name: isFile ? '' : data.name,
      line: isFile ? null : data.line ?? null,
      passed,
      skip: data.skip ?? null,
      todo: data.todo ?? null,
      milliseconds: data.details?.duration_ms ?? 0,
      error,
      output: passed ? '' : this.texts.get(shown(data.file)) ?? '',
      group: isGroup,
    });
  }
}

export default async function* report(source) {
  const reporter = new Reporter();
  for await (const { type, data } of source) {
    if (type === 'test:start') reporter.start(data);
    else if (type === 'test:dequeue') yield reporter.begin(data);
    else if (type === 'test:pass') yield reporter.end(data, true);
    else if (type === 'test:fail') yield reporter.end(data, false);
    else if (type === 'test:stdout' || type === 'test:stderr') reporter.text(data);
  }
  yield reporter.event('finished', { status: 0, text: '' });
}
