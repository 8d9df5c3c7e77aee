import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatCents } from '../src/money.js';

for (const [cents, text] of [[0, '0.00'], [5, '0.05'], [1234, '12.34'], [-70, '-0.70']]) {
  test(`${cents} cents are written ${text}`, () => {
    assert.equal(formatCents(cents), text);
  });
}
