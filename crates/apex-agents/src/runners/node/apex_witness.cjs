// Tells Apex from inside of the process of a test file which test begins and ends, each at once:
// what Node's own report says of a file is lost when a test ends its process. Node 18 or later.
'use strict';

const path = process.env.APEX_EVENTS;

if (path && process.env.NODE_TEST_CONTEXT?.startsWith('child') && process.argv[1]) {
  const { openSync, realpathSync, writeSync } = require('node:fs');
  const { relative } = require('node:path');
  const { afterEach, beforeEach } = require('node:test');

  // Programs that a test starts have nothing to tell.
  delete process.env.APEX_EVENTS;

  // Several processes write to one pipe: only what is this short arrives in one piece.
  const ATOMIC = 4096;

  const channel = openSync(path, 'a');
  const file = relative(process.cwd(), realpathSync(process.argv[1])).replaceAll('\\', '/');

  const tell = (event, fields) => {
    const line = `${JSON.stringify({ event, file, ...fields })}\n`;
    if (Buffer.byteLength(line) <= ATOMIC) writeSync(channel, line);
  };

  // Before Node 20.16 and 22.3 a test knows neither the groups around it nor how it ended.
  const name = (test) => test.fullName ?? test.name;
  const passed = (test) => (test.fullName === undefined ? null : test.passed ?? null);
  const message = (test) => String(test.error?.cause?.message ?? test.error?.message ?? '');

  beforeEach((test) => tell('begin', { name: name(test) }));
  afterEach((test) =>
    tell('end', {
      name: name(test),
      passed: passed(test),
      error: { message: message(test).split('\n', 1)[0].slice(0, 500) },
    }),
  );
  process.on('exit', (code) => tell('exit', { error: { exitCode: code } }));
}
