// What Apex's reporters for the frameworks of JavaScript share: the pipe, the names, the texts.
// Node 18 or later, no packages. One process writes to the pipe, so that lines may be long.
'use strict';

const { openSync, realpathSync, writeSync } = require('node:fs');
const { relative, resolve } = require('node:path');
const { fileURLToPath } = require('node:url');
const { stripVTControlCharacters } = require('node:util');

const TEXT_LIMIT = 64 * 1024;
const MESSAGE_LIMIT = 1000;

const whole = (text) => {
  const plain = stripVTControlCharacters(String(text ?? ''));
  return plain.toWellFormed?.() ?? plain;
};

const bounded = (text) => {
  const plain = whole(text);
  return plain.length <= TEXT_LIMIT
    ? plain
    : `${plain.slice(0, TEXT_LIMIT / 2)}\n... cut by Apex ...\n${plain.slice(-TEXT_LIMIT / 2)}`;
};

const firstLine = (text) =>
  (whole(text).split('\n').find((line) => line.trim()) ?? '').trim().slice(0, MESSAGE_LIMIT);

// A file as its framework was asked for it: relative to the folder in which it runs.
const shown = (file) => {
  if (!file) return '';
  const path = resolve(String(file).startsWith('file:') ? fileURLToPath(file) : file);
  try {
    return relative(realpathSync(process.cwd()), realpathSync(path)).replaceAll('\\', '/');
  } catch {
    return relative(process.cwd(), path).replaceAll('\\', '/');
  }
};

// An error of whatever kind: the line that says what is wrong, and the whole of it.
const described = (error) => {
  if (error === null || typeof error !== 'object') {
    return { message: firstLine(error), details: bounded(error) };
  }
  const stack = whole(error.stack ?? '');
  const message = whole(error.message ?? error.value ?? error);
  const details = stack.includes(firstLine(message)) ? stack : `${message}\n${stack}`;
  return { message: firstLine(message) || firstLine(stack), details: bounded(details.trimEnd()) };
};

// Tells tests of the same name apart: the second `x` is `x #2`.
class Numbers {
  counts = new Map();

  next(titles) {
    const key = JSON.stringify(titles);
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    return Numbers.numbered(titles, count);
  }

  static numbered(titles, count) {
    return count === 1 ? titles : [...titles.slice(0, -1), `${titles.at(-1)} #${count}`];
  }
}

class Channel {
  descriptor = openSync(process.env.APEX_EVENTS, 'a');

  tell(event, fields) {
    writeSync(this.descriptor, `${JSON.stringify({ event, ...fields })}\n`);
  }
}

// Calls a hook of reporters of the project, the first of these names that each has; what goes wrong
// in them is theirs, and is said.
const forward = async (reporters, hooks, values) => {
  for (const reporter of reporters) {
    const hook = hooks.find((name) => typeof reporter[name] === 'function');
    try {
      if (hook) await reporter[hook](...values);
    } catch (error) {
      console.error(`a reporter of this project failed in ${hook}: ${error?.stack ?? error}`);
    }
  }
};

module.exports = { Channel, Numbers, bounded, described, firstLine, forward, shown, whole };
