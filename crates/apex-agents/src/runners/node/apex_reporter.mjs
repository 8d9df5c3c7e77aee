// Tells Apex what `node --test` does: one JSON line per event. Node 18 or later, no packages.
//
// Results arrive in report order, so that one stack of names per stream is enough: a parent is
// announced before its children and ends after them. Only leaves are tests; a file or a parent
// that fails for a reason of its own is reported by its own name. What begins is told by the
// processes of the files themselves (`apex_witness.cjs`), over the same pipe: a line that is too
// long to arrive in one piece is sent in parts.

import { openSync, writeSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const TEXT_LIMIT = 64 * 1024;

// What a pipe with several writers takes in one piece, in bytes.
const ATOMIC = 4096;

// Characters of a part: written twice over, each may take two bytes.
const PART = 1900;

const bounded = (text) => {
  const whole = String(text ?? '').toWellFormed?.() ?? String(text ?? '');
  return whole.length <= TEXT_LIMIT
    ? whole
    : `${whole.slice(0, TEXT_LIMIT / 2)}\n... cut by Apex ...\n${whole.slice(-TEXT_LIMIT / 2)}`;
};

const shown = (file) => {
  if (!file) return '';
  // Node 18 names modules by their address.
  const path = file.startsWith('file:') ? fileURLToPath(file) : file;
  return relative(process.cwd(), path).replaceAll('\\', '/');
};

const ascii = (text) =>
  text.replace(/[\u007f-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);

class Channel {
  descriptor = openSync(process.env.APEX_EVENTS, 'a');

  event(event, fields) {
    const line = JSON.stringify({ event, ...fields });
    if (Buffer.byteLength(line) < ATOMIC) {
      this.write(line);
      return;
    }
    const whole = ascii(line);
    for (let at = 0; at < whole.length; at += PART) {
      const isLast = at + PART >= whole.length;
      this.write(JSON.stringify({ event: isLast ? 'last_part' : 'part', part: whole.slice(at, at + PART) }));
    }
  }

  write(line) {
    writeSync(this.descriptor, `${line}\n`);
  }
}

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
  texts = new Map();
  channel = new Channel();

  text(data) {
    const file = shown(data.file);
    const before = this.texts.get(file) ?? '';
    this.texts.set(file, (before + data.message).slice(-TEXT_LIMIT));
  }

  start({ name, nesting }) {
    this.stack.length = nesting;
    this.stack[nesting] = { name, children: 0 };
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
    if ((isGroup || isFile) && !passed && error?.kind === 'subtestsFailed') return;
    if (isGroup && (passed || data.skip !== undefined || data.todo !== undefined)) return;
    this.channel.event('node', {
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
    else if (type === 'test:pass') reporter.end(data, true);
    else if (type === 'test:fail') reporter.end(data, false);
    else if (type === 'test:stdout' || type === 'test:stderr') reporter.text(data);
  }
  reporter.channel.event('finished', { status: 0, text: '' });
}
