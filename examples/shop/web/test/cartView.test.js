import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { renderCart } from '../src/cartView.js';

describe('the cart', () => {
  it('says so when it is empty', () => {
    assert.match(renderCart([]), /empty/);
  });

  it('shows quantity, product and price of a line', () => {
    const html = renderCart([{ product: 'apple', quantity: 2, cents: 80 }]);
    assert.equal(html, '<ul><li>2 × apple: 0.80</li></ul>');
  });

  it('escapes names that look like markup', () => {
    const html = renderCart([{ product: '<b>', quantity: 1, cents: 1 }]);
    assert.ok(!html.includes('<b>'));
  });
});
