// The configuration of the project for mocha, but for the files: those of a configuration would run
// beside the ones that are asked for.
'use strict';

const { createRequire } = require('node:module');
const { join } = require('node:path');

const { loadPkgRc, loadRc } = createRequire(join(process.cwd(), 'x.js'))('mocha/lib/cli/options');

const { spec, ...configured } = { ...(loadPkgRc({}) || {}), ...(loadRc({}) || {}) };

module.exports = configured;
