import { formatCents } from './money.js';

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escape(text) {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character]);
}

/** The cart as a list in HTML; every line is {product, quantity, cents}. */
export function renderCart(lines) {
  if (lines.length === 0) {
    return '<p>Your cart is empty.</p>';
  }
  const items = lines.map(
    ({ product, quantity, cents }) =>
      `<li>${quantity} × ${escape(product)}: ${formatCents(cents)}</li>`,
  );
  return `<ul>${items.join('')}</ul>`;
}
